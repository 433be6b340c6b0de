import { type Static, Type } from '@sinclair/typebox';

/** Limits of one event and one batch; `GET /v1/usage` shows them, OpenAPI states them. */
export const ingestLimits = {
  eventBytes: 256 * 1024,
  batchBytes: 4 * 1024 * 1024,
  batchEvents: 500,
  metadataPairs: 16,
  metadataValueBytes: 1024,
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
      // Not Type.Record: its pattern `.*` lets a name with a line end pass with a value of any kind.
      Type.Unsafe<Record<string, string>>(
        Type.Object(
          {},
          {
            additionalProperties: Type.String({
              maxLength: ingestLimits.metadataValueBytes,
              'x-max-bytes': ingestLimits.metadataValueBytes,
            }),
            maxProperties: ingestLimits.metadataPairs,
            propertyNames: { maxLength: 128 },
            description: 'Up to 16 pairs of text that travel beside the payload, each value at most 1,024 bytes in UTF-8.',
            examples: [{ source: 'shop-eu' }],
          },
        ),
      ),
    ),
  },
  { $id: 'EventBody', additionalProperties: true },
);
export type EventBody = Static<typeof EventBody>;

export const EventAccepted = Type.Object(
  {
    event_id: Type.String({ description: '`evt_` and a UUIDv7. Never changes.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] }),
    status: Type.Literal('accepted', { description: 'Also for a duplicate: the event is stored.' }),
    duplicate: Type.Boolean({
      description: 'True when the idempotency key was used before with the same content: `event_id` is the first one.',
    }),
    received_at: Type.String({ format: 'date-time', description: 'When we received it.', examples: ['2026-11-24T10:30:00.123Z'] }),
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
    code: Type.String({ description: 'As the `code` of a problem document.', examples: ['validation_failed'] }),
    detail: Type.String({ description: 'What is wrong with the item. For people; do not parse it.' }),
    pointer: Type.Optional(Type.String({ description: 'JSON pointer to what is wrong.', examples: ['/events/2/event_type'] })),
    retryable: Type.Boolean({ description: 'Whether the same item may succeed later. If false, change it first.' }),
    original_event_id: Type.Optional(Type.String({ description: 'With `idempotency_key_reused`: the event that has the key.' })),
  },
  { $id: 'ItemError', additionalProperties: true },
);

export const BatchResult = Type.Object(
  {
    accepted: Type.Integer({ description: 'How many are newly stored.' }),
    duplicates: Type.Integer({ description: 'How many were stored before under the same idempotency key.' }),
    failed: Type.Integer({ description: 'How many are not stored.' }),
    results: Type.Array(
      Type.Object({
        index: Type.Integer({ description: 'Position in the request, from 0.' }),
        status: Type.Union([Type.Literal('accepted'), Type.Literal('duplicate'), Type.Literal('failed')], {
          description: 'What became of it.',
        }),
        event_id: Type.Optional(Type.String({ description: 'Unless it failed. That of the first event for a duplicate.' })),
        error: Type.Optional(ItemError),
      }),
      { description: 'One for each item, in the order of the request.' },
    ),
  },
  { $id: 'BatchResult' },
);
