/**
 * Group commit: rows of many requests go to the database in one statement, and each request is answered when that statement has committed.
 *
 * The way of a row: `submit` puts it at the end of the queue. Whenever rows wait and fewer than `maxInFlight` batches are under way, the next
 * turn of the event loop takes rows from the front, up to `maxBatchRows` and `maxBatchBytes`. There is no timer: while a batch commits,
 * the next one gathers by itself, so the batch grows with the load and a lone row waits for nothing (a timer of 2 ms would triple the
 * median at 1,000 requests a second).
 *
 * How a batch ends:
 * - committed: each row gets its own result;
 * - a retryable fault (connection lost, deadlock, shutdown): the same rows again after a pause, with the same ids, so that a commit whose answer
 *   was lost is not repeated; until the oldest row has waited `maxRowAgeMs`, then every row is refused with the fault;
 * - a data fault: one row is to blame and its neighbours are not: every row alone, and only the culprit is refused;
 * - anything else: every row is refused with it.
 *
 * Invariants: a row is answered exactly once; nothing is answered before its commit; queued rows and bytes are bounded; two rows with the same
 * `identity` are never in one batch or in two batches at once.
 */
export type GroupCommitOptions<Row, Result> = {
  /** Names the queue in metrics. */
  name: string;
  /** Stores the rows in one transaction; result i belongs to row i. `attempt` counts from 1. */
  commit(rows: Row[], attempt: number): Promise<Result[]>;
  /** What to do about a failed commit. */
  classify(error: unknown): 'retry' | 'data' | 'bug';
  /** Bytes of a row, for the bounds. */
  size(row: Row): number;
  /** Rows with the same identity are stored one after the other. Undefined: the row has none. */
  identity?(row: Row): string | undefined;
  maxInFlight: number;
  maxBatchRows: number;
  maxBatchBytes: number;
  maxQueuedRows: number;
  maxQueuedBytes: number;
  /** Milliseconds for which a row is retried. */
  maxRowAgeMs: number;
  now(): number;
  onBatch?(batch: { rows: number; trigger: FlushTrigger }): void;
};

/** Why a batch started: rows came while a connection was free, a batch ended and rows were waiting, or a full batch was waiting. */
export type FlushTrigger = 'idle' | 'completed' | 'full';

/** The queue has no room. Nothing of the row was stored. */
export class QueueFullError extends Error {
  override name = 'QueueFullError';
}

/** What became of a row of `submitAll`: its result after the commit, or why it was not stored. */
export type Outcome<Result> = { result: Result; error?: undefined } | { result?: undefined; error: unknown };

/** Who waits for a row, and which of its rows it is. One object serves all rows of a request. */
type Waiter<Result> = { settle(index: number, outcome: Outcome<Result>): void };

type Entry<Row, Result> = { row: Row; submittedAt: number; waiter: Waiter<Result>; index: number };

export class GroupCommit<Row, Result> {
  readonly #options: GroupCommitOptions<Row, Result>;
  #queue: Entry<Row, Result>[] = [];
  #head = 0;
  #queuedBytes = 0;
  #inFlight = 0;
  #scheduled = false;
  readonly #busy = new Set<string>();
  #drained: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Row, Result>) {
    this.#options = options;
  }

  get queuedRows(): number {
    return this.#queue.length - this.#head;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Resolves with the row's result after the commit.
   * @throws {QueueFullError} at once when the queue is full; later, whatever made the commit fail.
   */
  submit(row: Row): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#enqueue(row, 0, {
        settle: (_index, outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.result as Result)),
      });
    });
  }

  /** Resolves when each row has its outcome, in the order of the rows; never rejects. The rows share their commits as those of others do. */
  submitAll(rows: Row[]): Promise<Outcome<Result>[]> {
    if (rows.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const outcomes = new Array<Outcome<Result>>(rows.length);
      let open = rows.length;
      const waiter: Waiter<Result> = {
        settle(index, outcome) {
          outcomes[index] = outcome;
          open -= 1;
          if (open === 0) resolve(outcomes);
        },
      };
      for (let index = 0; index < rows.length; index++) this.#enqueue(rows[index] as Row, index, waiter);
    });
  }

  #enqueue(row: Row, index: number, waiter: Waiter<Result>): void {
    const { name, maxQueuedRows, maxQueuedBytes, size, now } = this.#options;
    const bytes = size(row);
    if (this.queuedRows >= maxQueuedRows || this.#queuedBytes + bytes > maxQueuedBytes) {
      waiter.settle(index, { error: new QueueFullError(`${name}: the queue is full`) });
      return;
    }
    this.#queuedBytes += bytes;
    this.#queue.push({ row, submittedAt: now(), waiter, index });
    this.#schedule('idle');
  }

  /** Resolves when nothing is queued or under way. */
  drain(): Promise<void> {
    if (this.queuedRows === 0 && this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #schedule(trigger: FlushTrigger): void {
    if (this.#scheduled || this.queuedRows === 0 || this.#inFlight >= this.#options.maxInFlight) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush(trigger);
    });
  }

  #flush(trigger: FlushTrigger): void {
    const batch = this.#take();
    if (batch.length === 0) return;
    this.#inFlight += 1;
    const full = batch.length >= this.#options.maxBatchRows;
    this.#options.onBatch?.({ rows: batch.length, trigger: full ? 'full' : trigger });
    void this.#store(batch).then(() => {
      this.#inFlight -= 1;
      for (const { row } of batch) {
        const identity = this.#options.identity?.(row);
        if (identity !== undefined) this.#busy.delete(identity);
      }
      this.#schedule('completed');
      if (this.queuedRows === 0 && this.#inFlight === 0) for (const done of this.#drained.splice(0)) done();
    });
    this.#schedule(trigger);
  }

  /** The next batch from the front of the queue. A row whose twin is under way stays where it is. */
  #take(): Entry<Row, Result>[] {
    const { maxBatchRows, maxBatchBytes, size, identity } = this.#options;
    const batch: Entry<Row, Result>[] = [];
    const held: Entry<Row, Result>[] = [];
    let bytes = 0;
    while (this.#head < this.#queue.length && batch.length < maxBatchRows) {
      const entry = this.#queue[this.#head] as Entry<Row, Result>;
      const rowBytes = size(entry.row);
      if (batch.length > 0 && bytes + rowBytes > maxBatchBytes) break;
      this.#head += 1;
      const twin = identity?.(entry.row);
      if (twin !== undefined && this.#busy.has(twin)) {
        held.push(entry);
        continue;
      }
      if (twin !== undefined) this.#busy.add(twin);
      bytes += rowBytes;
      batch.push(entry);
    }
    // One move of what is left per batch at most, and only when much has been taken: shifting row by row would cost more than storing them.
    if (held.length > 0 || this.#head === this.#queue.length || this.#head > 4_096) {
      this.#queue = held.concat(this.#queue.slice(this.#head));
      this.#head = 0;
    }
    this.#queuedBytes -= bytes;
    return batch;
  }

  async #store(batch: Entry<Row, Result>[]): Promise<void> {
    const { commit, classify, maxRowAgeMs, now } = this.#options;
    const oldest = batch[0]?.submittedAt ?? 0;
    for (let attempt = 1; ; attempt++) {
      try {
        const results = await commit(
          batch.map(({ row }) => row),
          attempt,
        );
        batch.forEach((entry, index) => {
          entry.waiter.settle(entry.index, { result: results[index] as Result });
        });
        return;
      } catch (error) {
        const fault = classify(error);
        if (fault === 'data' && batch.length > 1) {
          for (const entry of batch) await this.#store([entry]);
          return;
        }
        const pauseMs = Math.min(25 * 2 ** attempt, 400) * (0.5 + Math.random() / 2);
        if (fault !== 'retry' || now() - oldest + pauseMs > maxRowAgeMs) {
          for (const { waiter, index } of batch) waiter.settle(index, { error });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }
}
