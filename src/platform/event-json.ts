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
  /** What `cloudEventMember` gave, of an event that came as a CloudEvent. */
  cloudEvent?: string;
};

/** The stored part before the payload. Types, times and trace parents are of characters that JSON need not escape. */
export function eventAttributes({ eventType, timestamp, metadata, traceParent, cloudEvent = '' }: EventAttributes): string {
  const trace = traceParent === null ? 'null' : `"${traceParent}"`;
  return `"event_type":"${eventType}","timestamp":"${timestamp}","metadata":${metadata ?? 'null'},"trace_parent":${trace},${cloudEvent}"payload":`;
}

/** Where the data of a CloudEvent is in the event: the payload itself when the data is a JSON object, else a member of it. */
export type DataPlace = '/payload' | '/payload/data' | '/payload/data_base64';

/** The attribute that carries our id of the event in every CloudEvent that leaves: its own `id` may be the sender's. */
export const ownIdAttribute = 'triggersid';

/**
 * The stored member `cloudevent`, for `eventAttributes`. `attributes` is JSON, members without braces, all but the type; `data_at` cannot be one of
 * them, because their names have no underscore, and is the last.
 */
export function cloudEventMember(attributes: string, dataAt: DataPlace | null): string {
  return `"cloudevent":{${attributes},"data_at":${dataAt === null ? 'null' : `"${dataAt}"`}},`;
}

/** What `cloudEventMember` was given, from the text of its value. */
export function readCloudEventMember(text: string): { attributes: string; dataAt: DataPlace | null } {
  const end = text.lastIndexOf(',"data_at":');
  return { attributes: text.slice(1, end), dataAt: JSON.parse(text.slice(end + ',"data_at":'.length, -1)) as DataPlace | null };
}

/** An SQL expression over a row of `events` that gives what `eventJson` takes: `<uuid>"event_type":…,"payload":{…}`. */
export const storedEventSql = 'id || attributes || payload';

export const uuidCharacters = 36;

/** How an event came to its reader: leases so far, and whether it was put back after an acknowledgement. */
export type Delivery = { count: number; replayed: boolean };

/** Of an event that was never leased or replayed. */
export const firstDelivery: Delivery = { count: 0, replayed: false };

/** The JSON object of an event, from what `storedEventSql` gave. `more` is added to its members: `,"name":value`. */
export function eventJson(stored: string, retentionMs: number, more = '', delivery: Delivery = firstDelivery): string {
  const parts: string[] = [];
  pushEventJson(parts, stored, retentionMs, more, delivery);
  return parts.join('');
}

/**
 * As `eventJson`, as parts of a text that has many events: joining them all at once takes four fifths of the time of adding text to text, which
 * has to be laid out in one piece in the end.
 */
export function pushEventJson(parts: string[], stored: string, retentionMs: number, more = '', delivery: Delivery = firstDelivery): void {
  const received = receivedAtMs(stored);
  parts.push('{"event_id":"evt_', stored.slice(0, uuidCharacters), '",', stored.slice(uuidCharacters));
  parts.push(',"received_at":"', formatTime(received), '","expires_at":"', formatTime(received + retentionMs));
  parts.push(`","delivery":{"count":${delivery.count},"replayed":${delivery.replayed}}`, more, '}');
}

/** The members that `eventJson` writes, for the descriptions of the answers that hold them. */
export const eventMembers = {
  event_id: Type.String({
    description: 'The same at every delivery: drop what you have handled before by it.',
    examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'],
  }),
  event_type: Type.String({ description: 'As it was sent.', examples: ['order.created'] }),
  timestamp: Type.String({ format: 'date-time', description: 'When it happened, as it was sent, in UTC; else when we received it.' }),
  payload: Type.Object(
    {},
    {
      additionalProperties: true,
      description: 'The bytes that were sent. For data of a CloudEvent that is no JSON object, see `cloudevent`.',
    },
  ),
  metadata: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()], { description: 'As it was sent.' }),
  trace_parent: Type.Union([Type.String(), Type.Null()], { description: 'The `traceparent` header with which it was sent.' }),
  cloudevent: Type.Optional(
    Type.Object(
      {
        specversion: Type.Literal('1.0', { description: 'The version of CloudEvents.' }),
        id: Type.String({ description: 'The id that its sender gave it.', examples: ['A234-1234-1234'] }),
        source: Type.String({ description: 'Where it happened; with `id` the name of the event.', examples: ['/shops/eu'] }),
        data_at: Type.Unsafe<DataPlace | null>({
          type: ['string', 'null'],
          enum: ['/payload', '/payload/data', '/payload/data_base64', null],
          description:
            'JSON pointer to the data. `/payload` when the data is a JSON object; `/payload/data` for any other JSON and for text, `/payload/data_base64` for bytes, because a payload is always an object; null when there is no data.',
        }),
      },
      {
        // Attributes are of these three types; an inbox gives back those that it does not know.
        additionalProperties: Type.Unsafe({ type: ['string', 'integer', 'boolean'] }),
        description:
          'Only of an event that came as a CloudEvent: its attributes as they were sent, but for `type`, which is `event_type`. `subject`, `time`, `dataschema`, `datacontenttype` and extensions are there when they were sent.',
      },
    ),
  ),
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
