import type pg from 'pg';
import { idFloor, receivedAtMs } from '../../platform/event-id.ts';
import { type EventTypes, typeFilterSql, typeFilterValues } from '../../platform/event-types.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { type DetailsColumns, detailsColumns, detailsJoins, type EventDetailsRow, readDetails, statusSql } from './details.ts';
import { eventOverheadBytes, eventsBytes } from './list-store.ts';
import type { EventStatus } from './schema.ts';

/**
 * Following a partner's events so that none ever appears behind the reader, although commits are not in the order of ids.
 *
 * Order. The transactions that are before the oldest running one (`oldest`) have ended, so no row of theirs can turn up any more: read by (xid, id), such
 * rows can be counted off. A row whose xid is not below the next one to be given (`next`) is of another cluster, from which the data was restored;
 * it counts as committed, and as earlier than all of this one.
 *
 * Without an index on xid. A row's transaction begins at most `marginMs` after its id was made, by whatever clock: the writer refuses older rows,
 * and the rest of the margin is for clocks that differ. So a row whose id is later than another's by more than the margin has a later
 * transaction. From this follows how far behind and ahead of the reader rows must be looked at, and:
 *
 * Settled ids. When every transaction that ran at some moment has ended, no row can turn up any more whose id is older than that moment by the margin.
 * Such rows are read in the order of their ids, a page at the cost of a page. The position carries such a moment along from page to page.
 *
 * Invariant: the reader has seen exactly the rows with an id up to `after`, and of the others those up to (`xid`, `id`).
 */
export type TailPosition = {
  /** UUID. */
  after: string;
  xid: string;
  /** UUID. */
  id: string;
  /** The next transaction at a moment in the past, and that moment in milliseconds. */
  markXid: string;
  markMs: number;
};

const marginMs = 60_000;
/** Rows that one request with a filter goes through, at most: about 15 ms, and twice that when it must find out the status of each. */
const filteredRows = 2_000;
const smallestId = idFloor(0);

/** Where a reader begins: nothing seen that is later than the UUID. */
export const tailStart = (after: string): TailPosition => ({ after, xid: '0', id: smallestId, markXid: '0', markMs: 0 });

export type TailQuery = {
  partnerId: number;
  /** Milliseconds. */
  now: number;
  position: TailPosition;
  /** UUIDs: only events after the one and before the other, whatever the position. */
  after: string;
  before: string;
  limit: number;
  types: EventTypes | undefined;
  status: EventStatus | undefined;
};

export type TailPage = { events: EventDetailsRow[]; hasMore: boolean; position: TailPosition };

/** The events that come after a position. */
export async function readTail(pool: pg.Pool, query: TailQuery): Promise<TailPage> {
  const { partnerId, now, position, before, limit, types, status } = query;
  const after = position.after > query.after ? position.after : query.after;
  const [exact, prefixes] = types ? typeFilterValues(types) : [null, null];
  const result = await pool.query<(string | null)[]>({
    name: 'readTail',
    text: readTailText,
    values: [
      partnerId,
      formatTime(now),
      after,
      before,
      limit,
      types || status ? filteredRows : limit + 1,
      exact,
      prefixes,
      status ?? null,
      position.xid,
      position.id,
      position.markXid,
      idFloor(position.markMs - marginMs),
      idFloor(now - marginMs),
    ],
    rowMode: 'array',
    types: rawText,
  });
  const [[next, renewed, settledBefore, settled, more, endId, endXid] = []] = result.rows as [string[], ...unknown[]];
  const events = result.rows.filter((row) => row[7] !== null).map((row) => readDetails(row.slice(7) as DetailsColumns));
  const hasMore = more === 't';
  const moved: TailPosition = { ...position, after };
  if (endId && settled === 't') moved.after = endId;
  else if (endId) {
    Object.assign(moved, { xid: endXid, id: endId });
    // An id from a clock that ran ahead must not take the reader along.
    moved.after = later(after, idFloor(Math.min(receivedAtMs(endId), now) - marginMs));
  }
  if (!hasMore && settledBefore) moved.after = later(moved.after, settledBefore);
  if (renewed === 't') Object.assign(moved, { markXid: next, markMs: now });
  return { events, hasMore, position: moved };
}

function later(one: string, other: string): string {
  return one > other ? one : other;
}

// The start, which is before everything, counts as of another cluster.
const isUnseen = `(xid < (SELECT next FROM snap), xid, id) > ($10::xid8 > '0' AND $10::xid8 < (SELECT next FROM snap), $10::xid8, $11::uuid)`;
const hasEnded = `(xid < (SELECT oldest FROM snap) OR xid >= (SELECT next FROM snap))`;
const columns = `id, xid, event_type, octet_length(attributes) + octet_length(payload) + ${eventOverheadBytes} AS bytes`;

/**
 * `front`: the first rows in the order of ids that were not seen, `$6` at most. The rows to give are
 * - all of those, when their ids are settled;
 * - those that have ended, by (xid, id), when the front holds all there are;
 * - else the first by (xid, id) of all rows up to the margin behind the front: whatever is further has a later transaction than any of the front.
 */
const readTailText = `
WITH snap AS MATERIALIZED (
  SELECT oldest, next, CASE WHEN oldest >= next THEN $14::uuid WHEN $12::xid8 > '0' AND $12::xid8 <= oldest THEN $13::uuid END AS settled_before,
    $12::xid8 = '0' OR $12::xid8 <= oldest OR $12::xid8 > next AS renewed
  FROM (SELECT pg_snapshot_xmin(taken) AS oldest, pg_snapshot_xmax(taken) AS next FROM pg_current_snapshot() AS taken) AS bounds
), front AS MATERIALIZED (
  SELECT ${columns} FROM events WHERE partner_id = $1 AND id > $3 AND id < $4 AND ${isUnseen} ORDER BY id LIMIT $6
), reach AS MATERIALIZED (
  SELECT is_full, is_full AND coalesce(last < settled_before, false) AS settled,
    uuid_floor(uuid_extract_timestamp(last) + interval '${marginMs} ms') AS ahead
  FROM snap, (SELECT (SELECT count(*) FROM front) = $6 AS is_full, (SELECT id FROM front ORDER BY id DESC LIMIT 1) AS last) AS ends
), candidates AS MATERIALIZED (
  SELECT *, row_number() OVER (ORDER BY CASE WHEN (SELECT settled FROM reach) THEN id END, xid < (SELECT next FROM snap), xid, id) AS n
  FROM (
    SELECT * FROM front WHERE (SELECT settled FROM reach) OR (NOT (SELECT is_full FROM reach) AND ${hasEnded})
    UNION ALL (
      SELECT ${columns} FROM events
      WHERE (SELECT is_full AND NOT settled FROM reach) AND partner_id = $1 AND id > $3 AND id < least($4::uuid, (SELECT ahead FROM reach))
        AND ${isUnseen} AND ${hasEnded}
        AND (xid < (SELECT next FROM snap), xid) <= (SELECT xid < next, xid FROM front, snap ORDER BY 1 DESC, 2 DESC LIMIT 1)
      ORDER BY xid < (SELECT next FROM snap), xid, id LIMIT $6
    )
  ) AS unseen
), matched AS MATERIALIZED (
  SELECT id, n, bytes FROM (SELECT * FROM candidates ORDER BY n OFFSET 0) AS candidate
  WHERE ($7::text[] IS NULL OR ${typeFilterSql(7, 8)})
    AND ($9::text IS NULL OR $9 = (SELECT ${statusSql} FROM events AS e ${detailsJoins} WHERE e.partner_id = $1 AND e.id = candidate.id))
  ORDER BY n LIMIT $5::integer + 1
), chosen AS MATERIALIZED (
  SELECT id, n FROM (
    SELECT id, n, row_number() OVER (ORDER BY n) AS place, sum(bytes) OVER (ORDER BY n) AS running FROM matched
  ) AS sized WHERE place <= $5 AND (running <= ${eventsBytes} OR place = 1)
), page AS MATERIALIZED (
  SELECT cut, cut OR settled OR (is_full AND (SELECT count(*) FROM candidates) = $6) AS has_more, settled
  FROM reach, (SELECT (SELECT count(*) FROM matched) > (SELECT count(*) FROM chosen) AS cut) AS counted
)
SELECT next, renewed, settled_before, settled, has_more, last.id, last.xid, details.*
FROM snap CROSS JOIN page
LEFT JOIN candidates AS last ON last.n = CASE WHEN cut THEN (SELECT max(n) FROM chosen) ELSE (SELECT max(n) FROM candidates) END
LEFT JOIN (
  SELECT ${detailsColumns}, chosen.n AS place FROM chosen JOIN events AS e ON e.partner_id = $1 AND e.id = chosen.id ${detailsJoins}
) AS details ON true
ORDER BY place`;
