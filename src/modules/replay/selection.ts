import type { DeadLetterReason } from '../../platform/dead-letters.ts';
import { type EventTypes, parseEventTypes } from '../../platform/event-types.ts';
import { parseTime } from '../../platform/rfc3339.ts';
import type { RedriveBody, ReplayBody } from './schema.ts';

export type BulkKind = 'redrive' | 'replay';

/** Where events are taken from. */
export type Sources = 'acknowledged' | 'dead_lettered' | 'any';

/** Events by name; UUIDs. Only dead letters can be named. */
export type ListedSelection = { ids: string[] };

/** Times in milliseconds; each range includes its start and not its end. */
export type FilteredSelection = {
  sources: Sources;
  types: EventTypes | null;
  reason: DeadLetterReason | null;
  receivedFromMs: number;
  receivedBeforeMs: number;
  /** Of the acknowledgement or the death. */
  settledFromMs: number;
  settledBeforeMs: number;
  limit: number | null;
};

/** Which events a bulk command is about. It is kept as JSON with its job. */
export type Selection = ListedSelection | FilteredSelection;

/** A time that no event of ours reaches, and that Postgres can read. */
const farFutureMs = Date.UTC(9999, 0, 1);

/** Every event is younger than 1970, and Postgres knows no year 0. */
const timeMs = (text: string | undefined) => (text === undefined ? undefined : Math.max(0, parseTime(text) as number));

/** Every selection ends `now`, so that a job comes to an end though events keep coming. */
export function redriveSelection(filter: NonNullable<RedriveBody['filter']>, now: number): FilteredSelection {
  return {
    sources: 'dead_lettered',
    types: filter.event_types ? parseEventTypes(filter.event_types) : null,
    reason: filter.reason ?? null,
    receivedFromMs: 0,
    receivedBeforeMs: farFutureMs,
    settledFromMs: timeMs(filter.from) ?? 0,
    settledBeforeMs: Math.min(timeMs(filter.to) ?? farFutureMs, now + 1),
    limit: null,
  };
}

export function replaySelection({ filter, limit }: ReplayBody, now: number): FilteredSelection {
  return {
    sources: filter.status,
    types: filter.event_types ? parseEventTypes(filter.event_types) : null,
    reason: null,
    receivedFromMs: timeMs(filter.from) ?? 0,
    receivedBeforeMs: Math.min(timeMs(filter.to) ?? farFutureMs, now + 1),
    settledFromMs: 0,
    settledBeforeMs: now + 1,
    limit: limit ?? null,
  };
}

/** Whether few of the rows that are looked at may match. */
export function isSparse(selection: Selection): boolean {
  return !('ids' in selection) && (selection.types !== null || selection.reason !== null || selection.settledFromMs > 0);
}
