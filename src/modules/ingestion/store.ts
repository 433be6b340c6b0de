import type pg from 'pg';
import { type ByteSpan, textOf } from '../../platform/byte-span.ts';
import { CopyMessage } from '../../platform/copy.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';

/** An event on its way to the database. Text columns hold what the partner sent, checked before; nothing here is parsed again. */
export type EventRow = {
  partnerId: number;
  /** UUIDv7. */
  id: string;
  eventType: string;
  /** The members of the event's JSON from its type to the name of its payload; see platform/event-json.ts. */
  attributes: string;
  /** JSON, byte for byte. */
  payload: ByteSpan;
  idempotencyKey: string | null;
  /** SHA-256 of the content, hexadecimal; set when the key is. */
  fingerprint: string | null;
};

/**
 * Each column goes as one text, its values joined by a character that they cannot contain (JSON has no raw control characters): a quarter of
 * the cost of pg's array encoding and of Postgres's array parsing.
 */
const separator = '\x01';

const input = `unnest(string_to_array($1, ',')::integer[], string_to_array($2, ',')::uuid[], string_to_array($3, ','),
    string_to_array($4, chr(1)), string_to_array($5, chr(1)))`;
const columns = 'partner_id, id, event_type, attributes, payload';
const inboxColumns = 'partner_id, bytes, id, event_type';

function columnTexts(rows: EventRow[]): string[] {
  return [
    rows.map((row) => row.partnerId).join(','),
    rows.map((row) => row.id).join(','),
    rows.map((row) => row.eventType).join(','),
    rows.map((row) => row.attributes).join(separator),
    rows.map((row) => textOf(row.payload)).join(separator),
  ];
}

/**
 * Stores events and puts them into their inboxes. A row whose id is there already is left alone, its inbox too: it may have been
 * acknowledged since, when this is the repetition of a commit whose answer was lost.
 */
export async function insertEvents(client: pg.ClientBase, rows: EventRow[]): Promise<void> {
  await client.query({ name: 'insertEvents', text: insertEventsText, values: columnTexts(rows), types: rawText });
}

const insertEventsText = `
WITH stored AS (
  INSERT INTO events (${columns})
  SELECT * FROM ${input}
  ON CONFLICT DO NOTHING
  RETURNING partner_id, octet_length(attributes) + octet_length(payload), id, event_type
)
INSERT INTO inbox (${inboxColumns}) SELECT * FROM stored`;

/**
 * As insertEvents, by COPY: two thirds of the database's time, for one row as well as for 500. Only for ids that are new and rows without
 * idempotency keys, because COPY stops at a conflict.
 */
export function copyEvents(client: pg.ClientBase, rows: EventRow[]): Promise<void> {
  const message = new CopyMessage(copyStatements, sizeOf(rows));
  const sizes: number[] = [];
  message.beginTable();
  for (const row of rows) {
    message.beginRow(5);
    message.integer(row.partnerId);
    message.uuid(row.id);
    message.text(row.eventType);
    sizes.push(message.text(row.attributes) + message.utf8(row.payload));
  }
  message.endTable();
  message.beginTable();
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as EventRow;
    message.beginRow(4);
    message.integer(row.partnerId);
    message.integer(sizes[index] as number);
    message.uuid(row.id);
    message.text(row.eventType);
  }
  message.endTable();
  return message.send(client);
}

const copyStatements = [`COPY events (${columns}) FROM STDIN (FORMAT binary)`, `COPY inbox (${inboxColumns}) FROM STDIN (FORMAT binary)`];

/** Bytes that rows take in COPY's binary format, if they have only ASCII characters. */
function sizeOf(rows: EventRow[]): number {
  let bytes = 0;
  for (const row of rows) bytes += 120 + row.eventType.length * 2 + row.attributes.length + row.payload.end - row.payload.start;
  return bytes;
}

/**
 * As insertEvents, for rows of which some have idempotency keys: a keyed event is stored only if its key is free, or was used by an event
 * older than the larger of 24 hours and the partner's retention. A twin in another transaction is waited for. Keys are taken in their
 * order, so that two batches cannot wait for each other.
 * No two rows may have the same partner and key. `now` in milliseconds.
 * @returns the ids of the keyed events that were stored.
 */
export async function insertKeyedEvents(client: pg.ClientBase, rows: EventRow[], now: number): Promise<Set<string>> {
  const values = [
    ...columnTexts(rows),
    rows.map((row) => row.idempotencyKey ?? '').join(separator),
    rows.map((row) => row.fingerprint ?? '').join(','),
    formatTime(now),
  ];
  const result = await client.query<[string]>({
    name: 'insertKeyedEvents',
    text: insertKeyedEventsText,
    values,
    rowMode: 'array',
    types: rawText,
  });
  return new Set(result.rows.map(([id]) => id));
}

const insertKeyedEventsText = `
WITH input AS (
  SELECT given.* FROM ROWS FROM (${input}, string_to_table($6, chr(1), ''), string_to_table($7, ',', ''))
    AS given (${columns}, key, fingerprint)
), claimed AS (
  INSERT INTO idempotency_keys AS held (partner_id, key, event_id, fingerprint)
  SELECT partner_id, key, id, decode(fingerprint, 'hex') FROM input WHERE key IS NOT NULL ORDER BY partner_id, key
  ON CONFLICT (partner_id, key) DO UPDATE SET event_id = excluded.event_id, fingerprint = excluded.fingerprint
  WHERE held.event_id < (
    SELECT uuid_floor($8::timestamptz - greatest(interval '24 hours', make_interval(secs => retention_seconds)))
    FROM partners WHERE partners.id = held.partner_id
  )
  RETURNING event_id
), stored AS (
  INSERT INTO events (${columns})
  SELECT ${columns} FROM input WHERE key IS NULL OR id IN (SELECT event_id FROM claimed)
  ON CONFLICT DO NOTHING
  RETURNING partner_id, octet_length(attributes) + octet_length(payload), id, event_type
), queued AS (
  INSERT INTO inbox (${inboxColumns}) SELECT * FROM stored
)
SELECT event_id FROM claimed`;

export type HeldKey = { partnerId: number; key: string; eventId: string; fingerprint: string };

/** Which events hold the given keys. A key that has been taken away meanwhile is missing from the result. */
export async function findIdempotencyKeys(client: pg.ClientBase | pg.Pool, rows: EventRow[]): Promise<HeldKey[]> {
  const values = [rows.map((row) => row.partnerId).join(','), rows.map((row) => row.idempotencyKey).join(separator)];
  const result = await client.query<[string, string, string, string]>({
    name: 'findIdempotencyKeys',
    text: findIdempotencyKeysText,
    values,
    rowMode: 'array',
    types: rawText,
  });
  return result.rows.map(([partnerId, key, eventId, fingerprint]) => ({ partnerId: Number(partnerId), key, eventId, fingerprint }));
}

const findIdempotencyKeysText = `
SELECT partner_id, key, event_id, encode(fingerprint, 'hex')
FROM unnest(string_to_array($1, ',')::integer[], string_to_array($2, chr(1))) AS wanted (partner_id, key)
JOIN idempotency_keys USING (partner_id, key)`;

/** Makes the partitions that the rows of `now` need: the way out when the job that makes them ahead has failed for days. */
export async function ensurePartitions(pool: pg.Pool, now: number): Promise<void> {
  await pool.query('SELECT ensure_partitions($1, 1)', [formatTime(now)]);
}
