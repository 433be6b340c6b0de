import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { FieldError } from '../../pipeline/errors/catalogue.ts';
import { objectMembers, type Span, skipSpace } from '../../pipeline/json-spans.ts';
import { spanOf } from '../../platform/byte-span.ts';
import { receivedAtMs } from '../../platform/event-id.ts';
import { cloudEventMember, eventAttributes } from '../../platform/event-json.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { type CheckedAttributes, checkAttributes, invalid } from './cloud-events-attributes.ts';
import { bodyless, CloudEventsBody } from './cloud-events-body.ts';
import { base64Data, type EventData, isBase64, jsonData, noData } from './cloud-events-data.ts';
import { attributesOfHeaders, headerOf } from './cloud-events-headers.ts';
import { normalizeTime, type RowInput, traceParent } from './event-row.ts';
import type { EventRow } from './store.ts';

/** A CloudEvent that keeps the rules, with its data as our payload. */
export type CloudEvent = { attributes: CheckedAttributes; data: EventData };

/** The members of a structured CloudEvent that are kept as they were written, in the order in which their spans come. */
export const dataMembers = ['data', 'data_base64'] as const;

/**
 * The CloudEvent of a JSON object, the JSON format of CloudEvents 1.0.
 * @param value as parsed.
 * @param text in which it stands, with its `dataMembers` at `spans`.
 * @param pointer to it in the body.
 * @throws {ApiError} unsupported_specversion, validation_failed.
 */
export function structuredEvent(value: unknown, text: string, spans: (Span | undefined)[], pointer: string): CloudEvent {
  if (!isObject(value)) throw invalid([{ pointer, code: 'type', detail: 'must be object' }]);
  const { data, data_base64, ...attributes } = value;
  const pointerTo = (name: string) => `${pointer}/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`;
  if (attributes.specversion === undefined && attributes.event_type !== undefined) {
    const errors = [{ pointer: pointerTo('specversion'), code: 'required', detail: 'is required' }];
    throw invalid(errors, 'This is a plain event, which is sent as application/json; in a CloudEvent ');
  }
  const checked = checkAttributes(Object.entries(attributes), pointerTo);
  const problem = dataProblem(data, data_base64, pointerTo('data_base64'));
  if (problem) throw invalid([problem]);
  const [asJson, asBase64] = spans.map((span) => span && text.slice(span.start, span.end));
  if (typeof data_base64 === 'string') return { attributes: checked, data: base64Data(asBase64 as string) };
  return { attributes: checked, data: asJson === undefined ? noData : jsonData(asJson) };
}

/**
 * The one CloudEvent of a request, structured or binary.
 * @throws {ApiError} unsupported_specversion, validation_failed; the latter also for a request without a body that is no CloudEvent.
 */
export function cloudEventOf(request: FastifyRequest): CloudEvent {
  const { content } = request.body instanceof CloudEventsBody ? request.body : bodyless(request);
  if (content.mode === 'binary') return { attributes: checkAttributes(attributesOfHeaders(request), headerOf), data: content.data };
  const text = request.bodyText;
  const spans = isObject(content.value) ? objectMembers(text, skipSpace(text, 0), dataMembers).spans : [];
  return structuredEvent(content.value, text, spans, '');
}

/** The CloudEvents of a batch, unchecked. @throws {ApiError} validation_failed when it is no array. */
export function cloudEventsArray({ content }: CloudEventsBody): unknown[] {
  if (content.mode === 'batched' && Array.isArray(content.value)) return content.value;
  throw invalid([{ pointer: '', code: 'type', detail: 'must be array' }]);
}

/** The idempotency key that a CloudEvent brings along: its source and id, which no other event of its sender has. */
export function keyOf({ attributes }: CloudEvent): string {
  return `ce:${hash('sha256', `${attributes.source}\n${attributes.id}`)}`;
}

/** The row of a CloudEvent. Its trace is that of the request, or else the one it carries. */
export function cloudEventRow(
  { attributes, data }: CloudEvent,
  input: Pick<RowInput, 'principal' | 'id' | 'traceParent'> & { idempotencyKey: string },
): EventRow {
  const { type, time, json, lasting, traceparent } = attributes;
  return {
    partnerId: input.principal.partnerId,
    id: input.id,
    eventType: type,
    attributes: eventAttributes({
      eventType: type,
      timestamp: time === undefined ? formatTime(receivedAtMs(input.id)) : normalizeTime(time),
      metadata: null,
      traceParent: input.traceParent ?? traceParent(traceparent),
      cloudEvent: cloudEventMember(json, data.at),
    }),
    payload: spanOf(data.payload),
    idempotencyKey: input.idempotencyKey,
    fingerprint: hash('sha256', JSON.stringify([type, lasting, data.at, data.payload])),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function dataProblem(data: unknown, base64: unknown, pointer: string): FieldError | undefined {
  if (base64 === undefined || base64 === null) return undefined;
  if (data !== undefined) return { pointer, code: 'not', detail: 'must not be there beside data' };
  if (typeof base64 !== 'string') return { pointer, code: 'type', detail: 'must be string' };
  return isBase64(base64) ? undefined : { pointer, code: 'format', detail: 'must be Base64 with padding (RFC 4648)' };
}
