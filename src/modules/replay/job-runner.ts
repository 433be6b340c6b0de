import type pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import { classifyPostgresError } from '../../platform/postgres.ts';
import { advanceJob, type ClaimedJob, claimJob, failJob, jobDueInMs } from './job-store.ts';
import { bringBack } from './move-store.ts';
import { bulkLimits } from './schema.ts';
import { selectPortion } from './select-store.ts';
import { type BulkKind, isSparse } from './selection.ts';

export type JobRunnerOptions = {
  pool: pg.Pool;
  clock: Clock;
  /** Told of events that are back in their inbox, after the commit. */
  onMoved(kind: BulkKind, partnerId: number, events: number): void;
  onError(error: unknown): void;
};

/** Milliseconds between two looks for jobs that another process has created, or was killed with. */
const lookEveryMs = 1_000;

/** Rows that a turn looks at, at most, for a filter that may match few of them. */
const sparseRows = 5_000;

/**
 * Moves the events of bulk jobs, a portion at a time. Every process runs one of these. Its invariants:
 * - A turn is one transaction: it locks a job, moves a portion and notes how far the job has come. So each event is moved and counted once, by one
 *   process at a time, and a process that dies leaves nothing behind but the work of a turn to be done again by whoever looks next.
 * - Nothing of a job is kept in memory between turns.
 * - Jobs take turns: the one that has been due for longest is next. Without a rate of its own a job is due again at once, but half of the time is left
 *   to the requests.
 */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  #stopping = false;
  #kicked = false;
  #resume: (() => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at once: there is a new job. */
  kick(): void {
    this.#kicked = true;
    this.#resume?.();
  }

  /** Ends after the turn under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#resume?.();
    await this.#loop;
  }

  /**
   * One turn of one job, if one is due and in nobody's hands.
   * @returns whether there was one. @throws the database's error, when the same may succeed later; any other ends the job as failed.
   */
  async turn(): Promise<boolean> {
    const { pool, clock, onMoved, onError } = this.#options;
    const now = clock();
    const client = await pool.connect();
    let job: ClaimedJob | undefined;
    let moved = 0;
    let failure: unknown;
    try {
      await client.query('BEGIN');
      job = await claimJob(client, now);
      if (job) moved = await movePortion(client, job, now);
      await client.query('COMMIT');
      client.release();
    } catch (error) {
      client.release(true); // and with the connection the transaction ends
      if (!job || classifyPostgresError(error) === 'retry') throw error;
      failure = error;
    }
    if (!job) return false;
    if (failure !== undefined) {
      onError(failure);
      await failJob(pool, job.partnerId, job.id, now);
    } else if (moved > 0) onMoved(job.kind, job.partnerId, moved);
    return true;
  }

  async #run(): Promise<void> {
    const { pool, clock, onError } = this.#options;
    while (!this.#stopping) {
      const begun = performance.now();
      let pauseMs = lookEveryMs;
      this.#kicked = false;
      try {
        const dueInMs = await jobDueInMs(pool, clock());
        if (dueInMs === 0 && (await this.turn())) pauseMs = Math.min(performance.now() - begun, lookEveryMs);
        else if (dueInMs !== undefined && dueInMs > 0) pauseMs = Math.min(dueInMs, lookEveryMs);
      } catch (error) {
        onError(error);
      }
      await this.#sleep(pauseMs);
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#stopping || this.#kicked) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#resume = undefined;
  }
}

/** Moves the next portion of a job that is locked, and notes it. Returns how many events were moved. */
async function movePortion(client: pg.ClientBase, job: ClaimedJob, now: number): Promise<number> {
  const { partnerId, id, kind, selection, maxPerSecond, position } = job;
  const left = 'ids' in selection || selection.limit === null ? Number.POSITIVE_INFINITY : selection.limit - job.moved;
  const matches = Math.min(bulkLimits.eventsAtOnce, maxPerSecond ?? Number.POSITIVE_INFINITY, left);
  const floor = expiryFloor(job, now);
  const rows = isSparse(selection) ? sparseRows : matches;
  const portion = await selectPortion(client, { partnerId, selection, position, floor, matches, rows, ids: matches });
  const sources = 'ids' in selection ? 'dead_lettered' : selection.sources;
  const moved = (await bringBack(client, { partnerId, ids: portion.ids, floor, sources, kind, now })).length;
  await advanceJob(client, {
    partnerId,
    id,
    moved,
    position: moved === left ? null : portion.position,
    // At most a second's worth was moved, so that the pause after it is at most a second.
    nextAtMs: now + (maxPerSecond === null ? 0 : Math.ceil((moved * 1000) / maxPerSecond)),
    now,
  });
  return moved;
}
