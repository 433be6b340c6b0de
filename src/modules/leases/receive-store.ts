import type pg from 'pg';
import { idFloor } from '../../platform/event-id.ts';
import { storedEventSql } from '../../platform/event-json.ts';
import { type EventTypes, typeFilterSql, typeFilterValues } from '../../platform/event-types.ts';
import { isFreeSql } from '../../platform/leases.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
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
  /** Whether it is all `maxEvents` or nothing. */
  onlyFull: boolean;
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
  /** Whether `maxEvents` were free; they may still have been more than an answer holds. */
  full: boolean;
  /**
   * When nothing was free: when the next lease or delay ends, in milliseconds. What another claim is taking at this moment looks free to this one and is
   * locked: then soon, because its lease is not known yet.
   */
  dueAt: number | undefined;
  /** Of what is remembered under the `receiveId`, for `undoClaim`. */
  version: string | undefined;
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
  const { partnerId, after, maxEvents, types, now, leaseMs, maxDeliveries, receiveId, onlyFull, countLeases } = claim;
  const values: unknown[] = [
    partnerId,
    after,
    maxEvents,
    idFloor(now + dayMs),
    formatTime(now),
    formatTime(now + leaseMs),
    maxDeliveries,
    receiveId ?? null,
    countLeases,
    onlyFull,
  ];
  if (types) values.push(...typeFilterValues(types));
  const result = await pool.query<(string | null)[]>({
    ...(types ? claimOfTypes : claimOfAll),
    values,
    rowMode: 'array',
    types: rawText,
  });
  const [leases, events, lapsed, held, found, dueAt, version] = result.rows[0] as (string | null)[];
  return {
    events: readLeased(leases ?? null, events ?? null),
    lapsed: Number(lapsed),
    held: Number(held),
    full: Number(found) === maxEvents,
    dueAt: dueAt == null ? undefined : Number(dueAt),
    version: version ?? undefined,
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

/**
 * The insert into `receives` is a plain one: of two receives of one id the second waits for the first, fails, and leases nothing. Its row's `xmin`, the
 * transaction that wrote it last, is the version of what is remembered.
 */
function claimText(filter: string): string {
  return `
WITH candidates AS MATERIALIZED (
  SELECT id, bytes, leased_at FROM inbox
  WHERE partner_id = $1 AND id > $2 ${filter} AND ${isFreeSql('$5::timestamptz')}
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
    AND (NOT $10::boolean OR (SELECT count(*) FROM candidates) = $3)
), claimed AS (
  UPDATE inbox SET deliveries = (deliveries + 1)::smallint, last_delivery = deliveries + 1 >= $7::integer,
    leased_at = $5::timestamptz, visible_at = $6::timestamptz, lease_token = gen_random_uuid()
  FROM chosen WHERE inbox.partner_id = $1 AND inbox.id = chosen.id
  RETURNING inbox.id, deliveries, replayed, lease_token, visible_at
), remembered AS (
  INSERT INTO receives (partner_id, receive_id, received_at, event_ids, lease_tokens)
  SELECT $1, $8::text, $5::timestamptz, array_agg(id ORDER BY id), array_agg(lease_token ORDER BY id) FROM claimed
  WHERE $8::text IS NOT NULL HAVING count(*) > 0
  RETURNING xmin AS version
)
SELECT (SELECT ${leaseText} FROM claimed), (
    SELECT string_agg(event, chr(1)) FROM (
      SELECT ${storedEventSql} AS event FROM events
      WHERE partner_id = $1 AND id > $2 AND id < $4 AND id = ANY ((SELECT array_agg(id) FROM chosen)::uuid[])
    ) AS found
  ), (SELECT count(leased_at) FROM chosen), (SELECT leases FROM held), (SELECT count(*) FROM candidates),
  CASE WHEN NOT EXISTS (SELECT FROM candidates) THEN (
    SELECT ceil(extract(epoch FROM min(CASE WHEN visible_at > $5::timestamptz THEN visible_at ELSE $5::timestamptz + interval '25 milliseconds' END)) * 1000)
    FROM inbox WHERE partner_id = $1 AND id > $2 AND (visible_at IS NULL OR visible_at > $5::timestamptz OR NOT last_delivery) ${filter}
  ) END, (SELECT version FROM remembered)`;
}

const claimOfAll = { name: 'claimEvents', text: claimText('') };
const claimOfTypes = { name: 'claimEventsOfTypes', text: claimText(`AND ${typeFilterSql(11, 12)}`) };

/**
 * What an earlier receive of this id, within five minutes, has leased, as far as its tokens are still the latest; undefined when there was none.
 * One that is older is forgotten. What was found is given out a second time, and so can no longer be undone: the update, which changes nothing else,
 * makes a new version of it, and waits for an undo that is under way.
 * @param now milliseconds.
 */
export async function findReceive(
  pool: pg.Pool,
  { partnerId, receiveId, after, now }: { partnerId: number; receiveId: string; after: string; now: number },
): Promise<Leased[] | undefined> {
  const result = await pool.query<(string | null)[]>({
    name: 'findReceive',
    text: findReceiveText,
    values: [partnerId, receiveId, formatTime(now - repeatableMs), formatTime(now), after],
    rowMode: 'array',
    types: rawText,
  });
  const [row] = result.rows;
  return row && readLeased(row[0] as string | null, row[1] as string | null);
}

/** Milliseconds for which a receive can be repeated. */
const repeatableMs = 5 * 60_000;

const findReceiveText = `
WITH forgotten AS (
  DELETE FROM receives WHERE partner_id = $1 AND receive_id = $2 AND received_at < $3::timestamptz
), before AS (
  UPDATE receives SET received_at = received_at WHERE partner_id = $1 AND receive_id = $2 AND received_at >= $3::timestamptz
  RETURNING event_ids, lease_tokens
), leased AS MATERIALIZED (
  SELECT inbox.id, deliveries, replayed, lease_token, visible_at
  FROM (SELECT unnest(event_ids) AS id, unnest(lease_tokens) AS token FROM before) AS given
  JOIN inbox ON inbox.partner_id = $1 AND inbox.id = given.id AND inbox.lease_token = given.token
  WHERE inbox.id > $5 AND leased_at IS NOT NULL AND (visible_at > $4::timestamptz OR NOT last_delivery)
)
SELECT (SELECT ${leaseText} FROM leased), (
  SELECT string_agg(event, chr(1)) FROM (
    SELECT ${storedEventSql} AS event FROM events WHERE partner_id = $1 AND id = ANY ((SELECT array_agg(id) FROM leased)::uuid[])
  ) AS found
) FROM before`;

/** What is to be undone; `receiveId` and `version` where the claim was remembered. */
export type Undo = { partnerId: number; events: Leased[]; receiveId: string | undefined; version: string | undefined };

/**
 * Gives back what was claimed and could not be answered, as if it had not been delivered. Only leases that are still the latest; and nothing when the
 * receive was repeated meanwhile: whoever did so holds these leases now.
 * @returns how many were given back.
 */
export async function undoClaim(pool: pg.Pool, { partnerId, events, receiveId, version }: Undo): Promise<number> {
  const result = await pool.query<{ undone: string }>({
    name: 'undoClaim',
    text: undoClaimText,
    values: [
      partnerId,
      events.map(({ stored }) => stored.slice(0, 36)),
      events.map(({ token }) => token),
      receiveId ?? null,
      version ?? null,
    ],
  });
  return Number(result.rows[0]?.undone);
}

const undoClaimText = `
WITH forgotten AS MATERIALIZED (
  DELETE FROM receives WHERE partner_id = $1 AND receive_id = $4 AND xmin = $5::xid RETURNING receive_id
), undone AS (
  UPDATE inbox SET deliveries = (deliveries - 1)::smallint, last_delivery = false, leased_at = NULL, visible_at = NULL, lease_token = NULL
  FROM unnest($2::uuid[], $3::uuid[]) AS given (id, token)
  WHERE inbox.partner_id = $1 AND inbox.id = given.id AND lease_token = given.token
    AND ($4::text IS NULL OR EXISTS (SELECT FROM forgotten))
  RETURNING inbox.id
)
SELECT count(*) AS undone FROM undone`;
