import { type Static, Type } from '@sinclair/typebox';

/** Limits of one event and one batch; `GET /v1/usage` shows them, OpenAPI states them. */
export const ingestLimits = {
  eventBytes: 256 * 1024,
  batchBytes: 4 * 1024 * 1024,
  batchEvents: 500,
  metadataPairs: 16,
  metadataValueCharacters: 1024,
  idempotencyKeyCharacters: 255,
} as const;

/** Printable ASCII: a key must survive a header, a log line and a database on every platform. */
export const idempotencyKeyPattern = '^[\\x20-\\x7e]{1,255}$';

/** Members that are not named here are ignored: a producer's newer library must not be refused. */
export const EventBody = Type.Object(
  {
    event_type: Type.String({
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,254}$',
      description: 'What happened, such as `order.created`: the word by which inboxes are filtered.',
      examples: ['order.created'],
    }),
    timestamp: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'When it happened at your side, RFC 3339. Default: when we received it.',
        examples: ['2026-11-24T10:30:00.000Z'],
      }),
    ),
    payload: Type.Object(
      {},
      {
        additionalProperties: true,
        description: 'Any JSON object, given back byte for byte.',
        examples: [{ order_id: 'order_001', amount: 99.99 }],
      },
    ),
    idempotency_key: Type.Optional(
      Type.String({
        pattern: idempotencyKeyPattern,
        description: 'Makes a retry safe: the same key and content is stored once. The `Idempotency-Key` header does the same.',
        examples: ['order_001-created'],
      }),
    ),
    metadata: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: ingestLimits.metadataValueCharacters }), {
        maxProperties: ingestLimits.metadataPairs,
        propertyNames: { maxLength: 128 },
        description: 'Up to 16 pairs of text that travel beside the payload.',
        examples: [{ source: 'shop-eu' }],
      }),
    ),
  },
  { $id: 'EventBody', additionalProperties: true },
);
export type EventBody = Static<typeof EventBody>;

export const EventAccepted = Type.Object(
  {
    event_id: Type.String({ description: '`evt_` and a UUIDv7. Never changes.', examples: ['evt_01a20b96-5b00-7000-8000-000000000000'] }),
    status: Type.Literal('accepted'),
    duplicate: Type.Boolean({
      description: 'True when the idempotency key was used before with the same content: `event_id` is the first one.',
    }),
    received_at: Type.String({ format: 'date-time', examples: ['2026-11-24T10:30:00.123Z'] }),
    expires_at: Type.String({
      format: 'date-time',
      description: 'When the event leaves the inbox unacknowledged.',
      examples: ['2026-11-27T10:30:00.123Z'],
    }),
  },
  { $id: 'EventAccepted' },
);

/** The items are checked one by one, so that a bad one never fails its neighbours. */
export const BatchBody = Type.Union(
  [
    Type.Object(
      { events: Type.Array(Type.Unknown(), { description: '1 to 500 events, each as in `POST /v1/events`.' }) },
      { additionalProperties: true },
    ),
    Type.Array(Type.Unknown()),
  ],
  { $id: 'BatchBody', description: '`{"events": […]}` or the bare array.' },
);

export const ItemError = Type.Object(
  {
    code: Type.String({ examples: ['validation_failed'] }),
    detail: Type.String(),
    pointer: Type.Optional(Type.String({ examples: ['/events/2/event_type'] })),
    retryable: Type.Boolean(),
  },
  { $id: 'ItemError', additionalProperties: true },
);

export const BatchResult = Type.Object(
  {
    accepted: Type.Integer(),
    duplicates: Type.Integer(),
    failed: Type.Integer(),
    results: Type.Array(
      Type.Object({
        index: Type.Integer({ description: 'Position in the request, from 0.' }),
        status: Type.Union([Type.Literal('accepted'), Type.Literal('duplicate'), Type.Literal('failed')]),
        event_id: Type.Optional(Type.String()),
        error: Type.Optional(ItemError),
      }),
    ),
  },
  { $id: 'BatchResult' },
);
