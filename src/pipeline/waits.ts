import type { Wakeups } from '../platform/wakeups.ts';
import { ApiError } from './errors/catalogue.ts';

/** Long polls of one partner at once, of all routes that wait. */
export const maxWaitsPerPartner = 10;

/** Milliseconds between looks that no wake-up asked for: a lost message costs this much and no event. */
const safetyPollMs = 10_000;

/** Milliseconds to the partner's next safety poll: all who wait for one inbox look at the same moment, and so share the look. Partners look apart. */
export function untilSafetyPoll(partnerId: number): number {
  return safetyPollMs - ((performance.now() + partnerId * 97) % safetyPollMs);
}

export type Wait = {
  /**
   * Resolves at a wake-up, at the safety poll or when `dueMs` have passed, but not before `pauseMs`; at once at the deadline, when the client is
   * gone and when the server drains. `dueMs`: when a lease or a delay ends that the last look has seen.
   */
  next(pauseMs: number, dueMs?: number): Promise<void>;
  /** False when there is nothing more to wait for. */
  readonly open: boolean;
  end(): void;
};

/**
 * Long polls. A waiter holds no database connection: it sleeps until a wake-up and then looks. It begins to listen before its first look, so
 * that an event stored between the look and the sleep wakes it.
 */
export class Waits {
  readonly #wakeups: Wakeups;
  readonly #perPartner = new Map<number, number>();
  readonly #endings = new Set<() => void>();
  #draining = false;

  constructor(wakeups: Wakeups) {
    this.#wakeups = wakeups;
  }

  get count(): number {
    return this.#endings.size;
  }

  /**
   * Begins a wait of at most `waitMs`, which `signal` can end early.
   * @throws {ApiError} too_many_waits.
   */
  begin(partnerId: number, waitMs: number, signal: AbortSignal): Wait {
    const others = this.#perPartner.get(partnerId) ?? 0;
    if (others >= maxWaitsPerPartner) {
      throw new ApiError('too_many_waits', { detail: `${others} long polls of this partner are open already.`, retryAfterSeconds: 1 });
    }
    this.#perPartner.set(partnerId, others + 1);
    let open = !this.#draining;
    let woken = false;
    let resume: (() => void) | undefined;
    const wake = () => {
      woken = true;
      resume?.();
    };
    const close = () => {
      open = false;
      wake();
    };
    const stopListening = this.#wakeups.listen(partnerId, wake);
    const deadline = setTimeout(close, waitMs);
    let safetyPoll: NodeJS.Timeout;
    const pollForSafety = () => {
      safetyPoll = setTimeout(() => {
        wake();
        pollForSafety();
      }, untilSafetyPoll(partnerId));
    };
    pollForSafety();
    signal.addEventListener('abort', close, { once: true });
    this.#endings.add(close);
    return {
      get open() {
        return open;
      },
      async next(pauseMs, dueMs) {
        const earliest = performance.now() + pauseMs;
        const due = dueMs === undefined || dueMs > safetyPollMs ? undefined : setTimeout(wake, Math.max(0, dueMs));
        if (!woken) await new Promise<void>((resolve) => (resume = resolve));
        clearTimeout(due);
        const leftMs = earliest - performance.now();
        if (open && leftMs > 0) await new Promise<void>((resolve) => (resume = afterPause(leftMs, () => open, resolve)));
        woken = false;
        resume = undefined;
      },
      end: () => {
        close();
        stopListening();
        clearTimeout(deadline);
        clearTimeout(safetyPoll);
        signal.removeEventListener('abort', close);
        this.#endings.delete(close);
        const left = (this.#perPartner.get(partnerId) ?? 1) - 1;
        if (left === 0) this.#perPartner.delete(partnerId);
        else this.#perPartner.set(partnerId, left);
      },
    };
  }

  /** Ends all waits and lets none begin: their polls are answered with what is there, so that the server can close. */
  drain(): void {
    this.#draining = true;
    for (const close of this.#endings) close();
  }
}

/** Calls `done` when the pause is over; the returned function, called at each wake-up, does so earlier once the wait is no longer open. */
function afterPause(pauseMs: number, isOpen: () => boolean, done: () => void): () => void {
  const timer = setTimeout(done, pauseMs);
  return () => {
    if (isOpen()) return;
    clearTimeout(timer);
    done();
  };
}
