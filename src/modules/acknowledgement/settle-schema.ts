import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { at, delay, eventId, itemError, leaseSeconds, reason, strict, token } from './schema.ts';

const list = <Item extends TSchema>(item: Item, description: string) => Type.Optional(Type.Array(item, { description }));

export const SettleBody = Type.Object(
  {
    acknowledge: list(Type.Object({ event_id: eventId, lease_token: Type.Optional(token) }, strict), 'Handled: they do not come again.'),
    release: list(
      Type.Object({ event_id: eventId, lease_token: token, delay_seconds: delay }, strict),
      'Not handled: they come again, at once or after a delay.',
    ),
    reject: list(
      Type.Object({ event_id: eventId, lease_token: Type.Optional(token), reason: Type.Optional(reason) }, strict),
      'Cannot be handled: they go to the dead letters.',
    ),
    extend: list(
      Type.Object({ event_id: eventId, lease_token: token, lease_seconds: leaseSeconds }, strict),
      'Not handled yet: the lease goes on.',
    ),
  },
  { $id: 'SettleBody', ...strict },
);
export type SettleBody = Static<typeof SettleBody>;

export const settleKinds = ['acknowledge', 'release', 'reject', 'extend'] as const;
export type SettleKind = (typeof settleKinds)[number];

export const SettleResult = Type.Object(
  {
    settled: Type.Integer({ description: 'How many are settled as asked, now or before.' }),
    failed: Type.Integer({ description: 'How many are not.' }),
    results: Type.Array(
      Type.Object({
        list: Type.Union(
          settleKinds.map((kind) => Type.Literal(kind)),
          { description: 'The list in which it stood.' },
        ),
        index: Type.Integer({ description: 'Position in that list, from 0.' }),
        event_id: Type.String({ description: 'As it was sent.' }),
        status: Type.Union(
          (['acknowledged', 'released', 'dead_lettered', 'extended', 'failed'] as const).map((status) => Type.Literal(status)),
          { description: 'What became of it.' },
        ),
        acknowledged_at: Type.Optional(at('Of the first acknowledgement.')),
        already_acknowledged: Type.Optional(Type.Boolean({ description: 'True when an earlier request had acknowledged the event.' })),
        available_at: Type.Optional(at('When a released event is free.')),
        reason: Type.Optional(Type.String({ description: 'Why it is among the dead letters.' })),
        dead_lettered_at: Type.Optional(at('Since when it is there.')),
        already_dead_lettered: Type.Optional(Type.Boolean({ description: 'True when an earlier request had moved the event.' })),
        lease_expires_at: Type.Optional(at('The new end of an extended lease.')),
        error: Type.Optional(itemError),
      }),
      { description: 'One for each event: the lists in the order acknowledge, release, reject, extend.' },
    ),
  },
  { $id: 'SettleResult' },
);
