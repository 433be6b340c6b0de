import { Type } from '@sinclair/typebox';

const count = (description: string) => Type.Integer({ minimum: 0, description });

export const InboxStats = Type.Object(
  {
    pending: count('Events that a poll or a receive would give.'),
    leased: count('Events that a worker holds, or that are on their way from its last lease to the dead letters.'),
    delayed: count('Events that were released for later.'),
    dead_letters: count('Events among the dead letters.'),
    oldest_pending_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'When the oldest pending event was received; null when there is none.',
    }),
    oldest_pending_seconds: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'How long it has been here: how far your workers are behind.',
    }),
    next_available_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'When the next lease or delay ends; null when there is none.',
    }),
    counted_at: Type.String({ format: 'date-time', description: 'The moment at which all of this was so: never before your request.' }),
  },
  { $id: 'InboxStats' },
);
