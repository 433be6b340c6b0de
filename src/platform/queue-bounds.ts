export type QueueLimits = { maxQueuedRows: number; maxQueuedBytes: number };

/** What one owner has in the queue. */
export type Share = { rows: number; bytes: number };

/**
 * Counts the rows and bytes of a queue, and of each owner in it. Invariant: the queue stays within its limits, and an owner within half of
 * them, so that none can shut out the others.
 */
export class QueueBounds {
  readonly #limits: QueueLimits;
  #rows = 0;
  #bytes = 0;
  /** Kept when empty: there are as many as owners, and a row shall not cost an object. */
  readonly #shares = new Map<number, Share>();

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get rows(): number {
    return this.#rows;
  }

  /** The share of an owner; a row without an owner has none, and only the queue's limits hold for it. */
  shareOf(owner: number | undefined): Share | undefined {
    if (owner === undefined) return undefined;
    let share = this.#shares.get(owner);
    if (share === undefined) {
      share = { rows: 0, bytes: 0 };
      this.#shares.set(owner, share);
    }
    return share;
  }

  /** Why there is no room for a row of so many bytes; undefined when there is. */
  refusal(share: Share | undefined, bytes: number): string | undefined {
    const { maxQueuedRows, maxQueuedBytes } = this.#limits;
    if (this.#rows >= maxQueuedRows || this.#bytes + bytes > maxQueuedBytes) return 'the queue is full';
    if (share === undefined) return undefined;
    return share.rows >= maxQueuedRows / 2 || share.bytes + bytes > maxQueuedBytes / 2 ? 'one owner has half of the queue' : undefined;
  }

  enter(share: Share | undefined, bytes: number): void {
    this.#add(share, 1, bytes);
  }

  leave(share: Share | undefined, bytes: number): void {
    this.#add(share, -1, -bytes);
  }

  #add(share: Share | undefined, rows: number, bytes: number): void {
    this.#rows += rows;
    this.#bytes += bytes;
    if (share === undefined) return;
    share.rows += rows;
    share.bytes += bytes;
  }
}
