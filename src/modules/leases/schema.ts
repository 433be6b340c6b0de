import { type Static, Type } from '@sinclair/typebox';
import { eventMembers } from '../../platform/event-json.ts';
import { maxEventTypeFilters, typeFilterPattern } from '../../platform/event-types.ts';
import { leaseLengths } from '../../platform/leases.ts';

export const leaseLimits = {
  receiveEvents: 500,
  /** Bytes of an answer, as of a page of the inbox. */
  receiveBytes: 4 * 1024 * 1024,
  minSeconds: leaseLengths.least,
  maxSeconds: leaseLengths.most,
  waitSeconds: 30,
  /** At once, of one partner. */
  inFlight: 10_000,
} as const;

export const ReceiveBody = Type.Object(
  {
    max_events: Type.Integer({
      minimum: 1,
      maximum: leaseLimits.receiveEvents,
      default: 10,
      description: 'Events to lease; fewer come only when no more are free, or the answer would pass 4 MiB.',
    }),
    lease_seconds: Type.Integer({
      minimum: leaseLimits.minSeconds,
      maximum: leaseLimits.maxSeconds,
      default: 60,
      description: 'How long the events are yours. Longer than your slowest handling; `extend` makes it longer still.',
    }),
    wait_seconds: Type.Integer({
      minimum: 0,
      maximum: leaseLimits.waitSeconds,
      default: 0,
      description: 'Seconds to wait for a first event when none is free.',
    }),
    event_types: Type.Optional(
      Type.Array(Type.String({ pattern: `^${typeFilterPattern}$` }), {
        minItems: 1,
        maxItems: maxEventTypeFilters,
        description: 'Only these types; `order.*` is every type that begins with `order.`.',
        examples: [['order.created', 'customer.*']],
      }),
    ),
    receive_id: Type.Optional(
      Type.String({
        pattern: '^[!-~]{1,64}$',
        description:
          'Of your choice, printable ASCII without spaces, new for each receive: the same again within five minutes gives the same events and tokens.',
      }),
    ),
  },
  { $id: 'ReceiveBody', additionalProperties: false },
);
export type ReceiveBody = Static<typeof ReceiveBody>;

export const LeasedEvent = Type.Object(
  {
    ...eventMembers,
    lease_token: Type.String({
      description: 'Names your lease; send it when you settle the event.',
      examples: ['0c94d7f2-635b-4a81-9e3c-5b2d8e41c07a'],
    }),
    lease_expires_at: Type.String({ format: 'date-time', description: 'When the event becomes free for others, unless you settle it.' }),
  },
  { $id: 'LeasedEvent' },
);

export const Received = Type.Object(
  {
    events: Type.Array(LeasedEvent, { description: 'Oldest first.' }),
    count: Type.Integer({ description: 'Events in this answer.' }),
  },
  { $id: 'Received' },
);
