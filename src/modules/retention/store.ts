import type pg from 'pg';
import { partitionDaysAhead } from '../../platform/migrations.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { inPortions, sweepRows } from './portions.ts';

/** Makes the partitions of the coming days. `now` in milliseconds. */
export async function makePartitions(pool: pg.Pool, now: number): Promise<void> {
  await pool.query('SELECT ensure_partitions($1, $2)', [formatTime(now), partitionDaysAhead]);
}

/** Drops every partition in which nothing can still be visible to anybody; returns the tables' names. */
export async function dropPartitions(pool: pg.Pool, now: number): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT drop_expired_partitions($1::timestamptz - make_interval(secs => (SELECT coalesce(max(retention_seconds), 2592000) FROM partners))) AS name`,
    [formatTime(now)],
  );
  return rows.map(({ name }) => name);
}

/**
 * Takes expired events out of the inboxes, a bounded number at a time, and returns how many. They have been invisible since the millisecond of
 * their expiry: this is housekeeping.
 */
export function sweepInbox(pool: pg.Pool, now: number): Promise<number> {
  return sweep(pool, now, 'inbox', 'id', expiredBefore);
}

/**
 * Deletes the events of partners whose retention is shorter than the longest, for whose sake the partition is kept, or has been; the others' go with
 * the partition.
 */
export function sweepEvents(pool: pg.Pool, now: number): Promise<number> {
  return sweep(pool, now, 'events', 'id', expiredBefore, outlivedByPartition);
}

/** Deletes the acknowledgements of the events that `sweepEvents` deletes. */
export function sweepAcknowledgements(pool: pg.Pool, now: number): Promise<number> {
  return sweep(pool, now, 'acknowledgements', 'id', expiredBefore, outlivedByPartition);
}

/** Deletes idempotency keys whose window is over: the larger of 24 hours and the retention. */
export function sweepIdempotencyKeys(pool: pg.Pool, now: number): Promise<number> {
  return sweep(pool, now, 'idempotency_keys', 'event_id', '$1::timestamptz - make_interval(secs => greatest(86400, retention_seconds))');
}

const expiredBefore = 'greatest($1::timestamptz - make_interval(secs => retention_seconds), expired_through)';

const outlivedByPartition = `(retention_seconds < (SELECT max(retention_seconds) FROM partners)
  OR expired_through > $1::timestamptz - make_interval(secs => retention_seconds))`;

/** `before` is an SQL expression over a row of `partners` and the time $1; none of the texts comes from a request. */
async function sweep(pool: pg.Pool, now: number, table: string, id: string, before: string, which = 'true'): Promise<number> {
  const partners = await pool.query<{ id: number; floor: string }>(
    `SELECT id, uuid_floor(${before}) AS floor FROM partners WHERE ${which}`,
    [formatTime(now)],
  );
  let deleted = 0;
  for (const { id: partnerId, floor } of partners.rows) {
    // Up to the id of the last row of the portion: one range of the index, and no join for the planner to get wrong.
    const text = `DELETE FROM ${table} WHERE partner_id = $1 AND ${id} < $2 AND ${id} <= coalesce(
      (SELECT ${id} FROM ${table} WHERE partner_id = $1 AND ${id} < $2 ORDER BY ${id} OFFSET ${sweepRows - 1} LIMIT 1), $2)`;
    deleted += await inPortions(pool, text, [partnerId, floor]);
  }
  return deleted;
}
