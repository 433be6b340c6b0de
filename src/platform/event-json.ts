import { receivedAtMs } from './event-id.ts';
import { formatTime } from './rfc3339.ts';

/**
 * How an event is written as JSON. Nothing that was stored is parsed again: the members that never change are written once, when the event
 * comes in, and every answer joins texts. What follows from the id and from the partner's retention is added on the way out.
 */
export type EventAttributes = {
  eventType: string;
  /** RFC 3339, UTC, milliseconds. */
  timestamp: string;
  /** JSON text. */
  metadata: string | null;
  traceParent: string | null;
};

/** The stored part before the payload. Types, times and trace parents are of characters that JSON need not escape. */
export function eventAttributes({ eventType, timestamp, metadata, traceParent }: EventAttributes): string {
  const trace = traceParent === null ? 'null' : `"${traceParent}"`;
  return `"event_type":"${eventType}","timestamp":"${timestamp}","metadata":${metadata ?? 'null'},"trace_parent":${trace},"payload":`;
}

/** An SQL expression over a row of `events` that gives what `eventJson` takes: `<uuid>"event_type":…,"payload":{…}`. */
export const storedEventSql = 'id || attributes || payload';

const uuidCharacters = 36;

/** The JSON object of an event, from what `storedEventSql` gave. `more` is added to its members: `,"name":value`. */
export function eventJson(stored: string, retentionMs: number, more = ''): string {
  const received = receivedAtMs(stored);
  const times = `"received_at":"${formatTime(received)}","expires_at":"${formatTime(received + retentionMs)}"`;
  const members = stored.slice(uuidCharacters);
  return `{"event_id":"evt_${stored.slice(0, uuidCharacters)}",${members},${times},"delivery":{"count":0,"replayed":false}${more}}`;
}
