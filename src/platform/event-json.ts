import { Type } from '@sinclair/typebox';
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

/** How an event came to its reader: leases so far, and whether it was put back after an acknowledgement. */
export type Delivery = { count: number; replayed: boolean };

/** Of an event that was never leased or replayed. */
export const firstDelivery: Delivery = { count: 0, replayed: false };

/** The JSON object of an event, from what `storedEventSql` gave. `more` is added to its members: `,"name":value`. */
export function eventJson(stored: string, retentionMs: number, more = '', { count, replayed }: Delivery = firstDelivery): string {
  const received = receivedAtMs(stored);
  const times = `"received_at":"${formatTime(received)}","expires_at":"${formatTime(received + retentionMs)}"`;
  const members = stored.slice(uuidCharacters);
  const delivery = `"delivery":{"count":${count},"replayed":${replayed}}`;
  return `{"event_id":"evt_${stored.slice(0, uuidCharacters)}",${members},${times},${delivery}${more}}`;
}

/** The members that `eventJson` writes, for the descriptions of the answers that hold them. */
export const eventMembers = {
  event_id: Type.String({
    description: 'The same at every delivery: drop what you have handled before by it.',
    examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'],
  }),
  event_type: Type.String({ description: 'As it was sent.', examples: ['order.created'] }),
  timestamp: Type.String({ format: 'date-time', description: 'When it happened, as it was sent, in UTC; else when we received it.' }),
  payload: Type.Object({}, { additionalProperties: true, description: 'The bytes that were sent.' }),
  metadata: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()], { description: 'As it was sent.' }),
  trace_parent: Type.Union([Type.String(), Type.Null()], { description: 'The `traceparent` header with which it was sent.' }),
  received_at: Type.String({ format: 'date-time', description: 'When we received it.' }),
  expires_at: Type.String({ format: 'date-time', description: 'When it leaves the inbox unacknowledged.' }),
  delivery: Type.Object(
    {
      count: Type.Integer({ description: 'How often the event was handed to a worker under a lease.' }),
      replayed: Type.Boolean({ description: 'Whether the event was put back into the inbox after an acknowledgement.' }),
    },
    { description: 'How it came here.' },
  ),
};
