import { eventJson, storedEventSql, uuidCharacters } from '../../platform/event-json.ts';
import { isFreeSql } from '../../platform/leases.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { EventStatus } from './schema.ts';

/** An event with where it stands. Times in milliseconds. */
export type EventDetailsRow = {
  /** What the database wrote of it; see platform/event-json.ts. */
  stored: string;
  status: EventStatus;
  expungedAtMs: number | null;
  acknowledgedAtMs: number | null;
  deadAtMs: number | null;
  reason: string | null;
  count: number;
  replayed: boolean;
};

const ms = (column: string) => `round(extract(epoch FROM ${column}) * 1000)`;

/**
 * Where an event stands, from the joins below; `$2` is now. Past its last delivery it is leased for readers until it is moved. One that is in no table
 * but its own was settled and its trace deleted.
 */
export const statusSql = `CASE
    WHEN e.expunged_at IS NOT NULL THEN 'expunged'
    WHEN i.id IS NOT NULL THEN CASE
      WHEN ${isFreeSql('$2::timestamptz', 'i.')} THEN 'pending'
      WHEN i.visible_at > $2::timestamptz AND i.leased_at IS NULL THEN 'delayed'
      ELSE 'leased' END
    WHEN d.id IS NOT NULL THEN 'dead_lettered'
    ELSE 'acknowledged' END`;

/** Joins to `events AS e` of the partner `$1`: an event is in one of the three tables at any moment, because moving it is one statement. */
export const detailsJoins = `
  LEFT JOIN inbox AS i ON i.partner_id = $1 AND i.id = e.id
  LEFT JOIN dead_letters AS d ON d.partner_id = $1 AND d.id = e.id
  LEFT JOIN acknowledgements AS a ON a.partner_id = $1 AND a.id = e.id`;

const storedOfEvent = storedEventSql
  .split(' || ')
  .map((column) => `e.${column}`)
  .join(' || ');

/** The columns that `readDetails` takes, in its order. */
export const detailsColumns = `${storedOfEvent}, ${statusSql},
  ${ms('e.expunged_at')}, ${ms('a.acknowledged_at')}, ${ms('d.dead_at')}, d.reason,
  coalesce(i.deliveries, d.deliveries, a.deliveries, 0), coalesce(i.replayed, d.replayed, false)`;

export type DetailsColumns = [string, EventStatus, string | null, string | null, string | null, string | null, string, string];

/** Of a row in array mode, its values as Postgres writes them. */
export function readDetails([stored, status, expunged, acknowledged, dead, reason, count, replayed]: DetailsColumns): EventDetailsRow {
  const number = (text: string | null) => (text === null ? null : Number(text));
  return {
    stored,
    status,
    expungedAtMs: number(expunged),
    acknowledgedAtMs: number(acknowledged),
    deadAtMs: number(dead),
    reason,
    count: Number(count),
    replayed: replayed === 't',
  };
}

/** Types are of characters that JSON need not escape, and come first in what is stored. */
export function eventTypeOf({ stored }: EventDetailsRow): string {
  const start = uuidCharacters + '"event_type":"'.length;
  return stored.slice(start, stored.indexOf('"', start));
}

/** The event as a list shows it. */
export function listedJson(row: EventDetailsRow, retentionMs: number): string {
  return eventJson(row.stored, retentionMs, `,"status":"${row.status}"`, row);
}

/** The event by itself, with its history. `receivedMs` in milliseconds. */
export function detailsJson(row: EventDetailsRow, retentionMs: number, receivedMs: number): string {
  const history: { status: string; ms: number; reason?: string | null }[] = [{ status: 'received', ms: receivedMs }];
  if (row.acknowledgedAtMs !== null) history.push({ status: 'acknowledged', ms: row.acknowledgedAtMs });
  if (row.deadAtMs !== null) history.push({ status: 'dead_lettered', ms: row.deadAtMs, reason: row.reason });
  if (row.expungedAtMs !== null) history.push({ status: 'expunged', ms: row.expungedAtMs });
  const shown = history.sort((a, b) => a.ms - b.ms).map(({ status, ms, ...reason }) => ({ status, at: formatTime(ms), ...reason }));
  return eventJson(row.stored, retentionMs, `,"status":"${row.status}","history":${JSON.stringify(shown)}`, row);
}
