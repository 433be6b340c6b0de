import { type Static, Type } from '@sinclair/typebox';
import { maxEventTypeFilters, typeFilterPattern } from '../../platform/event-types.ts';

export const bulkLimits = {
  /** Ids that one redrive names, and events that one request moves before it answers. */
  eventsAtOnce: 500,
  /** Matches that are counted before a request is answered. */
  countedMatches: 100_000,
  maxPerSecond: 10_000,
  maxReplayed: 10_000_000,
  /** Seconds for which a finished job can be asked for. */
  jobKeptSeconds: 7 * 86_400,
} as const;

const strict = { additionalProperties: false };

const eventId = Type.String({ description: 'As it was sent.', examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] });
const eventTypes = Type.Array(Type.String({ pattern: `^${typeFilterPattern}$` }), {
  minItems: 1,
  maxItems: maxEventTypeFilters,
  description: 'Only these types; `order.*` is every type that begins with `order.`.',
  examples: [['order.created', 'customer.*']],
});
const time = (description: string, example: string) => Type.String({ format: 'date-time', description, examples: [example] });
const maxPerSecond = Type.Integer({
  minimum: 1,
  maximum: bulkLimits.maxPerSecond,
  description: 'At most so many events a second. Fewer than there are matches: a job does it.',
});
const dryRun = Type.Boolean({ default: false, description: 'Only count what matches; nothing is changed.' });

/** A command without options may come without a body. */
export const NoOptions = Type.Union([Type.Object({}, strict), Type.Null()], { $id: 'NoOptions' });

export const RedriveFilter = Type.Object(
  {
    reason: Type.Optional(
      Type.Union([Type.Literal('rejected'), Type.Literal('max_deliveries_exceeded')], {
        description: 'Only those that are there for this reason.',
      }),
    ),
    event_types: Type.Optional(eventTypes),
    from: Type.Optional(time('Only those of this `dead_lettered_at` or a later one.', '2026-11-24T00:00:00Z')),
    to: Type.Optional(time('Only those of an earlier `dead_lettered_at`.', '2026-11-25T00:00:00Z')),
  },
  { ...strict, description: 'All that matches; `{}` is every dead letter.' },
);

export const RedriveBody = Type.Object(
  {
    event_ids: Type.Optional(Type.Array(Type.String(), { description: '1 to 500 ids, each once. Either this or `filter`.' })),
    filter: Type.Optional(RedriveFilter),
    max_per_second: Type.Optional(maxPerSecond),
    dry_run: dryRun,
  },
  { $id: 'RedriveBody', ...strict },
);
export type RedriveBody = Static<typeof RedriveBody>;

export const ReplayBody = Type.Object(
  {
    filter: Type.Object(
      {
        from: time('Only events received at this time or later.', '2026-11-24T00:00:00Z'),
        to: time('Only events received earlier than this.', '2026-11-25T00:00:00Z'),
        event_types: Type.Optional(eventTypes),
        status: Type.Union([Type.Literal('acknowledged'), Type.Literal('dead_lettered'), Type.Literal('any')], {
          default: 'acknowledged',
          description: 'Where they are now; `any` is either. What is in the inbox never matches: it is there already.',
        }),
      },
      { ...strict, description: 'All that matches.' },
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: bulkLimits.maxReplayed, description: 'At most so many, the oldest of those that match.' }),
    ),
    max_per_second: Type.Optional(maxPerSecond),
    dry_run: dryRun,
  },
  { $id: 'ReplayBody', ...strict },
);
export type ReplayBody = Static<typeof ReplayBody>;

export const BackInInbox = Type.Object(
  {
    event_id: eventId,
    status: Type.Literal('pending', { description: 'It is in the inbox.' }),
    already_pending: Type.Optional(Type.Boolean({ description: 'True when it was there before: nothing was changed.' })),
  },
  { $id: 'BackInInbox' },
);

const matched = Type.Integer({ description: 'Events that match.' });
const moved = Type.Integer({ description: 'Events that are back in the inbox by this.' });
const matchedAtLeast = Type.Optional(
  Type.Boolean({
    description: 'True when there are, or may be, more than `matched`: counting ends after 100,000, and after a second.',
  }),
);

const counts = {
  matched,
  matched_at_least: matchedAtLeast,
  moved: Type.Optional(moved),
  dry_run: Type.Optional(Type.Boolean({ description: 'True when nothing was to be changed; there is no `moved` then.' })),
};
export const Redriven = Type.Object(
  {
    ...counts,
    unmatched: Type.Optional(
      Type.Array(Type.String({ examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'] }), {
        description: 'Of the `event_ids`, those that are no dead letters of yours, or have expired.',
      }),
    ),
  },
  { $id: 'Redriven' },
);
export const Replayed = Type.Object(counts, { $id: 'Replayed' });

const jobId = Type.String({ description: 'For `GET /v1/jobs/{job_id}`.', examples: ['job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4'] });

export const JobStarted = Type.Object(
  {
    job_id: jobId,
    status: Type.Literal('queued', { description: 'It begins at once.' }),
    matched,
    matched_at_least: matchedAtLeast,
  },
  { $id: 'JobStarted' },
);

const nullableTime = (description: string) => Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description });

export const Job = Type.Object(
  {
    job_id: jobId,
    kind: Type.Union([Type.Literal('redrive'), Type.Literal('replay')], { description: 'What it does.' }),
    status: Type.Union(
      (['queued', 'running', 'completed', 'failed'] as const).map((status) => Type.Literal(status)),
      { description: '`failed` is our failure: what was moved stays moved, and the same command again does the rest.' },
    ),
    matched,
    matched_at_least: matchedAtLeast,
    moved: Type.Integer({
      description: 'Events that are back in the inbox so far. In the end fewer than `matched` when some left meanwhile in another way.',
    }),
    created_at: Type.String({ format: 'date-time', description: 'When it was asked for. What comes later does not match.' }),
    started_at: nullableTime('When the first portion was moved.'),
    finished_at: nullableTime('When it ended; a week later it is forgotten.'),
  },
  { $id: 'Job' },
);
