import type pg from 'pg';
import { idFloor } from '../../platform/event-id.ts';
import { storedEventSql } from '../../platform/event-json.ts';
import { rawText } from '../../platform/postgres.ts';
import type { EventTypes } from './event-types.ts';
import { inboxLimits } from './schema.ts';

export type PageQuery = {
  partnerId: number;
  /** UUID: only events after it. */
  after: string;
  limit: number;
  types: EventTypes | undefined;
  /** Milliseconds; bounds the partitions that the statement opens. */
  now: number;
};

/** Events as the database writes them, each beginning with its UUID: see platform/event-json.ts. */
export type RawPage = { events: string[]; hasMore: boolean };

/**
 * One page of what a partner has not acknowledged, oldest first, in one statement: ids from the narrow inbox, then their events. The list of ids
 * goes through an array because Postgres walks the leaves of an index once for all of `= ANY (array)`, where a join descends for each row;
 * and the database joins the page into one text, because a column of a row costs the driver more than it costs here.
 */
export async function readPage(pool: pg.Pool, query: PageQuery): Promise<RawPage> {
  const { partnerId, after, limit, types, now } = query;
  const values: unknown[] = [partnerId, after, limit, idFloor(now + dayMs)];
  if (types) values.push(types.exact, types.prefixes.map(likePrefix));
  const result = await pool.query<[string | null, string | null]>({
    name: types ? 'readPageOfTypes' : 'readPage',
    text: types ? readPageOfTypesText : readPageText,
    values,
    rowMode: 'array',
    types: rawText,
  });
  const [found, page] = result.rows[0] as [string | null, string | null];
  const events = page === null ? [] : page.split('\x01');
  return { events, hasMore: Number(found) > events.length };
}

const dayMs = 86_400_000;

function likePrefix(prefix: string): string {
  return `${prefix.replace(/[\\_%]/g, '\\$&')}%`;
}

/** Bytes around the stored part of an event on a page, at most: its id, times and delivery. */
const eventOverheadBytes = 210;

/** What the events of a page may have together: the rest is for the count and the cursor. */
const eventsBytes = inboxLimits.pageBytes - 300;

/**
 * The page is cut at its size by the sizes in the inbox, before any payload is read; the running sum is only worked out for a page that is
 * too large as a whole. Its first event always fits.
 */
function pageText(filter: string): string {
  return `
WITH head AS MATERIALIZED (
  SELECT array_agg(id) AS ids, array_agg(bytes) AS sizes, sum(bytes + ${eventOverheadBytes}) AS bytes FROM (
    SELECT id, bytes FROM inbox WHERE partner_id = $1 AND id > $2 ${filter} ORDER BY id LIMIT $3::integer + 1
  ) AS oldest
), page AS MATERIALIZED (
  SELECT cardinality(ids) AS found, ids[1:CASE WHEN bytes <= ${eventsBytes} THEN $3::integer ELSE least($3::integer, (
    SELECT greatest(1, count(*)) FROM (
      SELECT sum(size + ${eventOverheadBytes}) OVER (ORDER BY n) AS running FROM unnest(sizes) WITH ORDINALITY AS listed (size, n)
    ) AS sized WHERE running <= ${eventsBytes}
  )) END] AS ids FROM head
)
SELECT (SELECT found FROM page), string_agg(event, chr(1))
FROM (
  SELECT ${storedEventSql} AS event FROM events
  WHERE partner_id = $1 AND id > $2 AND id < $4 AND id = ANY ((SELECT ids FROM page)::uuid[])
  ORDER BY id
) AS found`;
}

const readPageText = pageText('');
const readPageOfTypesText = pageText('AND (event_type = ANY ($5::text[]) OR event_type LIKE ANY ($6::text[]))');
