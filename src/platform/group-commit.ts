import { QueueBounds, type QueueLimits, type Share } from './queue-bounds.ts';
import { installedTracing, type Trace } from './tracing.ts';

/**
 * Group commit: rows of many requests go to the database in one statement, and each request is answered when that statement has committed.
 *
 * The way of a row: `submit` puts it at the end of the queue. Whenever rows wait and fewer than `maxInFlight` batches are under way, the next
 * turn of the event loop takes rows from the front, up to `maxBatchRows` and `maxBatchBytes`. There is no timer: while a batch commits,
 * the next one gathers by itself, so the batch grows with the load and a lone row waits for nothing (a timer of 2 ms would triple the
 * median at 1,000 requests a second).
 *
 * Two rows of one identity: while the first is under way, its twins wait in a chain of their own, and the end of one releases the next to the
 * front of the queue. So a thousand twins are looked at once each, and hold up nobody else.
 *
 * How long a row waits: one that is older than `maxRowAgeMs` when its turn comes is refused with RowExpiredError instead of stored, because
 * whoever sent it has given up or should. A row's way thus ends within that age and the time of the batches under way.
 *
 * How a batch ends:
 * - committed: each row gets its own result;
 * - a retryable fault (connection lost, deadlock, shutdown): the same rows again after a pause, with the same ids, so that a commit whose answer
 *   was lost is not repeated; until the oldest row has waited `maxRowAgeMs`, then every row is refused with the fault;
 * - a data fault: one row is to blame and its neighbours are not: every row alone, and only the culprit is refused; but when one of them
 *   has been retried in vain, the rest is refused with its fault, or a database that hangs would cost each of them its time-out;
 * - anything else: every row is refused with it.
 *
 * Invariants: a row is answered exactly once; nothing is answered before its commit; queued rows and bytes are bounded, and of both one
 * `owner` has at most half; two rows with the same `identity` are never in one batch or in two batches at once, and are stored in the order in
 * which they came; the queue holds no reference to a row that has left it.
 */
export type GroupCommitOptions<Row, Result> = QueueLimits & {
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
  /** Whose row it is. An owner has at most half of the queue's rows and bytes, so that none can shut out the others. */
  owner?(row: Row): number;
  maxInFlight: number;
  maxBatchRows: number;
  maxBatchBytes: number;
  /** Milliseconds for which a row may wait for its turn, and for which it is retried. */
  maxRowAgeMs: number;
  now(): number;
  onBatch?(batch: { rows: number; trigger: FlushTrigger }): void;
};

/** Why a batch started: rows came while a connection was free, a batch ended and rows were waiting, or a full batch was waiting. */
export type FlushTrigger = 'idle' | 'completed' | 'full';

/** The queue has no room, or none for this owner. Nothing of the row was stored. */
export class QueueFullError extends Error {
  override name = 'QueueFullError';
}

/** The row's turn did not come within `maxRowAgeMs`. Nothing of it was stored. */
export class RowExpiredError extends Error {
  override name = 'RowExpiredError';
}

/** What became of a row of `submitAll`: its result after the commit, or why it was not stored. */
export type Outcome<Result> = { result: Result; error?: undefined } | { result?: undefined; error: unknown };

/** Who waits for a row, and which of its rows it is. One object serves all rows of a request. */
type Waiter<Result> = { settle(index: number, outcome: Outcome<Result>): void };

type Entry<Row, Result> = {
  row: Row;
  submittedAt: number;
  waiter: Waiter<Result>;
  index: number;
  share: Share | undefined;
  /** Of the request that it came with, if that is recorded. */
  trace: Trace | undefined;
  /** The twin that is released when this one has ended. */
  next: Entry<Row, Result> | undefined;
};

export class GroupCommit<Row, Result> {
  readonly #options: GroupCommitOptions<Row, Result>;
  /** Rows in the order in which they came, from `#head` on; the places before it are empty. */
  #queue: (Entry<Row, Result> | undefined)[] = [];
  #head = 0;
  /** Twins whose turn has come: each holds its identity already, and goes before the queue. */
  readonly #released: Entry<Row, Result>[] = [];
  readonly #bounds: QueueBounds;
  readonly #tracing = installedTracing();
  #inFlight = 0;
  #scheduled = false;
  /** Identities of rows that are under way or released, each with the last of its chain of twins. */
  readonly #busy = new Map<string, Entry<Row, Result>>();
  #drained: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Row, Result>) {
    this.#options = options;
    this.#bounds = new QueueBounds(options);
  }

  /** Rows that wait, twins included. */
  get queuedRows(): number {
    return this.#bounds.rows;
  }

  /** Milliseconds for which the row has waited that is next; 0 when there is none. */
  get oldestQueuedMs(): number {
    const next = this.#released[0] ?? this.#queue[this.#head];
    return next === undefined ? 0 : this.#options.now() - next.submittedAt;
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
    const { name, size, owner, now } = this.#options;
    const bytes = size(row);
    const share = this.#bounds.shareOf(owner?.(row));
    const refusal = this.#bounds.refusal(share, bytes);
    if (refusal !== undefined) {
      waiter.settle(index, { error: new QueueFullError(`${name}: ${refusal}`) });
      return;
    }
    this.#bounds.enter(share, bytes);
    this.#queue.push({ row, submittedAt: now(), waiter, index, share, trace: this.#tracing?.current(), next: undefined });
    this.#schedule('idle');
  }

  /** Resolves when nothing is queued or under way. */
  drain(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #isIdle(): boolean {
    return this.queuedRows === 0 && this.#inFlight === 0;
  }

  #schedule(trigger: FlushTrigger): void {
    if (this.#scheduled || this.#inFlight >= this.#options.maxInFlight) return;
    if (this.#released.length === 0 && this.#head === this.#queue.length) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush(trigger);
    });
  }

  #flush(trigger: FlushTrigger): void {
    const batch = this.#take();
    if (batch.length === 0) {
      this.#tellDrained();
      return;
    }
    this.#inFlight += 1;
    const full = batch.length >= this.#options.maxBatchRows;
    this.#options.onBatch?.({ rows: batch.length, trigger: full ? 'full' : trigger });
    void this.#storeTraced(batch).then(() => {
      this.#inFlight -= 1;
      for (const entry of batch) this.#release(entry);
      this.#schedule('completed');
      this.#tellDrained();
    });
    this.#schedule(trigger);
  }

  #tellDrained(): void {
    if (this.#isIdle()) for (const done of this.#drained.splice(0)) done();
  }

  /** The next batch: released twins, then rows from the front of the queue. A row whose twin is under way joins the chain behind it. */
  #take(): Entry<Row, Result>[] {
    const { name, maxBatchRows, maxBatchBytes, maxRowAgeMs, size, now } = this.#options;
    const batch: Entry<Row, Result>[] = [];
    const expiredBefore = now() - maxRowAgeMs;
    let bytes = 0;
    while (batch.length < maxBatchRows) {
      const released = this.#released.length > 0;
      if (!released && this.#head === this.#queue.length) break;
      const entry = (released ? this.#released[0] : this.#queue[this.#head]) as Entry<Row, Result>;
      const rowBytes = size(entry.row);
      const expired = entry.submittedAt < expiredBefore;
      if (!expired && batch.length > 0 && bytes + rowBytes > maxBatchBytes) break;
      if (released) this.#released.shift();
      else this.#queue[this.#head++] = undefined;
      if (!released && !expired && this.#joinsTwins(entry)) continue;
      this.#bounds.leave(entry.share, rowBytes);
      if (expired) {
        entry.waiter.settle(entry.index, { error: new RowExpiredError(`${name}: waited longer than ${maxRowAgeMs} ms`) });
        if (released) this.#release(entry);
        continue;
      }
      bytes += rowBytes;
      batch.push(entry);
    }
    // One move of what is left per batch at most, and only when much has been taken: shifting row by row would cost more than storing them.
    if (this.#head === this.#queue.length || this.#head > 4_096) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return batch;
  }

  /** Takes the row's identity, if it has one; or, when that is taken, puts the row behind its last twin and says so. */
  #joinsTwins(entry: Entry<Row, Result>): boolean {
    const identity = this.#options.identity?.(entry.row);
    if (identity === undefined) return false;
    const last = this.#busy.get(identity);
    this.#busy.set(identity, entry);
    if (last === undefined) return false;
    last.next = entry;
    return true;
  }

  /** Ends the row's hold on its identity: the next twin has it, or nobody. */
  #release(entry: Entry<Row, Result>): void {
    if (entry.next !== undefined) {
      this.#released.push(entry.next);
      return;
    }
    const identity = this.#options.identity?.(entry.row);
    if (identity !== undefined) this.#busy.delete(identity);
  }

  #storeTraced(batch: Entry<Row, Result>[]): Promise<unknown> {
    if (this.#tracing === undefined) return this.#store(batch);
    const requests = new Set(batch.map(({ trace }) => trace));
    return this.#tracing.batch(this.#options.name, batch.length, requests, () => this.#store(batch));
  }

  /** Stores a batch and settles its rows. Returns the fault when retrying was given up. */
  async #store(batch: Entry<Row, Result>[], firstAttempt = 1): Promise<{ error: unknown } | undefined> {
    const { commit, classify, maxRowAgeMs, now } = this.#options;
    for (let attempt = firstAttempt; ; attempt++) {
      try {
        const results = await commit(
          batch.map(({ row }) => row),
          attempt,
        );
        batch.forEach((entry, index) => {
          entry.waiter.settle(entry.index, { result: results[index] as Result });
        });
        return undefined;
      } catch (error) {
        const fault = classify(error);
        if (fault === 'data' && batch.length > 1) return this.#storeAlone(batch, attempt);
        const pauseMs = Math.min(25 * 2 ** attempt, 400) * (0.5 + Math.random() / 2);
        const oldest = batch.reduce((least, { submittedAt }) => Math.min(least, submittedAt), Number.POSITIVE_INFINITY);
        if (fault !== 'retry' || now() - oldest + pauseMs > maxRowAgeMs) {
          for (const { waiter, index } of batch) waiter.settle(index, { error });
          return fault === 'retry' ? { error } : undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  /** Stores each row of a batch by itself, until one has been retried in vain. `attempt` is that of the batch: an earlier one may have stored it. */
  async #storeAlone(batch: Entry<Row, Result>[], attempt: number): Promise<undefined> {
    let gaveUp: { error: unknown } | undefined;
    for (const entry of batch) {
      if (gaveUp === undefined) gaveUp = await this.#store([entry], attempt);
      else entry.waiter.settle(entry.index, gaveUp);
    }
  }
}
