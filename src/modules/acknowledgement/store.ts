import type pg from 'pg';
import { buryDying } from '../../platform/dead-letters.ts';
import { leaseLengths } from '../../platform/leases.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';

/** What is to become of an event. `token` is that of a lease, or null where none is needed. */
export type SettleRow = { partnerId: number; id: string; token: string | null } & (
  | { op: 'acknowledge' }
  | { op: 'release'; delaySeconds: number }
  | { op: 'reject'; reason: string | null }
  | { op: 'extend'; leaseSeconds: number }
);

/** What a statement did to a row of the inbox. */
export type Effect = 'acknowledged' | 'buried' | 'updated';

export const rowKey = ({ partnerId, id }: { partnerId: number; id: string }) => `${partnerId} ${id}`;

/** Runs a prepared statement; every value of its rows is the text that Postgres sends. */
export async function run(client: pg.ClientBase, name: string, text: string, values: string[]): Promise<(string | null)[][]> {
  return (await client.query<(string | null)[]>({ name, text, values, rowMode: 'array', types: rawText })).rows;
}

/** The partners, ids and tokens of rows, each as one text, which `keys` takes apart: that costs less than arrays of parameters. */
export function keyTexts(rows: SettleRow[]): [string, string, string] {
  return [rows.map((row) => row.partnerId).join(','), rows.map((row) => row.id).join(','), rows.map((row) => row.token ?? '').join(',')];
}

export const keys = `string_to_array($1, ',')::integer[], string_to_array($2, ',')::uuid[], string_to_array($3, ',', '')::uuid[]`;

/**
 * Takes events out of their inboxes and remembers when, in one statement. A row that is not there, or under another lease than the one named, is
 * left alone.
 * @returns the keys of the rows that were acknowledged.
 */
export async function takeFromInbox(client: pg.ClientBase, rows: SettleRow[], now: number): Promise<Map<string, Effect>> {
  const found = await run(client, 'takeFromInbox', takeFromInboxText, [...keyTexts(rows), formatTime(now)]);
  return new Map(found.map(([partnerId, id]) => [`${partnerId} ${id}`, 'acknowledged']));
}

/** Remembers what `taken` has taken from where it was. $4 is the time. */
export const acknowledgeTaken = `
INSERT INTO acknowledgements (partner_id, id, acknowledged_at, deliveries, lease_token)
SELECT partner_id, id, $4::timestamptz, deliveries, lease_token FROM taken
ON CONFLICT (partner_id, id) DO UPDATE
  SET acknowledged_at = excluded.acknowledged_at, deliveries = excluded.deliveries, lease_token = excluded.lease_token
RETURNING partner_id, id`;

const takeFromInboxText = `
WITH taken AS (
  DELETE FROM inbox USING unnest(${keys}) AS wanted (partner_id, id, token)
  WHERE inbox.partner_id = wanted.partner_id AND inbox.id = wanted.id AND (token IS NULL OR token = lease_token)
  RETURNING inbox.partner_id, inbox.id, deliveries, lease_token
)
${acknowledgeTaken}`;

/**
 * Settles events in every way that there is, in one statement: the rows of the inbox are locked in the order given, those under another lease than
 * the one named are left alone, the others are acknowledged, moved to the dead letters or updated. A release of an event on its last delivery moves it
 * to the dead letters. No two rows may be of the same event; `now` in milliseconds.
 * @returns what was done, by the keys of the rows.
 */
export async function settleRows(client: pg.ClientBase, rows: SettleRow[], now: number): Promise<Map<string, Effect>> {
  const seconds = rows.map((row) => (row.op === 'release' ? row.delaySeconds : row.op === 'extend' ? row.leaseSeconds : 0));
  const found = await run(client, 'settleRows', settleRowsText, [
    ...keyTexts(rows),
    formatTime(now),
    rows.map((row) => row.op).join(','),
    seconds.join(','),
    rows.map((row) => (row.op === 'reject' ? (row.reason ?? '') : '')).join('\x01'),
  ]);
  return new Map(found.map(([partnerId, id, effect]) => [`${partnerId} ${id}`, effect as Effect]));
}

const settleRowsText = `
WITH wanted AS MATERIALIZED (
  SELECT * FROM unnest(${keys}, string_to_array($5, ','), string_to_array($6, ',')::integer[], string_to_array($7, chr(1), ''))
    AS given (partner_id, id, token, op, seconds, detail)
), held AS MATERIALIZED (
  SELECT inbox.partner_id, inbox.id, op, make_interval(secs => seconds) AS span, detail, last_delivery
  FROM wanted JOIN inbox USING (partner_id, id)
  WHERE (token IS NULL OR token = lease_token)
    AND (op <> 'extend' OR coalesce(leased_at, $4::timestamptz) + interval '${leaseLengths.inAll} seconds' >= $4::timestamptz + make_interval(secs => seconds))
  ORDER BY partner_id, id FOR UPDATE OF inbox
), dying AS MATERIALIZED (
  SELECT partner_id, id, CASE op WHEN 'reject' THEN 'rejected' ELSE 'max_deliveries_exceeded' END AS reason, detail
  FROM held WHERE op = 'reject' OR (op = 'release' AND last_delivery)
), ${buryDying('$4::timestamptz')}, taken AS (
  DELETE FROM inbox USING held
  WHERE inbox.partner_id = held.partner_id AND inbox.id = held.id AND op = 'acknowledge'
  RETURNING inbox.partner_id, inbox.id, deliveries, lease_token
), acknowledged AS (${acknowledgeTaken}
), updated AS (
  UPDATE inbox SET
    visible_at = CASE WHEN op = 'extend' OR span > interval '0' THEN $4::timestamptz + span END,
    leased_at = CASE WHEN op = 'extend' THEN coalesce(leased_at, $4::timestamptz) END
  FROM held
  WHERE inbox.partner_id = held.partner_id AND inbox.id = held.id AND (op = 'extend' OR (op = 'release' AND NOT held.last_delivery))
  RETURNING inbox.partner_id, inbox.id
)
SELECT partner_id, id, 'acknowledged' FROM acknowledged
UNION ALL SELECT partner_id, id, 'buried' FROM buried
UNION ALL SELECT partner_id, id, 'updated' FROM updated`;
