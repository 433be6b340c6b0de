import type pg from 'pg';
import type { DeadLetterReason } from '../../platform/dead-letters.ts';
import { storedEventSql } from '../../platform/event-json.ts';
import { type EventTypes, typeFilterSql, typeFilterValues } from '../../platform/event-types.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { deadLetterLimits } from './schema.ts';

/** A dead letter; `stored` as platform/event-json.ts has it. Times in milliseconds. */
export type DeadLetterRow = {
  stored: string;
  reason: DeadLetterReason;
  detail: string | null;
  count: number;
  replayed: boolean;
  deadAtMs: number;
};

/** Where a page ends: the next begins behind this one, with older dead letters. */
export type PageEnd = { deadAtMs: number; id: string };

export type DeadLetterQuery = {
  partnerId: number;
  /** Those that died at or before this time have expired. Milliseconds. */
  expiredMs: number;
  before: PageEnd | undefined;
  limit: number;
  reason: DeadLetterReason | undefined;
  types: EventTypes | undefined;
};

/** Bytes around the stored part of a dead letter on a page, at most: id, times, reason, delivery. */
const overheadBytes = 400;

const columns = `${storedEventSql}, reason, detail, deliveries, replayed, round(extract(epoch FROM dead_at) * 1000)`;

type Row = [stored: string, reason: DeadLetterReason, detail: string | null, count: string, replayed: string, deadAt: string];

function readRow([stored, reason, detail, count, replayed, deadAt]: Row): DeadLetterRow {
  return { stored, reason, detail, count: Number(count), replayed: replayed === 't', deadAtMs: Number(deadAt) };
}

/**
 * One page of a partner's dead letters, newest first. It is cut at its size by the lengths of the texts, which Postgres knows without reading them;
 * the first always fits. A byte of `detail` can take six in JSON.
 */
export async function readDeadLetters(pool: pg.Pool, query: DeadLetterQuery): Promise<{ rows: DeadLetterRow[]; hasMore: boolean }> {
  const { partnerId, expiredMs, before, limit, reason, types } = query;
  const values: unknown[] = [
    partnerId,
    formatTime(expiredMs),
    before ? formatTime(before.deadAtMs) : 'infinity',
    before?.id ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    limit,
    reason ?? null,
  ];
  if (types) values.push(...typeFilterValues(types));
  const result = await pool.query<[...Row, found: string]>({
    name: types ? 'readDeadLettersOfTypes' : 'readDeadLetters',
    text: types ? readDeadLettersOfTypesText : readDeadLettersText,
    values,
    rowMode: 'array',
    types: rawText,
  });
  const rows = result.rows.map((row) => readRow(row.slice(0, 6) as Row));
  return { rows, hasMore: Number(result.rows[0]?.[6] ?? 0) > rows.length };
}

function pageText(filter: string): string {
  return `
WITH head AS MATERIALIZED (
  SELECT partner_id, id, dead_at, octet_length(attributes) + octet_length(payload) + 6 * coalesce(octet_length(detail), 0) + ${overheadBytes} AS bytes
  FROM dead_letters
  WHERE partner_id = $1 AND dead_at > $2::timestamptz AND (dead_at, id) < ($3::timestamptz, $4::uuid)
    AND ($6::text IS NULL OR reason = $6::text) ${filter}
  ORDER BY dead_at DESC, id DESC LIMIT $5::integer + 1
), page AS MATERIALIZED (
  SELECT partner_id, id, n FROM (
    SELECT partner_id, id, row_number() OVER newest AS n, sum(bytes) OVER newest AS running FROM head WINDOW newest AS (ORDER BY dead_at DESC, id DESC)
  ) AS sized WHERE n <= $5::integer AND (running <= ${deadLetterLimits.pageBytes - 300} OR n = 1)
)
SELECT ${columns}, (SELECT count(*) FROM head) FROM page JOIN dead_letters USING (partner_id, id) ORDER BY n`;
}

const readDeadLettersText = pageText('');
const readDeadLettersOfTypesText = pageText(`AND ${typeFilterSql(7, 8)}`);

/** One dead letter that died after `expiredMs`. */
export async function findDeadLetter(pool: pg.Pool, partnerId: number, id: string, expiredMs: number): Promise<DeadLetterRow | undefined> {
  const result = await pool.query<Row>({
    name: 'findDeadLetter',
    text: `SELECT ${columns} FROM dead_letters WHERE partner_id = $1 AND id = $2 AND dead_at > $3::timestamptz`,
    values: [partnerId, id, formatTime(expiredMs)],
    rowMode: 'array',
    types: rawText,
  });
  const [row] = result.rows;
  return row && readRow(row);
}

/**
 * Deletes a dead letter that died after `expiredMs`, and with it what the history has of the event: whoever throws an event away does not want to find
 * it again.
 * @returns whether there was one.
 */
export async function deleteDeadLetter(pool: pg.Pool, partnerId: number, id: string, expiredMs: number): Promise<boolean> {
  const result = await pool.query({
    name: 'deleteDeadLetter',
    text: deleteDeadLetterText,
    values: [partnerId, id, formatTime(expiredMs)],
  });
  return result.rowCount === 1;
}

const deleteDeadLetterText = `
WITH thrown_away AS (
  DELETE FROM dead_letters WHERE partner_id = $1 AND id = $2 AND dead_at > $3::timestamptz RETURNING id
), forgotten AS (
  DELETE FROM events WHERE partner_id = $1 AND id = $2 AND EXISTS (SELECT FROM thrown_away)
)
SELECT id FROM thrown_away`;
