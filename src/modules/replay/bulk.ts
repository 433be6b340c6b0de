import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Clock } from '../../platform/clock.ts';
import { createIdGenerator } from '../../platform/event-id.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import { createJob } from './job-store.ts';
import { bringBack } from './move-store.ts';
import { bulkLimits } from './schema.ts';
import { selectPortion } from './select-store.ts';
import { type BulkKind, isSparse, type Selection } from './selection.ts';

export type BulkOptions = {
  pool: pg.Pool;
  clock: Clock;
  onMoved(kind: BulkKind, partnerId: number, events: number): void;
  onJob(): void;
};

export type BulkCommand = { kind: BulkKind; selection: Selection; maxPerSecond: number | null; dryRun: boolean };

/** `ids` are the first matches, as many as can be moved at once. */
type Count = { matched: number; countedAll: boolean; ids: string[] };

export type BulkOutcome = Omit<Count, 'ids'> & ({ done: 'counted' } | { done: 'moved'; ids: string[] } | { done: 'queued'; jobId: string });

/** Milliseconds after which a count that has not come to its end is left at what it has found. */
const countMs = 1_000;
/** Rows of one statement of a count: some 50 ms. */
const countRows = 10_000;

/** Redrives and replays of many events: what is few is moved at once, what is more becomes a job. */
export class BulkCommands {
  readonly #options: BulkOptions;
  readonly #nextId: () => string;
  /** By partner, the end of the counts asked for: one at a time, so that nobody can fill the pool with them. */
  readonly #counts = new Map<number, Promise<unknown>>();

  constructor(options: BulkOptions) {
    this.#options = options;
    this.#nextId = createIdGenerator(options.clock);
  }

  /** @throws {ApiError} job_in_progress; the database's error. */
  async run(principal: Principal, command: BulkCommand, now: number): Promise<BulkOutcome> {
    const { pool, onMoved, onJob } = this.#options;
    const { kind, selection, maxPerSecond, dryRun } = command;
    const { partnerId } = principal;
    const floor = expiryFloor(principal, now);
    const { ids, ...count } = await this.#inTurn(partnerId, () => this.#count(partnerId, selection, floor));
    if (dryRun) return { done: 'counted', ...count };
    if (count.countedAll && count.matched <= Math.min(bulkLimits.eventsAtOnce, maxPerSecond ?? bulkLimits.eventsAtOnce)) {
      const sources = 'ids' in selection ? 'dead_lettered' : selection.sources;
      const moved = await bringBack(pool, { partnerId, ids, floor, sources, kind, now });
      if (moved.length > 0) onMoved(kind, partnerId, moved.length);
      return { done: 'moved', ...count, ids: moved };
    }
    const id = this.#nextId();
    const kept = 'ids' in selection ? { ids } : selection;
    const other = await createJob(pool, { partnerId, id, kind, selection: kept, maxPerSecond, ...count, now });
    if (other !== undefined) throw new ApiError('job_in_progress', { members: { job_id: `job_${other}` } });
    onJob();
    return { done: 'queued', ...count, jobId: `job_${id}` };
  }

  async #count(partnerId: number, selection: Selection, floor: string): Promise<Count> {
    const limit = 'ids' in selection || selection.limit === null ? Number.POSITIVE_INFINITY : selection.limit;
    const most = Math.min(limit, bulkLimits.countedMatches);
    const begun = performance.now();
    const ids: string[] = [];
    let matched = 0;
    let position: string | null = null;
    do {
      const matches = Math.min(countRows, most - matched);
      const rows = isSparse(selection) ? countRows : matches;
      const query = { partnerId, selection, position, floor, matches, rows, ids: bulkLimits.eventsAtOnce - ids.length };
      const portion = await selectPortion(this.#options.pool, query);
      matched += portion.matched;
      ids.push(...portion.ids);
      position = portion.position;
    } while (position !== null && matched < most && performance.now() - begun < countMs);
    return { matched, countedAll: position === null || matched === limit, ids };
  }

  #inTurn<Result>(partnerId: number, work: () => Promise<Result>): Promise<Result> {
    const before = this.#counts.get(partnerId) ?? Promise.resolve();
    const result = before.then(work);
    const ended = result.then(
      () => {},
      () => {},
    );
    this.#counts.set(partnerId, ended);
    void ended.then(() => {
      if (this.#counts.get(partnerId) === ended) this.#counts.delete(partnerId);
    });
    return result;
  }
}
