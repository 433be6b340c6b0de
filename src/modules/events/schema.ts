import { Type } from '@sinclair/typebox';

export const EventDetails = Type.Object(
  {
    event_id: Type.String({ examples: ['evt_01a20b96-5b00-7000-8000-000000000000'] }),
    event_type: Type.String({ examples: ['order.created'] }),
    timestamp: Type.String({ format: 'date-time' }),
    payload: Type.Object({}, { additionalProperties: true, description: 'The bytes that were sent.' }),
    metadata: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
    trace_parent: Type.Union([Type.String(), Type.Null()]),
    received_at: Type.String({ format: 'date-time' }),
    expires_at: Type.String({ format: 'date-time' }),
    delivery: Type.Object({ count: Type.Integer(), replayed: Type.Boolean() }),
    status: Type.Union([Type.Literal('pending'), Type.Literal('acknowledged')]),
    history: Type.Array(
      Type.Object({
        status: Type.Union([Type.Literal('received'), Type.Literal('acknowledged')]),
        at: Type.String({ format: 'date-time' }),
      }),
    ),
  },
  { $id: 'EventDetails' },
);
