import type { Json } from './json-schema.ts';

/** An attribute of a CloudEvent as a header. */
function attribute(name: string, description: string, example: string): Json {
  return { name: `ce-${name}`, in: 'header', description, schema: { type: 'string' }, example };
}

/** Request headers by the names of their components. */
export const requestHeaders = {
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description: 'Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{8,64}$' },
    example: 'checkout-7f3a2b91',
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Makes a retry safe: the same key and content is stored once and answered with the first `event_id`. 1 to 255 printable ASCII characters, bare or in double quotes. It belongs to the partner, not to the API key, and is remembered for at least 24 hours and for as long as the event.',
    schema: { type: 'string', minLength: 1, maxLength: 257 },
    example: 'order_001-created',
  },
  BatchIdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Makes a retry of the whole batch safe: with the header `K`, item i has the key `K:i`. Send the same items in the same order. 1 to 251 printable ASCII characters, bare or in double quotes.',
    schema: { type: 'string', minLength: 1, maxLength: 253 },
    example: 'nightly-2026-11-24',
  },
  TraceParent: {
    name: 'traceparent',
    in: 'header',
    description: 'W3C trace context. Kept with the event and given back as `trace_parent`; one that is not valid is ignored.',
    schema: { type: 'string' },
    example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
  CeSpecversion: attribute('specversion', 'Makes the body the data of a CloudEvent in binary mode.', '1.0'),
  CeId: attribute('id', 'Needed there. The same for every attempt to send the event.', 'order_001-created'),
  CeSource: attribute('source', 'Needed there. Where it happened, a URI-reference.', '/shops/eu'),
  CeType: attribute('type', 'Needed there. What happened: becomes `event_type`.', 'order.created'),
  CeTime: attribute('time', 'When it happened, RFC 3339: becomes `timestamp`.', '2026-11-24T10:30:00Z'),
} satisfies Record<string, Json>;

export type RequestHeader = keyof typeof requestHeaders;

/** Path parameters by name. */
export const pathParameters: Record<string, Json> = {
  id: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.',
    schema: { type: 'string' },
    example: 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a',
  },
  job_id: {
    name: 'job_id',
    in: 'path',
    required: true,
    description: 'The `job_id`. One that is unknown, forgotten or of another partner is answered 404, always alike.',
    schema: { type: 'string' },
    example: 'job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4',
  },
};

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };

const limitHeaders = {
  RateLimitPolicy: {
    name: 'RateLimit-Policy',
    description:
      'Your limits: `q` requests in `w` seconds at once, and `q` new events in the calendar month (structured fields, RFC 9651).',
    schema: text,
    example: '"burst";q=100;w=1, "monthly";q=2592000000;w=2592000',
  },
  RateLimit: {
    name: 'RateLimit',
    description: 'What is left (`r`), and in how many seconds there is more (`t`).',
    schema: text,
    example: '"burst";r=57;t=1, "monthly";r=2591996241;t=552600',
  },
  XRateLimitLimit: { name: 'X-RateLimit-Limit', description: 'Requests at once: `q` of the burst limit.', schema: count, example: 100 },
  XRateLimitRemaining: { name: 'X-RateLimit-Remaining', description: 'Requests left: `r` of the burst limit.', schema: count, example: 57 },
  XRateLimitReset: {
    name: 'X-RateLimit-Reset',
    description: 'Seconds until there is more: `t` of the burst limit.',
    schema: count,
    example: 1,
  },
};

type ResponseHeaderEntry = { name: string; description: string; required?: boolean; schema: Json; example: unknown };

/** For answers that may come before the limits are known. */
function whenKnown(header: ResponseHeaderEntry): ResponseHeaderEntry {
  return {
    ...header,
    description: `${header.description} Missing when the request was answered before its partner's limits were looked at.`,
    required: false,
  };
}

/** Response headers by the names of their components; required where they are documented unless they say otherwise. */
export const responseHeaders = {
  RequestId: {
    name: 'X-Request-Id',
    description: 'Yours if it was well formed, else a new one. Name it to support.',
    schema: text,
    example: 'checkout-7f3a2b91',
  },
  ...limitHeaders,
  RateLimitPolicyWhenKnown: whenKnown(limitHeaders.RateLimitPolicy),
  RateLimitWhenKnown: whenKnown(limitHeaders.RateLimit),
  XRateLimitLimitWhenKnown: whenKnown(limitHeaders.XRateLimitLimit),
  XRateLimitRemainingWhenKnown: whenKnown(limitHeaders.XRateLimitRemaining),
  XRateLimitResetWhenKnown: whenKnown(limitHeaders.XRateLimitReset),
  RetryAfter: {
    name: 'Retry-After',
    description: 'Seconds to wait before the next attempt.',
    schema: { type: 'integer', minimum: 1 },
    example: 1,
  },
  Challenge: {
    name: 'WWW-Authenticate',
    description: 'How to send a key.',
    schema: text,
    example: 'Bearer realm="triggers-api", ApiKey realm="triggers-api", header="X-API-Key"',
  },
  Allow: { name: 'Allow', description: 'The methods that this path takes.', schema: text, example: 'POST' },
  IdempotentReplayed: {
    name: 'Idempotent-Replayed',
    description: '`true` when the idempotency key was used before: nothing was stored, the answer is that of the first event.',
    required: false,
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  HasMore: {
    name: 'X-Has-More',
    description: 'Only with CloudEvents: whether there are events behind this page.',
    required: false,
    schema: { type: 'string', enum: ['true', 'false'] },
    example: 'true',
  },
  NextCursor: {
    name: 'X-Next-Cursor',
    description: 'Only with CloudEvents, and when there are events behind this page: for the next one, as `cursor`.',
    required: false,
    schema: text,
    example: 'MDFhMjBkMWEtZjRiYi03MDAwLTlmM2M.c2lnbmF0dXJl',
  },
  NoStore: {
    name: 'Cache-Control',
    description: 'Nothing on the way may keep this answer.',
    schema: { type: 'string', enum: ['no-store'] },
    example: 'no-store',
  },
  Cacheable: { name: 'Cache-Control', description: 'How long the answer may be kept.', schema: text, example: 'public, max-age=300' },
} satisfies Record<string, ResponseHeaderEntry>;

export type ResponseHeader = keyof typeof responseHeaders;

export const limitHeaderNames = Object.keys(limitHeaders) as (keyof typeof limitHeaders)[];
