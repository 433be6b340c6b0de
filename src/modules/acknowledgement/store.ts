import type pg from 'pg';
import { buryDying, type DeadLetterReason } from '../../platform/dead-letters.ts';
import { rawText } from '../../platform/postgres.ts';

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

/** Milliseconds that a lease may last in all, from the receive on. */
export const longestLeaseMs = 12 * 3_600_000;

const time = (ms: number) => new Date(ms).toISOString();

async function run(client: pg.ClientBase, name: string, text: string, values: string[]): Promise<(string | null)[][]> {
  return (await client.query<(string | null)[]>({ name, text, values, rowMode: 'array', types: rawText })).rows;
}

function keyTexts(rows: SettleRow[]): [string, string, string] {
  return [rows.map((row) => row.partnerId).join(','), rows.map((row) => row.id).join(','), rows.map((row) => row.token ?? '').join(',')];
}

const keys = `string_to_array($1, ',')::integer[], string_to_array($2, ',')::uuid[], string_to_array($3, ',', '')::uuid[]`;

/**
 * Takes events out of their inboxes and remembers when, in one statement. A row that is not there, or under another lease than the one named, is
 * left alone.
 * @returns the keys of the rows that were acknowledged.
 */
export async function takeFromInbox(client: pg.ClientBase, rows: SettleRow[], now: number): Promise<Map<string, Effect>> {
  const found = await run(client, 'takeFromInbox', takeFromInboxText, [...keyTexts(rows), time(now)]);
  return new Map(found.map(([partnerId, id]) => [`${partnerId} ${id}`, 'acknowledged']));
}

const acknowledgeTaken = `
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
    time(now),
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
    AND (op <> 'extend' OR coalesce(leased_at, $4::timestamptz) + interval '${longestLeaseMs} milliseconds' >= $4::timestamptz + make_interval(secs => seconds))
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

/** Where an event is that was not settled; null where it is not. Times in milliseconds. */
export type Whereabouts = {
  inInbox: boolean;
  inboxToken: string | null;
  acknowledgedAtMs: number | null;
  acknowledgedToken: string | null;
  deadAtMs: number | null;
  deadToken: string | null;
  deadReason: DeadLetterReason | null;
  expunged: boolean;
};

/** By the keys of the rows; none for an event that the partner does not have. */
export async function findWhereabouts(client: pg.ClientBase, rows: SettleRow[]): Promise<Map<string, Whereabouts>> {
  const found = await run(client, 'findWhereabouts', findWhereaboutsText, keyTexts(rows));
  return new Map(
    found.map(([partnerId, id, inInbox, inboxToken, acknowledgedAt, acknowledgedToken, deadAt, deadToken, deadReason, expunged]) => [
      `${partnerId} ${id}`,
      {
        inInbox: inInbox === 't',
        inboxToken: inboxToken as string | null,
        acknowledgedAtMs: acknowledgedAt === null ? null : Number(acknowledgedAt),
        acknowledgedToken: acknowledgedToken as string | null,
        deadAtMs: deadAt === null ? null : Number(deadAt),
        deadToken: deadToken as string | null,
        deadReason: deadReason as DeadLetterReason | null,
        expunged: expunged === 't',
      },
    ]),
  );
}

const findWhereaboutsText = `
SELECT partner_id, id, inbox.id IS NOT NULL, inbox.lease_token,
  round(extract(epoch FROM acknowledged_at) * 1000), acknowledgements.lease_token,
  round(extract(epoch FROM dead_at) * 1000), dead_letters.lease_token, reason, expunged_at IS NOT NULL
FROM unnest(${keys}) AS wanted (partner_id, id, token)
LEFT JOIN inbox USING (partner_id, id)
LEFT JOIN acknowledgements USING (partner_id, id)
LEFT JOIN dead_letters USING (partner_id, id)
LEFT JOIN events USING (partner_id, id)
WHERE num_nonnulls(inbox.id, acknowledgements.id, dead_letters.id, expunged_at) > 0`;

/**
 * Acknowledges dead letters: a worker has handled an event after all. A token must be that of the event's last lease.
 * @returns the keys of the rows that were.
 */
export async function acknowledgeDead(client: pg.ClientBase, rows: SettleRow[], now: number): Promise<Set<string>> {
  const found = await run(client, 'acknowledgeDead', acknowledgeDeadText, [...keyTexts(rows), time(now)]);
  return new Set(found.map(([partnerId, id]) => `${partnerId} ${id}`));
}

const acknowledgeDeadText = `
WITH taken AS (
  DELETE FROM dead_letters USING unnest(${keys}) AS wanted (partner_id, id, token)
  WHERE dead_letters.partner_id = wanted.partner_id AND dead_letters.id = wanted.id AND (token IS NULL OR token = lease_token)
  RETURNING dead_letters.partner_id, dead_letters.id, deliveries, lease_token
)
${acknowledgeTaken}`;
