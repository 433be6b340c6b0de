import type pg from 'pg';
import { idFloor } from '../../platform/event-id.ts';
import { storedEventSql } from '../../platform/event-json.ts';
import { type EventTypes, typeFilterSql, typeFilterValues } from '../../platform/event-types.ts';
import { rawText } from '../../platform/postgres.ts';
import { leaseLimits } from './schema.ts';

export type Claim = {
  partnerId: number;
  /** UUID: only events after it. */
  after: string;
  maxEvents: number;
  types: EventTypes | undefined;
  /** Milliseconds. */
  now: number;
  leaseMs: number;
  maxDeliveries: number;
  receiveId: string | undefined;
  /** Whether the claim adds to what this receive has been given already. */
  more: boolean;
  /** Whether the partner's open leases are to be counted, and no more granted than the limit leaves room for. */
  countLeases: boolean;
};

/** An event under a lease; `stored` as platform/event-json.ts has it. */
export type Leased = { stored: string; count: number; replayed: boolean; token: string; leasedUntilMs: number };

export type Claimed = {
  events: Leased[];
  /** How many of them another worker's lease had been left to lapse on. */
  lapsed: number;
  /** Open leases before, when they were counted. */
  held: number;
  /** When nothing was free: when the next lease or delay ends, in milliseconds. */
  dueAt: number | undefined;
};

/** Bytes around the stored part of an event in an answer, at most: its id, times, delivery, token. */
const eventOverheadBytes = 330;

/**
 * Leases the oldest free events of a partner, in one statement: they are locked in the order of their ids, and who comes second steps over what the
 * first has locked. A lease whose end has passed is free; past its last delivery an event is not.
 *
 * Leases are counted over the stretch of the inbox up to the last event that is given: they lie before it, but for those of receives with a
 * filter, which may lie behind.
 * @throws the database's error; unique_violation when the `receiveId` was used meanwhile, and then nothing was leased.
 */
export async function claimEvents(pool: pg.Pool, claim: Claim): Promise<Claimed> {
  const { partnerId, after, maxEvents, types, now, leaseMs, maxDeliveries, receiveId, more, countLeases } = claim;
  const time = (ms: number) => new Date(ms).toISOString();
  const values: unknown[] = [
    partnerId,
    after,
    maxEvents,
    idFloor(now + dayMs),
    time(now),
    time(now + leaseMs),
    maxDeliveries,
    receiveId ?? null,
    countLeases,
  ];
  if (types) values.push(...typeFilterValues(types));
  const result = await pool.query<(string | null)[]>({
    ...(types ? claimOfTypes : more ? claimMore : claimFirst),
    values,
    rowMode: 'array',
    types: rawText,
  });
  const [leases, events, lapsed, held, dueAt] = result.rows[0] as [string | null, string | null, string, string, string | null];
  return {
    events: readLeased(leases, events),
    lapsed: Number(lapsed),
    held: Number(held),
    dueAt: dueAt === null ? undefined : Number(dueAt),
  };
}

const dayMs = 86_400_000;

/** From `<uuid> <count> <replayed> <token> <until>` of each lease, and the stored texts of the same events in the same order. */
function readLeased(leases: string | null, events: string | null): Leased[] {
  if (leases === null || events === null) return [];
  const stored = new Map(events.split('\x01').map((each) => [each.slice(0, 36), each]));
  return leases.split(',').flatMap((each) => {
    const [id, count, replayed, token, until] = each.split(' ') as [string, string, string, string, string];
    const text = stored.get(id);
    return text === undefined
      ? []
      : [{ stored: text, count: Number(count), replayed: replayed === 't', token, leasedUntilMs: Number(until) }];
  });
}

const leaseText = `string_agg(concat_ws(' ', id, deliveries, replayed, lease_token, ceil(extract(epoch FROM visible_at) * 1000)), ',' ORDER BY id)`;

function claimText(filter: string, onConflict = ''): string {
  return `
WITH candidates AS MATERIALIZED (
  SELECT id, bytes, leased_at FROM inbox
  WHERE partner_id = $1 AND id > $2 ${filter} AND (visible_at IS NULL OR (visible_at <= $5::timestamptz AND NOT last_delivery))
  ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
), held AS MATERIALIZED (
  SELECT CASE WHEN $9::boolean THEN (
    SELECT count(*) FROM inbox WHERE partner_id = $1 AND id > $2 AND id < (SELECT id FROM candidates ORDER BY id DESC LIMIT 1)
      AND visible_at > $5::timestamptz AND leased_at IS NOT NULL
  ) ELSE 0 END AS leases
), chosen AS MATERIALIZED (
  SELECT id, leased_at FROM (
    SELECT id, leased_at, row_number() OVER (ORDER BY id) AS n, sum(bytes + ${eventOverheadBytes}) OVER (ORDER BY id) AS running FROM candidates
  ) AS sized
  WHERE (running <= ${leaseLimits.receiveBytes - 300} OR n = 1) AND n <= ${leaseLimits.inFlight} - (SELECT leases FROM held)
), claimed AS (
  UPDATE inbox SET deliveries = (deliveries + 1)::smallint, last_delivery = deliveries + 1 >= $7::integer,
    leased_at = $5::timestamptz, visible_at = $6::timestamptz, lease_token = gen_random_uuid()
  FROM chosen WHERE inbox.partner_id = $1 AND inbox.id = chosen.id
  RETURNING inbox.id, deliveries, replayed, lease_token, visible_at
), remembered AS (
  INSERT INTO receives (partner_id, receive_id, received_at, event_ids, lease_tokens)
  SELECT $1, $8::text, $5::timestamptz, array_agg(id ORDER BY id), array_agg(lease_token ORDER BY id) FROM claimed
  WHERE $8::text IS NOT NULL HAVING count(*) > 0 ${onConflict}
)
SELECT (SELECT ${leaseText} FROM claimed), (
    SELECT string_agg(event, chr(1)) FROM (
      SELECT ${storedEventSql} AS event FROM events
      WHERE partner_id = $1 AND id > $2 AND id < $4 AND id = ANY ((SELECT array_agg(id) FROM chosen)::uuid[])
    ) AS found
  ), (SELECT count(leased_at) FROM chosen), (SELECT leases FROM held),
  CASE WHEN NOT EXISTS (SELECT FROM candidates) THEN (
    SELECT ceil(extract(epoch FROM min(visible_at)) * 1000) FROM inbox WHERE partner_id = $1 AND id > $2 AND visible_at > $5::timestamptz ${filter}
  ) END`;
}

const claimFirst = { name: 'claimEvents', text: claimText('') };
const claimMore = {
  name: 'claimMoreEvents',
  text: claimText(
    '',
    `ON CONFLICT (partner_id, receive_id) DO UPDATE
    SET event_ids = receives.event_ids || excluded.event_ids, lease_tokens = receives.lease_tokens || excluded.lease_tokens`,
  ),
};
const claimOfTypes = { name: 'claimEventsOfTypes', text: claimText(`AND ${typeFilterSql(10, 11)}`) };

/**
 * What an earlier receive of this id has leased, as far as its tokens are still the latest; undefined when there was none since `since`
 * (milliseconds). One that is older is forgotten.
 */
export async function findReceive(pool: pg.Pool, partnerId: number, receiveId: string, since: number): Promise<Leased[] | undefined> {
  const result = await pool.query<(string | null)[]>({
    name: 'findReceive',
    text: findReceiveText,
    values: [partnerId, receiveId, new Date(since).toISOString()],
    rowMode: 'array',
    types: rawText,
  });
  const [row] = result.rows;
  return row && readLeased(row[0] as string | null, row[1] as string | null);
}

const findReceiveText = `
WITH forgotten AS (
  DELETE FROM receives WHERE partner_id = $1 AND receive_id = $2 AND received_at < $3::timestamptz
), before AS MATERIALIZED (
  SELECT event_ids, lease_tokens FROM receives WHERE partner_id = $1 AND receive_id = $2 AND received_at >= $3::timestamptz
), leased AS MATERIALIZED (
  SELECT inbox.id, deliveries, replayed, lease_token, visible_at
  FROM (SELECT unnest(event_ids) AS id, unnest(lease_tokens) AS token FROM before) AS given
  JOIN inbox ON inbox.partner_id = $1 AND inbox.id = given.id AND inbox.lease_token = given.token
  WHERE visible_at IS NOT NULL
)
SELECT (SELECT ${leaseText} FROM leased), (
  SELECT string_agg(event, chr(1)) FROM (
    SELECT ${storedEventSql} AS event FROM events WHERE partner_id = $1 AND id = ANY ((SELECT array_agg(id) FROM leased)::uuid[])
  ) AS found
) FROM before`;

/** Gives back what was claimed and could not be answered, as if it had not been delivered. Only leases that are still the latest. */
export async function undoClaim(pool: pg.Pool, partnerId: number, events: Leased[], receiveId: string | undefined): Promise<void> {
  await pool.query({
    name: 'undoClaim',
    text: undoClaimText,
    values: [partnerId, events.map(({ stored }) => stored.slice(0, 36)), events.map(({ token }) => token), receiveId ?? null],
  });
}

const undoClaimText = `
WITH undone AS (
  UPDATE inbox SET deliveries = (deliveries - 1)::smallint, last_delivery = false, leased_at = NULL, visible_at = NULL, lease_token = NULL
  FROM unnest($2::uuid[], $3::uuid[]) AS given (id, token)
  WHERE inbox.partner_id = $1 AND inbox.id = given.id AND lease_token = given.token
)
DELETE FROM receives WHERE partner_id = $1 AND receive_id = $4`;
