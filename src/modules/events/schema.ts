import { Type } from '@sinclair/typebox';

export const EventDetails = Type.Object(
  {
    event_id: Type.String({ description: 'Never changes.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] }),
    event_type: Type.String({ description: 'As it was sent.', examples: ['order.created'] }),
    timestamp: Type.String({ format: 'date-time', description: 'When it happened, as it was sent, in UTC; else when we received it.' }),
    payload: Type.Object({}, { additionalProperties: true, description: 'The bytes that were sent.' }),
    metadata: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()], { description: 'As it was sent.' }),
    trace_parent: Type.Union([Type.String(), Type.Null()], { description: 'The `traceparent` header with which it was sent.' }),
    received_at: Type.String({ format: 'date-time', description: 'When we received it.' }),
    expires_at: Type.String({ format: 'date-time', description: 'When it is no longer there, acknowledged or not.' }),
    delivery: Type.Object(
      {
        count: Type.Integer({ description: 'How often the event was handed to a worker under a lease.' }),
        replayed: Type.Boolean({ description: 'Whether the event was put back into the inbox after an acknowledgement.' }),
      },
      { description: 'How it was delivered.' },
    ),
    status: Type.Union([Type.Literal('pending'), Type.Literal('acknowledged')], { description: '`pending` while it is in the inbox.' }),
    history: Type.Array(
      Type.Object({
        status: Type.Union([Type.Literal('received'), Type.Literal('acknowledged')], { description: 'What happened.' }),
        at: Type.String({ format: 'date-time', description: 'When it happened.' }),
      }),
      { description: 'What happened to it, in order.' },
    ),
  },
  { $id: 'EventDetails' },
);
