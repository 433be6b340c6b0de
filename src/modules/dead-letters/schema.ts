import { type Static, Type } from '@sinclair/typebox';
import { eventMembers } from '../../platform/event-json.ts';
import { maxEventTypeFilters, typeFilterPattern } from '../../platform/event-types.ts';

export const deadLetterLimits = { pageEvents: 500, pageBytes: 4 * 1024 * 1024 } as const;

const reasons = [Type.Literal('rejected'), Type.Literal('max_deliveries_exceeded')];

export const DeadLettersQuery = Type.Object(
  {
    limit: Type.Integer({
      minimum: 1,
      maximum: deadLetterLimits.pageEvents,
      default: 100,
      description: 'Dead letters on the page; fewer come only when there are no more, or the page would pass 4 MiB.',
    }),
    cursor: Type.Optional(
      Type.String({ minLength: 1, description: '`next_cursor` of the page before. It is good for the same `reason` and `event_type`.' }),
    ),
    reason: Type.Optional(Type.Union(reasons, { description: 'Only those that are there for this reason.' })),
    event_type: Type.Optional(
      Type.String({
        pattern: `^${typeFilterPattern}(?:,${typeFilterPattern}){0,${maxEventTypeFilters - 1}}$`,
        description: 'Up to 20 types, separated by commas; `order.*` is every type that begins with `order.`.',
        examples: ['order.created,customer.*'],
      }),
    ),
  },
  { additionalProperties: false },
);
export type DeadLettersQuery = Static<typeof DeadLettersQuery>;

export const DeadLetter = Type.Object(
  {
    ...eventMembers,
    expires_at: Type.String({
      format: 'date-time',
      description: 'When it leaves the dead letters: your retention after `dead_lettered_at`.',
    }),
    reason: Type.Union(reasons, { description: 'Why it is here.' }),
    detail: Type.Union([Type.String(), Type.Null()], { description: 'The `reason` that was given with the reject.' }),
    dead_lettered_at: Type.String({ format: 'date-time', description: 'Since when it is here.' }),
    redrivable_until: Type.String({
      format: 'date-time',
      description: 'When the event itself expires: until then it can be redriven, afterwards only be read and deleted.',
    }),
  },
  { $id: 'DeadLetter' },
);

export const DeadLetterPage = Type.Object(
  {
    dead_letters: Type.Array(DeadLetter, { description: 'Newest first, by `dead_lettered_at`.' }),
    count: Type.Integer({ description: 'Dead letters on this page.' }),
    has_more: Type.Boolean({ description: 'Whether there are more behind this page.' }),
    next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'For the page behind this one, as `cursor`. Opaque.' }),
  },
  { $id: 'DeadLetterPage' },
);

export const DeadLetterDeleted = Type.Object(
  {
    event_id: Type.String({ description: 'As it was sent.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] }),
    status: Type.Literal('deleted', { description: 'The event is gone, with its payload.' }),
  },
  { $id: 'DeadLetterDeleted' },
);
