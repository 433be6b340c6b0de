import { type Static, Type } from '@sinclair/typebox';
import { maxWaitsPerPartner } from '../../pipeline/waits.ts';
import { eventMembers } from '../../platform/event-json.ts';
import { maxEventTypeFilters, typeFilterPattern } from '../../platform/event-types.ts';

export const inboxLimits = {
  pageEvents: 500,
  pageBytes: 4 * 1024 * 1024,
  waitSeconds: 30,
  waitsPerPartner: maxWaitsPerPartner,
  eventTypeFilters: maxEventTypeFilters,
} as const;

export const InboxQuery = Type.Object(
  {
    limit: Type.Integer({
      minimum: 1,
      maximum: inboxLimits.pageEvents,
      default: 100,
      description: 'Events on the page; fewer come only when there are no more, or the page would pass 4 MiB.',
    }),
    cursor: Type.Optional(
      Type.String({ minLength: 1, description: '`next_cursor` of the page before, to walk one pass. A polling loop starts without one.' }),
    ),
    wait: Type.Integer({
      minimum: 0,
      maximum: inboxLimits.waitSeconds,
      default: 0,
      description: 'Seconds to wait for a first event when there is none.',
    }),
    event_type: Type.Optional(
      Type.String({
        pattern: `^${typeFilterPattern}(?:,${typeFilterPattern}){0,${inboxLimits.eventTypeFilters - 1}}$`,
        description: 'Up to 20 types, separated by commas; `order.*` is every type that begins with `order.`.',
        examples: ['order.created,customer.*'],
      }),
    ),
    include_leased: Type.Boolean({
      default: false,
      description: 'Also show events that a worker holds under a lease, or has released with a delay.',
    }),
  },
  { additionalProperties: false },
);
export type InboxQuery = Static<typeof InboxQuery>;

export const InboxEvent = Type.Object(eventMembers, { $id: 'InboxEvent' });

export const InboxPage = Type.Object(
  {
    events: Type.Array(InboxEvent, { description: 'Oldest first.' }),
    count: Type.Integer({ description: 'Events on this page.' }),
    has_more: Type.Boolean({ description: 'Whether there are events behind this page.' }),
    next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'For the page behind this one, as `cursor`. Opaque.' }),
  },
  { $id: 'InboxPage' },
);
