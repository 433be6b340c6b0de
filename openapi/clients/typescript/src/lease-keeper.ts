import type { Connection } from './api.ts';
import { TriggersError } from './errors.ts';
import type { Keeper, LeasedEvent } from './leased-event.ts';
import { itemError, type SettleItem, settleAll } from './settle.ts';

type AnyEvent = LeasedEvent<unknown>;

/** `lapsesAt`: until when the lease is ours for sure, by performance.now(). */
type Held = { lapsesAt: number; extendable: boolean };

/** Events that one request extends at most. */
const maxExtensions = 500;

export type LeaseKeeperOptions = {
  connection: Connection;
  leaseSeconds: number;
  /** Extending fails for a reason that will not pass: the leases that are held will lapse. */
  onFailure(error: TriggersError): void;
};

/**
 * Extends the leases of the events that a consumer holds, all in one request, when half of the time of the first is over: the other half is for trying
 * again when that fails.
 *
 * Invariants: an event is kept from `keep` until `forget`; one request at a time; the server alone says that a lease is lost, and time alone never
 * does, because a lease that has lapsed is still ours until another worker takes the event.
 */
export class LeaseKeeper implements Keeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leaseMs: number;
  readonly #held = new Map<AnyEvent, Held>();
  #timer: NodeJS.Timeout | undefined;
  #extending: Promise<void> | undefined;
  /** After an attempt that failed: not to be tried again before. */
  #notBefore = 0;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseSeconds * 1000;
  }

  /** @param leftMs milliseconds that are left of the lease. */
  keep(event: AnyEvent, leftMs: number): void {
    this.#held.set(event, { lapsesAt: performance.now() + leftMs, extendable: true });
    this.#schedule();
  }

  forget(event: AnyEvent): void {
    this.#held.delete(event);
    if (this.#held.size === 0) clearTimeout(this.#timer);
  }

  /** Whether nobody else can have the event; asks the server when that is not certain. */
  async isOurs(event: AnyEvent): Promise<boolean> {
    if (this.#isSafe(event)) return true;
    await this.#extending;
    if (this.#held.has(event) && !this.#isSafe(event)) await this.#extendDue();
    return this.#isSafe(event);
  }

  /** Keeps nothing any more. */
  close(): void {
    this.#held.clear();
    clearTimeout(this.#timer);
  }

  #isSafe(event: AnyEvent): boolean {
    return (this.#held.get(event)?.lapsesAt ?? 0) > performance.now();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#extending !== undefined) return; // it schedules when it ends
    const ends = [...this.#held.values()].filter(({ extendable }) => extendable).map(({ lapsesAt }) => lapsesAt);
    if (ends.length === 0) return;
    const first = ends.reduce((least, end) => Math.min(least, end));
    const dueAt = Math.max(first - this.#leaseMs / 2, this.#notBefore);
    this.#timer = setTimeout(() => void this.#extendDue(), Math.max(0, dueAt - performance.now()));
    // Whoever works keeps the process alive; a lease alone shall not.
    this.#timer.unref?.();
  }

  /** What is under way is waited for; else it begins. */
  #extendDue(): Promise<void> {
    this.#extending ??= this.#extend(this.#due()).finally(() => {
      this.#extending = undefined;
      this.#schedule();
    });
    return this.#extending;
  }

  /** A little more than those whose half is over, so that what was received together stays together. */
  #due(): AnyEvent[] {
    const until = performance.now() + 0.6 * this.#leaseMs;
    const due = [...this.#held].filter(([, { extendable, lapsesAt }]) => extendable && lapsesAt <= until);
    return due.map(([event]) => event).slice(0, maxExtensions);
  }

  async #extend(events: AnyEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { connection, leaseSeconds } = this.#options;
    const sentAt = performance.now();
    const settlements = events.map(
      ({ eventId, leaseToken }) => ({ list: 'extend', event_id: eventId, lease_token: leaseToken, lease_seconds: leaseSeconds }) as const,
    );
    try {
      // One attempt that does not take long: what is due at the next may be another list.
      const items = await settleAll(connection, settlements, { maxAttempts: 1, timeoutMs: this.#leaseMs / 4 });
      for (const [index, event] of events.entries()) this.#extended(event, items[index] as SettleItem, sentAt + this.#leaseMs);
    } catch (error) {
      this.#failed(error as TriggersError);
    }
  }

  #extended(event: AnyEvent, item: SettleItem, lapsesAt: number): void {
    const held = this.#held.get(event);
    if (held === undefined) return;
    if (item.status !== 'failed') {
      held.lapsesAt = lapsesAt;
      if (item.lease_expires_at !== undefined) event.leaseExpiresAt = item.lease_expires_at;
    } else if (item.error?.code === 'lease_limit') {
      held.extendable = false;
    } else if (event.settling || item.error?.retryable) {
      // While a settlement is under way, that the lease is gone may be its effect: its own answer tells.
      this.#pause();
    } else {
      event.lose(itemError(item));
    }
  }

  #failed(error: TriggersError): void {
    if (!(error instanceof TriggersError) || error.retryable) {
      this.#pause(error.retryAfterMs);
      return;
    }
    for (const held of this.#held.values()) held.extendable = false;
    this.#options.onFailure(error);
  }

  #pause(atLeastMs = 0): void {
    this.#notBefore = performance.now() + Math.max(atLeastMs, (0.5 + Math.random()) * 0.05 * this.#leaseMs);
  }
}
