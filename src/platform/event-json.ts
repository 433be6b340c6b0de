import { receivedAtMs } from './event-id.ts';
import { formatTime } from './rfc3339.ts';

/**
 * An event as JSON is written in two halves. The database writes what it stores, by this expression over a row of `events`, without parsing
 * any of it; `eventJson` adds what follows from the id and the partner's retention.
 */
export const eventSql = `id || '","event_type":"' || event_type || '","timestamp":"' || occurred_at
  || '","metadata":' || coalesce(metadata, 'null') || ',"trace_parent":' || coalesce('"' || trace_parent || '"', 'null') || ',"payload":' || payload`;

/** The JSON object of an event, from what `eventSql` gave: `<uuid>","event_type":…,"payload":{…}`. `more` is added to it: `,"name":value`. */
export function eventJson(stored: string, retentionMs: number, more = ''): string {
  const received = receivedAtMs(stored);
  const times = `"received_at":"${formatTime(received)}","expires_at":"${formatTime(received + retentionMs)}"`;
  return `{"event_id":"evt_${stored},${times},"delivery":{"count":0,"replayed":false}${more}}`;
}
