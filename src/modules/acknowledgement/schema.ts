import { type Static, Type } from '@sinclair/typebox';

export const acknowledgeLimits = { events: 500 } as const;

/** A command without options may come without a body. */
export const AcknowledgeBody = Type.Union([Type.Object({}, { additionalProperties: false }), Type.Null()], { $id: 'AcknowledgeBody' });

export const Acknowledged = Type.Object(
  {
    event_id: Type.String({ examples: ['evt_01a20b96-5b00-7000-8000-000000000000'] }),
    status: Type.Literal('acknowledged'),
    acknowledged_at: Type.String({ format: 'date-time', description: 'Of the first acknowledgement; later ones do not move it.' }),
    already_acknowledged: Type.Optional(Type.Boolean({ description: 'True when an earlier request had acknowledged the event.' })),
  },
  { $id: 'Acknowledged' },
);

export const AcknowledgeBatchBody = Type.Object(
  { event_ids: Type.Array(Type.String(), { description: '1 to 500 ids, each once.' }) },
  { $id: 'AcknowledgeBatchBody', additionalProperties: false },
);
export type AcknowledgeBatchBody = Static<typeof AcknowledgeBatchBody>;

export const AcknowledgeBatchResult = Type.Object(
  {
    acknowledged: Type.Integer(),
    already_acknowledged: Type.Integer(),
    failed: Type.Integer(),
    results: Type.Array(
      Type.Object({
        index: Type.Integer(),
        event_id: Type.String(),
        status: Type.Union([Type.Literal('acknowledged'), Type.Literal('failed')]),
        acknowledged_at: Type.Optional(Type.String({ format: 'date-time' })),
        already_acknowledged: Type.Optional(Type.Boolean()),
        error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String(), retryable: Type.Boolean() })),
      }),
    ),
  },
  { $id: 'AcknowledgeBatchResult' },
);
