import type pg from 'pg';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { BulkKind, Sources } from './selection.ts';

export type Move = {
  partnerId: number;
  /** UUIDs. */
  ids: string[];
  /** The smallest id of an event that has not expired. */
  floor: string;
  sources: Sources;
  /** A replayed event says so from now on; a redriven one only if it did before. */
  kind: BulkKind;
  /** Milliseconds. */
  now: number;
};

/**
 * Brings events back into their inbox, in one statement: what is taken from the acknowledgements or the dead letters is put there, as if it had never
 * been delivered. Events that are elsewhere, that have expired or whose payload was expunged are left alone, so that a repetition does nothing. The rows of
 * the events are locked first, in the order of their ids, which makes an expunging at the same time wait, or be seen.
 * @returns the ids of the events that came back.
 */
export async function bringBack(client: pg.Pool | pg.ClientBase, move: Move): Promise<string[]> {
  const { partnerId, floor, sources, kind, now } = move;
  const ids = move.ids.filter((id) => id >= floor).sort();
  if (ids.length === 0) return [];
  const result = await client.query<[string]>({
    name: 'bringBack',
    text: bringBackText,
    values: [
      partnerId,
      ids,
      ids[0],
      ids.at(-1),
      sources !== 'dead_lettered',
      sources !== 'acknowledged',
      kind === 'replay',
      formatTime(now),
    ],
    rowMode: 'array',
    types: rawText,
  });
  return result.rows.map(([id]) => id);
}

// The first and the last id spare the other partitions. Every join is on both columns of a key, so that it can only be one look-up a row, whatever
// the planner takes the tables to hold. Past its last delivery an event in the inbox is a dead letter that nobody has moved yet.
const bringBackText = `
WITH wanted AS MATERIALIZED (
  SELECT partner_id, id, event_type, octet_length(attributes) + octet_length(payload) AS bytes FROM events
  WHERE partner_id = $1 AND id = ANY ($2::uuid[]) AND id >= $3::uuid AND id <= $4::uuid AND expunged_at IS NULL
  ORDER BY id FOR SHARE
), unacknowledged AS (
  DELETE FROM acknowledgements AS kept USING wanted WHERE kept.partner_id = wanted.partner_id AND kept.id = wanted.id AND $5::boolean
  RETURNING kept.id, event_type, bytes, true AS replayed
), raised AS (
  DELETE FROM dead_letters AS dead USING wanted WHERE dead.partner_id = wanted.partner_id AND dead.id = wanted.id AND $6::boolean
  RETURNING dead.id, wanted.event_type, bytes, replayed OR $7::boolean AS replayed
), returned AS (
  INSERT INTO inbox (partner_id, bytes, id, event_type, replayed)
  SELECT $1, bytes, id, event_type, replayed FROM (SELECT * FROM unacknowledged UNION ALL SELECT * FROM raised) AS taken
  ON CONFLICT DO NOTHING
  RETURNING id
), revived AS (
  UPDATE inbox SET deliveries = 0, last_delivery = false, leased_at = NULL, visible_at = NULL, lease_token = NULL, replayed = replayed OR $7::boolean
  FROM wanted
  WHERE inbox.partner_id = wanted.partner_id AND inbox.id = wanted.id AND last_delivery AND visible_at <= $8::timestamptz AND $6::boolean
  RETURNING inbox.id
)
SELECT id FROM returned UNION ALL SELECT id FROM revived`;

/** Where an event is that did not come back. */
export type Place = 'inbox' | 'acknowledged' | 'dead_lettered' | 'expunged';

/** Undefined for an event that the partner does not have, and for one that was thrown away. */
export async function findPlace(pool: pg.Pool, partnerId: number, id: string): Promise<Place | undefined> {
  const result = await pool.query<{ place: Place | null }>({ name: 'findPlace', text: findPlaceText, values: [partnerId, id] });
  return result.rows[0]?.place ?? undefined;
}

const findPlaceText = `
SELECT CASE
  WHEN expunged_at IS NOT NULL THEN 'expunged'
  WHEN EXISTS (SELECT FROM inbox WHERE partner_id = $1 AND id = $2) THEN 'inbox'
  WHEN EXISTS (SELECT FROM acknowledgements WHERE partner_id = $1 AND id = $2) THEN 'acknowledged'
  WHEN EXISTS (SELECT FROM dead_letters WHERE partner_id = $1 AND id = $2) THEN 'dead_lettered'
END AS place FROM events WHERE partner_id = $1 AND id = $2`;
