import type pg from 'pg';
import { idFloor } from '../../platform/event-id.ts';
import { type Delivery, storedEventSql } from '../../platform/event-json.ts';
import { type EventTypes, typeFilterSql, typeFilterValues } from '../../platform/event-types.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { inboxLimits } from './schema.ts';

export type PageQuery = {
  partnerId: number;
  /** UUID: only events after it. */
  after: string;
  limit: number;
  types: EventTypes | undefined;
  /** Also those that are under a lease or wait for the end of a delay. */
  includeLeased: boolean;
  /** Milliseconds; decides which leases have ended, and bounds the partitions that the statement opens. */
  now: number;
};

/** Events as the database writes them, each beginning with its UUID: see platform/event-json.ts. */
export type RawPage = {
  events: string[];
  hasMore: boolean;
  /** By UUID, of those that were leased or replayed; undefined when none was. */
  deliveries: Map<string, Delivery> | undefined;
  /** Of an empty page: when the next lease or delay ends, in milliseconds. */
  dueAt: number | undefined;
};

/**
 * One page of what a partner has not acknowledged, oldest first, in one statement: ids from the narrow inbox, then their events. The list of ids
 * goes through an array because Postgres walks the leaves of an index once for all of `= ANY (array)`, where a join descends for each row;
 * and the database joins the page into one text, because a column of a row costs the driver more than it costs here.
 */
export async function readPage(pool: pg.Pool, query: PageQuery): Promise<RawPage> {
  const { partnerId, after, limit, types, includeLeased, now } = query;
  const values: unknown[] = [partnerId, after, limit, idFloor(now + dayMs), formatTime(now), includeLeased];
  if (types) values.push(...typeFilterValues(types));
  const result = await pool.query<(string | null)[]>({
    name: types ? 'readPageOfTypes' : 'readPage',
    text: types ? readPageOfTypesText : readPageText,
    values,
    rowMode: 'array',
    types: rawText,
  });
  const [found, page, deliveries, dueAt] = result.rows[0] as [string | null, string | null, string | null, string | null];
  const events = page === null ? [] : page.split('\x01');
  return {
    events,
    hasMore: Number(found) > events.length,
    deliveries: deliveries === null ? undefined : readDeliveries(deliveries),
    dueAt: dueAt === null ? undefined : Number(dueAt),
  };
}

const dayMs = 86_400_000;

/** From `<uuid> <count> <replayed>` of each. */
function readDeliveries(text: string): Map<string, Delivery> {
  return new Map(
    text.split(',').map((each) => {
      const [id, count, replayed] = each.split(' ') as [string, string, string];
      return [id, { count: Number(count), replayed: replayed === 'true' }];
    }),
  );
}

/** Bytes around the stored part of an event on a page, at most: its id, times and delivery. */
const eventOverheadBytes = 210;

/** What the events of a page may have together: the rest is for the count and the cursor. */
const eventsBytes = inboxLimits.pageBytes - 300;

/**
 * The page is cut at its size by the sizes in the inbox, before any payload is read; the running sum is only worked out for a page that is
 * too large as a whole. Its first event always fits. Past its last delivery an event is on its way to the dead letters, and nobody sees it here.
 * Of partners who never lease, `visible_at` is null and that is all that leases cost them.
 */
function pageText(filter: string): string {
  return `
WITH head AS MATERIALIZED (
  SELECT array_agg(id) AS ids, array_agg(bytes) AS sizes, sum(bytes + ${eventOverheadBytes}) AS bytes,
    string_agg(id || ' ' || deliveries || ' ' || replayed, ',') FILTER (WHERE deliveries > 0 OR replayed) AS deliveries
  FROM (
    SELECT id, bytes, deliveries, replayed FROM inbox
    WHERE partner_id = $1 AND id > $2 ${filter}
      AND (visible_at IS NULL OR CASE WHEN visible_at <= $5::timestamptz THEN NOT last_delivery ELSE $6::boolean END)
    ORDER BY id LIMIT $3::integer + 1
  ) AS oldest
), page AS MATERIALIZED (
  SELECT cardinality(ids) AS found, ids[1:CASE WHEN bytes <= ${eventsBytes} THEN $3::integer ELSE least($3::integer, (
    SELECT greatest(1, count(*)) FROM (
      SELECT sum(size + ${eventOverheadBytes}) OVER (ORDER BY n) AS running FROM unnest(sizes) WITH ORDINALITY AS listed (size, n)
    ) AS sized WHERE running <= ${eventsBytes}
  )) END] AS ids FROM head
)
SELECT (SELECT found FROM page), string_agg(event, chr(1)), (SELECT deliveries FROM head),
  CASE WHEN (SELECT found FROM page) IS NULL THEN (
    SELECT ceil(extract(epoch FROM min(visible_at)) * 1000) FROM inbox WHERE partner_id = $1 AND id > $2 AND visible_at > $5::timestamptz ${filter}
  ) END
FROM (
  SELECT ${storedEventSql} AS event FROM events
  WHERE partner_id = $1 AND id > $2 AND id < $4 AND id = ANY ((SELECT ids FROM page)::uuid[])
  ORDER BY id
) AS found`;
}

const readPageText = pageText('');
const readPageOfTypesText = pageText(`AND ${typeFilterSql(7, 8)}`);
