/**
 * Writes what was gathered in memory: at every interval at which no write is under way, and whenever it is asked to. Never twice at once. What counts or
 * notes something in a request, and brings it to the database later, stands on it.
 */
export class PeriodicWriter {
  readonly #write: () => Promise<void>;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  /** `write` takes what there is as its first step, before anything asynchronous, and keeps its errors to itself: it must not reject. */
  constructor(write: () => Promise<void>, intervalMs: number) {
    this.#write = write;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    // A write that takes longer than the interval is not followed by the next one at once: the database has trouble enough.
    this.#timer = setInterval(() => void (this.#writing ?? this.flush()), this.#intervalMs).unref();
  }

  /**
   * Resolves when a write that began after the call has ended: what was there at the call has been brought. A write under way, which may have begun before
   * it was there, is waited for; callers who wait together share the next.
   */
  async flush(): Promise<void> {
    if (this.#writing !== undefined) await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  /** Ends the timer and writes what is left to write. */
  stop(): Promise<void> {
    clearInterval(this.#timer);
    return this.flush();
  }
}
