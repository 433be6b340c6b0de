import { Type } from '@sinclair/typebox';
import { eventMembers } from '../../platform/event-json.ts';

export const EventDetails = Type.Object(
  {
    ...eventMembers,
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
