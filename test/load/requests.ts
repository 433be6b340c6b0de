import { encodeRequest } from './http-client.ts';
import type { RequestSource } from './load-spec.ts';

/** Gives the bytes of the next request, or undefined when there is none left; and how many events an answer of it stands for. */
export type RequestFactory = { next(apiKey: string | undefined): Buffer | undefined; events: number };

export function requestFactory(source: Exclude<RequestSource, { kind: 'cycle' }>, runId: string): RequestFactory {
  if (source.kind === 'event') return eventFactory(source, runId);
  if (source.kind === 'batch') {
    let count = 0;
    return {
      events: source.size,
      next: (apiKey) =>
        encodeRequest('POST', '/v1/events/batch', headersFor(apiKey), batchBody(source.size, source.payloadBytes, `${runId}-${count++}`)),
    };
  }
  if (source.kind === 'fixed') {
    const encoded = new Map<string | undefined, Buffer>();
    return {
      events: source.eventsEach ?? 1,
      next(apiKey) {
        const bytes = encoded.get(apiKey) ?? encodeRequest(source.method, source.path, headersFor(apiKey), source.body);
        encoded.set(apiKey, bytes);
        return bytes;
      },
    };
  }
  let index = 0;
  return {
    events: source.eventsEach ?? 1,
    next(apiKey) {
      const body = source.bodies[index++];
      return body === undefined ? undefined : encodeRequest(source.method, source.path, headersFor(apiKey), body);
    },
  };
}

/** `{"events":[…]}` with `size` events whose payloads are told apart by `batchId`. */
export function batchBody(size: number, payloadBytes: number, batchId: string): string {
  return `{"events":[${Array.from({ length: size }, (_, index) => eventBody(payloadBytes, `${batchId}-${index}`)).join(',')}]}`;
}

/** A realistic event of a shop, filled up to `payloadBytes`; `identity` makes it unlike every other. */
export function eventBody(payloadBytes: number, identity: string): string {
  return `{"event_type":"order.created","timestamp":"2026-03-01T12:00:00.000Z","payload":${payloadText(payloadBytes, identity)}}`;
}

export function payloadText(payloadBytes: number, identity: string): string {
  const start = `{"order_id":"${identity}","customer":{"id":48213,"country":"DE"},"total":129.90,"currency":"EUR","items":[{"sku":"A-1001","quantity":2}],"note":"`;
  return `${start}${'x'.repeat(Math.max(0, payloadBytes - start.length - 2))}"}`;
}

export function headersFor(apiKey: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (apiKey !== undefined) headers['x-api-key'] = apiKey;
  return headers;
}

/**
 * The hot source: the bytes of every request have the same length, so the head and most of the body are made once per key and only the identity
 * is written anew.
 */
function eventFactory(source: { payloadBytes: number; keyed?: boolean }, runId: string): RequestFactory {
  const digits = 10;
  const marker = `${runId}-${'#'.repeat(digits)}`;
  const templates = new Map<string | undefined, { bytes: Buffer; at: number[] }>();
  let count = 0;

  function makeTemplate(apiKey: string | undefined): { bytes: Buffer; at: number[] } {
    const headers = { ...headersFor(apiKey), ...(source.keyed ? { 'idempotency-key': marker } : {}) };
    const bytes = encodeRequest('POST', '/v1/events', headers, eventBody(source.payloadBytes, marker));
    const at: number[] = [];
    for (let found = bytes.indexOf(marker); found >= 0; found = bytes.indexOf(marker, found + 1)) at.push(found + runId.length + 1);
    return { bytes, at };
  }

  return {
    events: 1,
    next(apiKey) {
      const template = templates.get(apiKey) ?? makeTemplate(apiKey);
      templates.set(apiKey, template);
      const bytes = Buffer.from(template.bytes);
      const number = String(count++).padStart(digits, '0');
      for (const position of template.at) bytes.write(number, position, 'latin1');
      return bytes;
    },
  };
}
