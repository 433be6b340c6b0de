import { hash } from 'node:crypto';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { textOf } from '../../platform/byte-span.ts';
import { receivedAtMs } from '../../platform/event-id.ts';
import { eventAttributes } from '../../platform/event-json.ts';
import { formatTime, parseTime } from '../../platform/rfc3339.ts';
import type { ReadEvent } from './read-event.ts';
import type { EventBody } from './schema.ts';
import { idempotencyKeyPattern, ingestLimits } from './schema.ts';
import type { EventRow } from './store.ts';

/** The members that are kept as they were written, in the order in which their spans come. */
export const keptMembers = ['payload', 'metadata'] as const;
const wellFormedKey = new RegExp(idempotencyKeyPattern);

export type RowInput = {
  principal: Principal;
  id: string;
  /** Validated: what it has for EventBody's members is of their types. */
  event: ReadEvent;
  idempotencyKey: string | null;
  traceParent: string | null;
};

/** The row of a valid event. Payload and metadata are as the partner wrote them. */
export function eventRow(input: RowInput): EventRow {
  const { event: read, idempotencyKey } = input;
  const event = read as unknown as EventBody;
  const { payloadBytes: payload, metadataText: metadata } = read;
  return {
    partnerId: input.principal.partnerId,
    id: input.id,
    eventType: event.event_type,
    attributes: eventAttributes({
      eventType: event.event_type,
      timestamp: event.timestamp === undefined ? formatTime(receivedAtMs(input.id)) : normalizeTime(event.timestamp),
      metadata,
      traceParent: input.traceParent,
    }),
    payload,
    idempotencyKey,
    fingerprint:
      idempotencyKey === null ? null : hash('sha256', JSON.stringify([event.event_type, event.timestamp, textOf(payload), metadata])),
  };
}

/** Most producers already send the form that we give back. */
export function normalizeTime(time: string): string {
  if (time.length === 24 && time[23] === 'Z' && time[19] === '.' && time[10] === 'T') return time;
  return formatTime(parseTime(time) as number);
}

/**
 * The idempotency key of a single event: from the header, quoted (the IETF's draft) or bare, or from the body.
 * @throws {ApiError} idempotency_key_invalid, idempotency_key_mismatch.
 */
export function idempotencyKey(header: string | string[] | undefined, inBody: string | undefined): string | null {
  const fromHeader = header === undefined ? undefined : parseKeyHeader(header);
  if (fromHeader !== undefined && inBody !== undefined && fromHeader !== inBody) throw new ApiError('idempotency_key_mismatch');
  return fromHeader ?? inBody ?? null;
}

/**
 * The key in an `Idempotency-Key` header.
 * @throws {ApiError} idempotency_key_invalid.
 */
export function parseKeyHeader(header: string | string[], maxCharacters: number = ingestLimits.idempotencyKeyCharacters): string {
  const text = typeof header === 'string' ? header : header.join(',');
  const quoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  const key = quoted ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text;
  if (!wellFormedKey.test(key) || key.length > maxCharacters) {
    throw new ApiError('idempotency_key_invalid', { detail: `Idempotency-Key must be 1 to ${maxCharacters} printable ASCII characters.` });
  }
  return key;
}

const traceParentShape = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A W3C `traceparent` header, or null when there is none or it is not valid. */
export function traceParent(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && traceParentShape.test(header) ? header : null;
}
