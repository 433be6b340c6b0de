import type pg from 'pg';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { bulkLimits } from './schema.ts';
import type { BulkKind, Selection } from './selection.ts';

export type JobStatus = 'queued' | 'running' | 'completed' | 'failed';

/** Times in milliseconds. `countedAll`: `matched` is all there were, and not where counting ended. */
export type Job = {
  id: string;
  kind: BulkKind;
  status: JobStatus;
  matched: number;
  countedAll: boolean;
  moved: number;
  createdAtMs: number;
  startedAtMs: number | null;
  finishedAtMs: number | null;
};

export type NewJob = {
  partnerId: number;
  id: string;
  kind: BulkKind;
  selection: Selection;
  maxPerSecond: number | null;
  matched: number;
  countedAll: boolean;
  now: number;
};

/**
 * Creates a job, unless the partner has one that has not finished; an index sees to it that of two at once one is second.
 * @returns undefined, or the id of the other job.
 */
export async function createJob(pool: pg.Pool, job: NewJob): Promise<string | undefined> {
  const { partnerId, id, kind, selection, maxPerSecond, matched, countedAll, now } = job;
  const values = [partnerId, id, kind, JSON.stringify({ ...selection, countedAll }), maxPerSecond, matched, formatTime(now)];
  for (;;) {
    const created = await pool.query({ name: 'createJob', text: createJobText, values });
    if (created.rowCount === 1) return undefined;
    const other = await pool.query<{ id: string }>({
      name: 'findUnfinishedJob',
      text: `SELECT id FROM bulk_jobs WHERE partner_id = $1 AND status IN ('queued', 'running')`,
      values: [partnerId],
    });
    // None: it has finished since, and there is room now.
    if (other.rows[0]) return other.rows[0].id;
  }
}

const createJobText = `
INSERT INTO bulk_jobs (partner_id, id, kind, selection, max_per_second, matched, created_at, next_at)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $7)
ON CONFLICT (partner_id) WHERE status IN ('queued', 'running') DO NOTHING`;

const ms = (column: string) => `round(extract(epoch FROM ${column}) * 1000)`;

/** A job that has not finished, or not longer ago than jobs are kept. */
export async function findJob(pool: pg.Pool, partnerId: number, id: string, now: number): Promise<Job | undefined> {
  const result = await pool.query<(string | null)[]>({
    name: 'findJob',
    text: findJobText,
    values: [partnerId, id, formatTime(now - bulkLimits.jobKeptSeconds * 1000)],
    rowMode: 'array',
    types: rawText,
  });
  const [row] = result.rows;
  if (!row) return undefined;
  const [kind, status, matched, countedAll, moved, createdAt, startedAt, finishedAt] = row;
  return {
    id,
    kind: kind as BulkKind,
    status: status as JobStatus,
    matched: Number(matched),
    countedAll: countedAll === 'true',
    moved: Number(moved),
    createdAtMs: Number(createdAt),
    startedAtMs: startedAt == null ? null : Number(startedAt),
    finishedAtMs: finishedAt == null ? null : Number(finishedAt),
  };
}

const findJobText = `
SELECT kind, status, matched, selection->>'countedAll', moved, ${ms('created_at')}, ${ms('started_at')}, ${ms('finished_at')}
FROM bulk_jobs WHERE partner_id = $1 AND id = $2 AND (finished_at IS NULL OR finished_at > $3::timestamptz)`;

/** What one turn needs to know of a job. */
export type ClaimedJob = {
  partnerId: number;
  id: string;
  kind: BulkKind;
  selection: Selection;
  maxPerSecond: number | null;
  moved: number;
  position: string | null;
  /** Of the partner, now. */
  retentionMs: number;
  expiredThroughMs: number;
};

/** A job is never due later than this; if it is, the clock that said so was wrong. */
const longestPauseMs = 5_000;

/**
 * Locks the job that has been due for longest, until the transaction of `client` ends. One that another process has locked is in its hands, and is
 * passed over; when that process dies, Postgres ends its transaction and with it the lock.
 */
export async function claimJob(client: pg.ClientBase, now: number): Promise<ClaimedJob | undefined> {
  const result = await client.query<(string | null)[]>({
    name: 'claimJob',
    text: claimJobText,
    values: [formatTime(now), formatTime(now + longestPauseMs)],
    rowMode: 'array',
    types: rawText,
  });
  const [row] = result.rows;
  if (!row) return undefined;
  const [partnerId, id, kind, selection, maxPerSecond, moved, position, retention, expiredThrough] = row;
  return {
    partnerId: Number(partnerId),
    id: id as string,
    kind: kind as BulkKind,
    selection: JSON.parse(selection as string) as Selection,
    maxPerSecond: maxPerSecond == null ? null : Number(maxPerSecond),
    moved: Number(moved),
    position: position as string | null,
    retentionMs: Number(retention) * 1000,
    expiredThroughMs: Number(expiredThrough),
  };
}

const claimJobText = `
SELECT bulk_jobs.partner_id, bulk_jobs.id, kind, selection, max_per_second, moved, position, retention_seconds, ${ms('expired_through')}
FROM bulk_jobs JOIN partners ON partners.id = bulk_jobs.partner_id
WHERE bulk_jobs.status IN ('queued', 'running') AND (next_at <= $1::timestamptz OR next_at > $2::timestamptz)
ORDER BY next_at LIMIT 1 FOR UPDATE OF bulk_jobs SKIP LOCKED`;

/** Milliseconds until a job is due, 0 when one is; undefined when there is none that has not finished. */
export async function jobDueInMs(pool: pg.Pool, now: number): Promise<number | undefined> {
  const result = await pool.query<{ due: string | null }>({
    name: 'jobDueInMs',
    text: `SELECT ${ms('min(next_at)')} AS due FROM bulk_jobs WHERE status IN ('queued', 'running')`,
  });
  const due = result.rows[0]?.due ?? null;
  return due === null ? undefined : Math.max(0, Number(due) - now);
}

export type Progress = { partnerId: number; id: string; moved: number; position: string | null; nextAtMs: number; now: number };

/** Notes what a turn has done, in its transaction. Without a position the job has finished. */
export async function advanceJob(client: pg.ClientBase, { partnerId, id, moved, position, nextAtMs, now }: Progress): Promise<void> {
  await client.query({
    name: 'advanceJob',
    text: advanceJobText,
    values: [partnerId, id, moved, position, formatTime(nextAtMs), formatTime(now)],
  });
}

// What was moved matched: where counting ended early, the number grows with the job, and is complete in the end.
const advanceJobText = `
UPDATE bulk_jobs SET status = CASE WHEN $4::text IS NULL THEN 'completed' ELSE 'running' END, moved = moved + $3::integer,
  position = $4::text, next_at = $5::timestamptz, matched = greatest(matched, moved + $3::integer),
  started_at = coalesce(started_at, $6::timestamptz), finished_at = CASE WHEN $4::text IS NULL THEN $6::timestamptz END
WHERE partner_id = $1 AND id = $2`;

/** Ends a job that cannot go on, for the partner to be able to start another. */
export async function failJob(pool: pg.Pool, partnerId: number, id: string, now: number): Promise<void> {
  await pool.query({
    name: 'failJob',
    text: `UPDATE bulk_jobs SET status = 'failed', finished_at = $3::timestamptz WHERE partner_id = $1 AND id = $2 AND finished_at IS NULL`,
    values: [partnerId, id, formatTime(now)],
  });
}

/** How many jobs have not finished. */
export async function countJobs(pool: pg.Pool): Promise<number> {
  const result = await pool.query<{ jobs: string }>({
    name: 'countJobs',
    text: `SELECT count(*) AS jobs FROM bulk_jobs WHERE status IN ('queued', 'running')`,
  });
  return Number(result.rows[0]?.jobs);
}
