/**
 * Lets what concerns one partner happen one at a time. Claims of one inbox that run side by side each try to lock what the others have locked, row by
 * row: at 16 workers that took twice the time of one claim after the other.
 */
export class Turns {
  readonly #last = new Map<number, Promise<void>>();

  /** Calls `work` when all earlier work of the partner has ended, well or not. */
  take<Result>(partnerId: number, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(partnerId);
    const result = before === undefined ? work() : before.then(work);
    const ended = result.then(
      () => {},
      () => {},
    );
    this.#last.set(partnerId, ended);
    // The last one leaves nothing behind.
    void ended.then(() => {
      if (this.#last.get(partnerId) === ended) this.#last.delete(partnerId);
    });
    return result;
  }
}
