import type pg from 'pg';
import { type EventTypes, typeFilterSql, typeFilterValues } from '../../platform/event-types.ts';
import { isFreeSql } from '../../platform/leases.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { type DetailsColumns, detailsColumns, detailsJoins, type EventDetailsRow, readDetails } from './details.ts';
import { type EventStatus, eventsLimits } from './schema.ts';

/** Bytes around the stored part of an event on a page, at most: its id, times, delivery, status. */
export const eventOverheadBytes = 240;

/** What the events of a page may have together: the rest is for the count and the cursor. */
export const eventsBytes = eventsLimits.pageBytes - 600;

/** Rows that one request looks at, at most, when it has a filter: about 10 ms, whatever the filter. */
export const scannedRows = 5_000;

export type ListQuery = {
  partnerId: number;
  /** Milliseconds. */
  now: number;
  /** UUIDs: only events after the one and before the other. */
  after: string;
  before: string;
  limit: number;
  types: EventTypes | undefined;
  status: EventStatus | undefined;
};

/** `position`: the UUID of the last event that was looked at, when there may be more behind it. */
export type ListPage = { events: EventDetailsRow[]; position: string | undefined };

/**
 * Where the events of a status are found: the table that has it, so that a rare status is not looked for among a million events. `columns` are those
 * that `condition` and the filter of types need.
 */
type Source = { table: string; columns: string; condition: string };

const source = (table: string, columns: string, condition = 'true'): Source => ({ table, columns, condition });
const inboxSource = (condition: string) => source('inbox', 'event_type, visible_at, leased_at, last_delivery', condition);
const sources: Record<EventStatus | 'any', Source> = {
  any: source('events', 'event_type'),
  expunged: source('events', 'event_type, expunged_at', 'expunged_at IS NOT NULL'),
  pending: inboxSource(isFreeSql('$2::timestamptz')),
  leased: inboxSource('((visible_at > $2::timestamptz AND leased_at IS NOT NULL) OR (visible_at <= $2::timestamptz AND last_delivery))'),
  delayed: inboxSource('visible_at > $2::timestamptz AND leased_at IS NULL'),
  dead_lettered: source('dead_letters', 'event_type'),
  // The type of an acknowledged event is in the event, and so is whether its payload was taken away.
  acknowledged: source(
    '(SELECT partner_id, id, (SELECT event_type FROM events WHERE partner_id = $1 AND id = ack.id AND expunged_at IS NULL) AS event_type FROM acknowledgements AS ack)',
    'event_type',
    'event_type IS NOT NULL',
  ),
};

/** Events of a partner by their ids, newest first. */
export async function listNewest(pool: pg.Pool, query: ListQuery): Promise<ListPage> {
  const { partnerId, now, after, before, limit, types, status = 'any' } = query;
  const filters = types !== undefined || status !== 'any';
  const [exact, prefixes] = types ? typeFilterValues(types) : [null, null];
  const result = await pool.query<(string | null)[]>({
    name: `listNewest ${status}`,
    text: texts[status],
    values: [partnerId, formatTime(now), after, before, limit, filters ? scannedRows : limit + 1, exact, prefixes],
    rowMode: 'array',
    types: rawText,
  });
  const events = result.rows.filter((row) => row[3] !== null).map((row) => readDetails(row.slice(3) as DetailsColumns));
  const [found, chosenEnd, scanEnd] = result.rows[0] as [string, string | null, string | null];
  const cut = Number(found) > events.length;
  return { events, position: (cut ? chosenEnd : scanEnd) ?? undefined };
}

/**
 * The scan ends with the page's last event, or else after `$6` rows. Only a page that is not full asks where that was: then the next one goes on from there,
 * and when the scan came to its end there is none.
 */
function listText({ table, columns, condition }: Source): string {
  const rows = `${table} AS listed WHERE partner_id = $1 AND id > $3 AND id < $4`;
  return `
WITH found AS MATERIALIZED (
  SELECT id FROM (SELECT id, ${columns} FROM ${rows} ORDER BY id DESC LIMIT $6) AS scanned
  WHERE ${condition} AND ($7::text[] IS NULL OR ${typeFilterSql(7, 8)})
  ORDER BY id DESC LIMIT $5::integer + 1
), sized AS MATERIALIZED (
  SELECT id, row_number() OVER newest AS n, sum(octet_length(attributes) + octet_length(payload) + ${eventOverheadBytes}) OVER newest AS running
  FROM events WHERE partner_id = $1 AND id > $3 AND id < $4 AND id = ANY ((SELECT array_agg(id) FROM found)::uuid[])
  WINDOW newest AS (ORDER BY id DESC)
), chosen AS MATERIALIZED (
  SELECT id FROM sized WHERE n <= $5 AND (running <= ${eventsBytes} OR n = 1)
), page AS MATERIALIZED (
  SELECT (SELECT count(*) FROM found) AS found, (SELECT id FROM chosen ORDER BY id LIMIT 1) AS chosen_end,
    CASE WHEN (SELECT count(*) FROM found) <= $5 THEN (SELECT id FROM ${rows} ORDER BY id DESC OFFSET $6 - 1 LIMIT 1) END AS scan_end
)
SELECT found, chosen_end, scan_end, details.* FROM page LEFT JOIN (
  SELECT ${detailsColumns}, e.id AS event_id FROM events AS e ${detailsJoins}
  WHERE e.partner_id = $1 AND e.id > $3 AND e.id < $4 AND e.id = ANY ((SELECT array_agg(id) FROM chosen)::uuid[])
) AS details ON true
ORDER BY event_id DESC`;
}

const texts = Object.fromEntries(Object.entries(sources).map(([status, each]) => [status, listText(each)])) as Record<
  keyof typeof sources,
  string
>;
