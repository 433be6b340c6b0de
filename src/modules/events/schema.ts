import { type Static, Type } from '@sinclair/typebox';
import { eventMembers } from '../../platform/event-json.ts';
import { maxEventTypeFilters, typeFilterPattern } from '../../platform/event-types.ts';

export const eventsLimits = {
  pageEvents: 500,
  pageBytes: 4 * 1024 * 1024,
} as const;

export const eventStatuses = ['pending', 'leased', 'delayed', 'acknowledged', 'dead_lettered', 'expunged'] as const;
export type EventStatus = (typeof eventStatuses)[number];

const literals = <Text extends string>(texts: readonly Text[], description: string) =>
  Type.Union(
    texts.map((text) => Type.Literal(text)),
    { description },
  );

const status = literals(
  eventStatuses,
  '`pending`: free in the inbox. `leased`: with a worker, or on its way from its last one to the dead letters. `delayed`: released for later. `acknowledged`: settled for good. `dead_lettered`: among the dead letters. `expunged`: its payload was taken away.',
);

export const EventDetails = Type.Object(
  {
    ...eventMembers,
    status,
    history: Type.Array(
      Type.Object({
        status: literals(['received', 'acknowledged', 'dead_lettered', 'expunged'], 'What happened.'),
        at: Type.String({ format: 'date-time', description: 'When it happened.' }),
        reason: Type.Optional(literals(['rejected', 'max_deliveries_exceeded'], 'Only of `dead_lettered`: why.')),
      }),
      { description: 'What happened to it and is still so, in the order of time: a replay or redrive takes away what it undoes.' },
    ),
  },
  { $id: 'EventDetails' },
);

export const EventsQuery = Type.Object(
  {
    status: Type.Optional(
      Type.Unsafe<EventStatus>({ type: 'string', enum: [...eventStatuses], description: 'Only events that are in this state now.' }),
    ),
    event_type: Type.Optional(
      Type.String({
        pattern: `^${typeFilterPattern}(?:,${typeFilterPattern}){0,${maxEventTypeFilters - 1}}$`,
        description: 'Up to 20 types, separated by commas; `order.*` is every type that begins with `order.`.',
        examples: ['order.*'],
      }),
    ),
    from: Type.Optional(
      Type.String({ format: 'date-time', description: 'Only events received at or after it.', examples: ['2026-11-24T10:00:00Z'] }),
    ),
    to: Type.Optional(
      Type.String({ format: 'date-time', description: 'Only events received before it.', examples: ['2026-11-24T11:00:00Z'] }),
    ),
    idempotency_key: Type.Optional(
      Type.String({
        pattern: '^[\\x20-\\x7e]{1,255}$',
        description: 'The one event that holds this key. Not together with `order=asc`.',
        examples: ['order_001-created'],
      }),
    ),
    order: Type.Unsafe<'desc' | 'asc'>({
      type: 'string',
      enum: ['desc', 'asc'],
      default: 'desc',
      description:
        '`desc`: newest first, for looking back. `asc`: in an order in which nothing ever appears behind your cursor, for following along.',
    }),
    limit: Type.Integer({
      minimum: 1,
      maximum: eventsLimits.pageEvents,
      default: 100,
      description: 'Events on the page, at most. With a filter there may be fewer, even none, and `has_more` true.',
    }),
    cursor: Type.Optional(Type.String({ minLength: 1, description: '`next_cursor` of the page before.' })),
  },
  { additionalProperties: false },
);
export type EventsQuery = Static<typeof EventsQuery>;

export const ListedEvent = Type.Object({ ...eventMembers, status }, { $id: 'ListedEvent' });

export const EventsPage = Type.Object(
  {
    events: Type.Array(ListedEvent, { description: 'In the order asked for.' }),
    count: Type.Integer({ description: 'Events on this page.' }),
    has_more: Type.Boolean({ description: 'Whether to go on at once: there may be events behind this page.' }),
    next_cursor: Type.Union([Type.String(), Type.Null()], {
      description: 'For the page behind this one, as `cursor`. With `order=asc` there is always one, for asking again later. Opaque.',
    }),
  },
  { $id: 'EventsPage' },
);

export const Expunged = Type.Object(
  {
    event_id: Type.String({ description: 'As it was sent.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] }),
    status: Type.Literal('expunged', { description: 'Payload and metadata are gone.' }),
    expunged_at: Type.String({ format: 'date-time', description: 'Of the first time; a repetition does not move it.' }),
    already_expunged: Type.Optional(Type.Boolean({ description: 'True when an earlier request had done it.' })),
  },
  { $id: 'Expunged' },
);
