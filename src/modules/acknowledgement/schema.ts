import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { leaseLengths } from '../../platform/leases.ts';

export const settleLimits = {
  /** In one request, of all kinds together. */
  events: 500,
  delaySeconds: 43_200,
  reasonCharacters: 500,
  /** Of a lease with all its extensions. */
  leaseSecondsInAll: leaseLengths.inAll,
} as const;

export const token = Type.String({
  description: 'The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease.',
});
export const delay = Type.Integer({
  minimum: 0,
  maximum: settleLimits.delaySeconds,
  default: 0,
  description: 'Seconds before it is given out again.',
});
export const reason = Type.String({
  minLength: 1,
  maxLength: settleLimits.reasonCharacters,
  // A NUL is a character that the database has no place for, and \u0001 parts the reasons on their way there.
  pattern: '^[^\\u0000\\u0001]*$',
  description: 'Why, for whoever looks at the dead letters.',
});
export const leaseSeconds = Type.Integer({
  minimum: leaseLengths.least,
  maximum: leaseLengths.most,
  description: 'Seconds from now; 12 hours from the receive at most.',
});
export const eventId = Type.String({ description: 'The `event_id` of the event.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] });
export const at = (description: string) => Type.String({ format: 'date-time', description });

export const strict = { additionalProperties: false };

/** A command without options may come without a body. */
const optional = <Members extends TSchema>(members: Members, $id: string) => Type.Union([members, Type.Null()], { $id });

export const AcknowledgeBody = optional(Type.Object({ lease_token: Type.Optional(token) }, strict), 'AcknowledgeBody');
export const RejectBody = optional(Type.Object({ lease_token: Type.Optional(token), reason: Type.Optional(reason) }, strict), 'RejectBody');
export const ReleaseBody = Type.Object({ lease_token: token, delay_seconds: delay }, { $id: 'ReleaseBody', ...strict });
export const ExtendBody = Type.Object({ lease_token: token, lease_seconds: leaseSeconds }, { $id: 'ExtendBody', ...strict });
export type AcknowledgeBody = Static<typeof AcknowledgeBody>;
export type RejectBody = Static<typeof RejectBody>;
export type ReleaseBody = Static<typeof ReleaseBody>;
export type ExtendBody = Static<typeof ExtendBody>;

export const Acknowledged = Type.Object(
  {
    event_id: Type.String({ description: 'As it was sent.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] }),
    status: Type.Literal('acknowledged', { description: 'It does not come again.' }),
    acknowledged_at: at('Of the first acknowledgement; later ones do not move it.'),
    already_acknowledged: Type.Optional(Type.Boolean({ description: 'True when an earlier request had acknowledged the event.' })),
  },
  { $id: 'Acknowledged' },
);

const deadLetterMembers = {
  event_id: eventId,
  status: Type.Literal('dead_lettered', { description: 'It is among the dead letters.' }),
  reason: Type.Union([Type.Literal('rejected'), Type.Literal('max_deliveries_exceeded')], { description: 'Why it is there.' }),
  dead_lettered_at: at('Since when; a repetition does not move it.'),
  already_dead_lettered: Type.Optional(Type.Boolean({ description: 'True when an earlier request had moved the event.' })),
};

export const DeadLettered = Type.Object(deadLetterMembers, { $id: 'DeadLettered' });
export const Released = Type.Union(
  [
    Type.Object({
      event_id: eventId,
      status: Type.Literal('released', { description: 'It is, or will be, free for the next receive.' }),
      available_at: at('From when on.'),
    }),
    Type.Object(deadLetterMembers, { description: 'The event was on its last delivery.' }),
  ],
  { $id: 'Released' },
);
export const Extended = Type.Object(
  {
    event_id: eventId,
    status: Type.Literal('extended', { description: 'The lease goes on.' }),
    lease_expires_at: at('Its new end.'),
  },
  { $id: 'Extended' },
);

export const AcknowledgeBatchBody = Type.Object(
  { event_ids: Type.Array(Type.String(), { description: '1 to 500 ids, each once.' }) },
  { $id: 'AcknowledgeBatchBody', ...strict },
);
export type AcknowledgeBatchBody = Static<typeof AcknowledgeBatchBody>;

export const itemError = Type.Object(
  {
    code: Type.String({ description: 'As the `code` of a problem document.', examples: ['event_not_found'] }),
    detail: Type.String({ description: 'What to do. For people; do not parse it.' }),
    retryable: Type.Boolean({ description: 'Whether the same may succeed later.' }),
  },
  { description: 'Why it failed.' },
);

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
        acknowledged_at: Type.Optional(at('Of the first acknowledgement.')),
        already_acknowledged: Type.Optional(Type.Boolean({ description: 'True when an earlier request had acknowledged the event.' })),
        error: Type.Optional(itemError),
      }),
      { description: 'One for each id, in the order of the request.' },
    ),
  },
  { $id: 'AcknowledgeBatchResult' },
);
