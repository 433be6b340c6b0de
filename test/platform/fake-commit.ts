/** One call of the commit: the rows it was given, and how the test ends it. */
export type CommitCall<Row, Result> = {
  rows: Row[];
  attempt: number;
  succeed(results: Result[]): void;
  fail(error: unknown): void;
};

/**
 * A commit in the test's hand: every call waits until the test ends it, and the test awaits calls instead of time.
 * `calls` has all calls so far; `next()` gives each of them once, in order, waiting for those that have not come yet.
 */
export class FakeCommit<Row, Result> {
  readonly calls: CommitCall<Row, Result>[] = [];
  #given = 0;
  #arrived = Promise.withResolvers<void>();

  readonly commit = (rows: Row[], attempt: number): Promise<Result[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result[]>();
    this.calls.push({ rows: [...rows], attempt, succeed: resolve, fail: reject });
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
    return promise;
  };

  async next(): Promise<CommitCall<Row, Result>> {
    for (;;) {
      const call = this.calls[this.#given];
      if (call) {
        this.#given += 1;
        return call;
      }
      await this.#arrived.promise;
    }
  }
}

/** A turn of the event loop: everything that was scheduled with setImmediate before it has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
