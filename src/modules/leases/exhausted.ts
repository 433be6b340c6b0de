import type pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { buryExhausted, portion } from './exhausted-store.ts';

/** Milliseconds between two looks: for so long an event past its last delivery is neither in the inbox nor among the dead letters for a reader. */
const intervalMs = 1_000;

export type ExhaustedOptions = { pool: pg.Pool; clock: Clock; onMoved(events: number): void; onError(error: unknown): void };

/**
 * Sees to it that an event whose last lease lapses becomes a dead letter, also when nobody receives any more. Every process does so: the index that
 * it reads holds only events on their last delivery, and the statement moves each of them once.
 */
export class ExhaustedSweep {
  readonly #options: ExhaustedOptions;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ExhaustedOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#underWay ??= this.sweep().finally(() => {
        this.#underWay = undefined;
      });
    }, intervalMs).unref();
  }

  /** Moves all there are now. Errors go to `onError`: the next look tries again. */
  async sweep(): Promise<void> {
    const { pool, clock, onMoved, onError } = this.#options;
    try {
      for (let moved = portion; moved === portion && !this.#stopped; ) {
        moved = await buryExhausted(pool, clock());
        if (moved > 0) onMoved(moved);
      }
    } catch (error) {
      onError(error);
    }
  }

  /** Ends the looks, and the one under way after its portion: the rest is the other processes', or the next start's. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#underWay;
  }
}
