import { Type } from '@sinclair/typebox';
import { ApiError, type ApiErrorOptions, catalogue, type ErrorCode } from '../pipeline/errors/catalogue.ts';
import { problemDocument } from '../pipeline/errors/handler.ts';
import type { Json } from './json-schema.ts';

export const problemMediaType = 'application/problem+json';

const FieldError = Type.Object(
  {
    pointer: Type.String({
      description: 'JSON pointer to the member of the body, or the name of the parameter or header.',
      examples: ['/event_type'],
    }),
    code: Type.String({ description: 'What rule it broke.', examples: ['required'] }),
    detail: Type.String({ description: 'What it must be.', examples: ['is required'] }),
  },
  { $id: 'FieldError' },
);

/** The problem document, with every code of the catalogue. */
export const Problem = Type.Object(
  {
    type: Type.String({
      format: 'uri-reference',
      description: 'A page that says what to do. For exceeded limits the type that IANA has registered.',
    }),
    title: Type.String({ description: 'The kind of problem, the same text for the same code.' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What was wrong with this request. For people; do not parse it.' }),
    instance: Type.String({ format: 'uri-reference', description: 'The path that was asked for.' }),
    code: Type.Unsafe<ErrorCode>({
      type: 'string',
      enum: Object.keys(catalogue),
      description: 'The contract: decide by this. New codes may be added; treat an unknown one by its status.',
    }),
    request_id: Type.String({ description: 'The same as `X-Request-Id`. Name it to support.' }),
    retryable: Type.Boolean({ description: 'Whether the same request may succeed later. If false, change it first.' }),
    errors: Type.Optional(Type.Array(FieldError, { description: 'Which members or parameters are wrong.' })),
    original_event_id: Type.Optional(Type.String({ description: 'With `idempotency_key_reused`: the event that has the key.' })),
    job_id: Type.Optional(Type.String({ description: 'With `job_in_progress`: the job that has not finished.' })),
    'violated-policies': Type.Optional(
      Type.Array(Type.Union(['burst', 'monthly', 'waits', 'leases', 'address'].map((name) => Type.Literal(name))), {
        description:
          'With status 429, the limit: `burst` and `monthly` as in `RateLimit-Policy`, `waits` for long polls and `leases` for leases at once, `address` for failed authentications.',
      }),
    ),
  },
  { $id: 'Problem', description: 'What every refusal and failure looks like (RFC 9457).' },
);

type Sample = ApiErrorOptions & { path?: string };

/** What is particular to a code's example; the rest is as for every other. */
const samples: Partial<Record<ErrorCode, Sample>> = {
  invalid_json: { detail: 'The body is not JSON: unexpected character at position 17.' },
  validation_failed: { detail: '/payload is required', errors: [{ pointer: '/payload', code: 'required', detail: 'is required' }] },
  invalid_parameter: {
    path: '/v1/inbox',
    detail: 'limit must be <= 500',
    errors: [{ pointer: 'limit', code: 'maximum', detail: 'must be <= 500' }],
  },
  invalid_cursor: { path: '/v1/inbox' },
  empty_batch: { path: '/v1/events/batch' },
  batch_too_many: { path: '/v1/events/batch', detail: 'The batch has 501 events; send at most 500 in one request.' },
  duplicate_event_in_request: {
    path: '/v1/events/acknowledge',
    errors: [{ pointer: '/event_ids/1', code: 'duplicate', detail: 'was named before' }],
  },
  unknown_field: {
    path: '/v1/account',
    detail: '/retention_days is not known here',
    errors: [{ pointer: '/retention_days', code: 'unknown_field', detail: 'is not known here' }],
  },
  job_not_found: { path: '/v1/jobs/job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4' },
  job_in_progress: { path: '/v1/events/replay', members: { job_id: 'job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4' } },
  forbidden: { detail: 'The key lacks the scope events:write.' },
  event_not_found: { path: '/v1/events/evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a' },
  method_not_allowed: { detail: 'This path takes POST.' },
  batch_too_large: { path: '/v1/events/batch' },
  idempotency_key_reused: { members: { original_event_id: 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a' } },
  rate_limited: { detail: 'More than 100 requests at once, or 100 a second.' },
  quota_exceeded: { detail: 'The quota of 2592000000 events a month is used up until 2026-12-01T00:00:00.000Z.' },
  too_many_waits: { path: '/v1/inbox', detail: '10 long polls of this partner are open already.' },
};

/** An example of the code's problem document, made by what makes the real ones. */
export function problemExample(code: ErrorCode, publicUrl: string): Json {
  const { path = '/v1/events', ...options } = samples[code] ?? {};
  const error = new ApiError(code, options);
  return { summary: catalogue[code].title, value: problemDocument(error, 'req_5f2b9c01d4e8a736_4k', path, publicUrl) };
}
