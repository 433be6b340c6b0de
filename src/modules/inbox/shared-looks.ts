/**
 * Lets requests that ask the same at the same time share one look at the database: the waiters of a partner that one event wakes, or workers
 * that poll one inbox. A partner that polls in a storm costs the others one look at a time.
 *
 * Invariant: a look begins after each request that it answers has arrived, so no answer is older than its request. Who comes while a look is
 * under way shares the next one, not that one.
 */
export class SharedLooks<Page> {
  readonly #underWay = new Map<string, { current: Promise<Page>; next: Promise<Page> | undefined }>();

  /** The page of a look that begins now or later; `read` is called at most once for all who wait for the same `key`. */
  look(key: string, read: () => Promise<Page>): Promise<Page> {
    const look = this.#underWay.get(key);
    if (look === undefined) return this.#begin(key, read);
    look.next ??= look.current.then(
      () => this.#begin(key, read),
      () => this.#begin(key, read),
    );
    return look.next;
  }

  #begin(key: string, read: () => Promise<Page>): Promise<Page> {
    const look = { current: read(), next: undefined };
    this.#underWay.set(key, look);
    const end = () => {
      if (this.#underWay.get(key) === look && look.next === undefined) this.#underWay.delete(key);
    };
    look.current.then(end, end);
    return look.current;
  }
}
