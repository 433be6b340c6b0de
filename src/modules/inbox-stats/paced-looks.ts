import { setTimeout as pause } from 'node:timers/promises';

/** A look that took a millisecond is followed by a pause of four. */
const pausesPerLook = 4;

type Turn<Found> = {
  /** The look that has not begun, which everybody shares who comes before it does. */
  next: Promise<Found> | undefined;
  /** Settles with the look that has begun last; never rejects. */
  ended: Promise<void> | undefined;
  /** On the clock of `performance`. */
  pausedUntil: number;
};

/**
 * Lets all who ask at the same time share one look, and spends at most a fifth of the time on looking: after each look its key pauses for four times as
 * long as it took. So a storm of requests costs a bounded share of one connection, whatever a look costs. A quick look makes nobody wait; a slow one
 * makes the next wait, for `longestPauseMs` at most.
 *
 * Invariant: a look begins after each request that it answers has arrived, so no answer is older than its request.
 */
export class PacedLooks<Found> {
  readonly #longestPauseMs: number;
  readonly #turns = new Map<string, Turn<Found>>();

  constructor(longestPauseMs = 2_000) {
    this.#longestPauseMs = longestPauseMs;
  }

  /** What a look gives that begins now or later; `read` is called at most once for all who wait for the same `key`. */
  look(key: string, read: () => Promise<Found>): Promise<Found> {
    let turn = this.#turns.get(key);
    if (!turn) {
      turn = { next: undefined, ended: undefined, pausedUntil: 0 };
      this.#turns.set(key, turn);
      if (this.#turns.size > 10_000) this.#forgetIdle();
    }
    turn.next ??= this.#whenDue(turn, read);
    return turn.next;
  }

  async #whenDue(turn: Turn<Found>, read: () => Promise<Found>): Promise<Found> {
    await turn.ended;
    const pauseMs = turn.pausedUntil - performance.now();
    if (pauseMs > 1) await pause(pauseMs);
    turn.next = undefined;
    const begun = performance.now();
    const end = () => {
      const ended = performance.now();
      turn.pausedUntil = ended + Math.min(pausesPerLook * (ended - begun), this.#longestPauseMs);
    };
    const found = read();
    turn.ended = found.then(end, end);
    return found;
  }

  #forgetIdle(): void {
    const now = performance.now();
    for (const [key, { next, pausedUntil }] of this.#turns) if (!next && pausedUntil > 0 && pausedUntil < now) this.#turns.delete(key);
  }
}
