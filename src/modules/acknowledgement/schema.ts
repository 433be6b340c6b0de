import { type Static, Type } from '@sinclair/typebox';

export const acknowledgeLimits = { events: 500 } as const;

/** A command without options may come without a body. */
export const AcknowledgeBody = Type.Union([Type.Object({}, { additionalProperties: false }), Type.Null()], { $id: 'AcknowledgeBody' });

export const Acknowledged = Type.Object(
  {
    event_id: Type.String({ description: 'As it was sent.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] }),
    status: Type.Literal('acknowledged', { description: 'It does not come again.' }),
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
    acknowledged: Type.Integer({ description: 'How many are acknowledged by this request.' }),
    already_acknowledged: Type.Integer({ description: 'How many had been before.' }),
    failed: Type.Integer({ description: 'How many are not acknowledged.' }),
    results: Type.Array(
      Type.Object({
        index: Type.Integer({ description: 'Position in the request, from 0.' }),
        event_id: Type.String({ description: 'As it was sent.' }),
        status: Type.Union([Type.Literal('acknowledged'), Type.Literal('failed')], { description: 'What became of it.' }),
        acknowledged_at: Type.Optional(Type.String({ format: 'date-time', description: 'Of the first acknowledgement.' })),
        already_acknowledged: Type.Optional(Type.Boolean({ description: 'True when an earlier request had acknowledged the event.' })),
        error: Type.Optional(
          Type.Object(
            {
              code: Type.String({ description: 'As the `code` of a problem document.', examples: ['event_not_found'] }),
              detail: Type.String({ description: 'What to do. For people; do not parse it.' }),
              retryable: Type.Boolean({ description: 'Whether the same id may succeed later.' }),
            },
            { description: 'Why it failed.' },
          ),
        ),
      }),
      { description: 'One for each id, in the order of the request.' },
    ),
  },
  { $id: 'AcknowledgeBatchResult' },
);
