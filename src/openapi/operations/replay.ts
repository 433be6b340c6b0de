import { Type } from '@sinclair/typebox';
import { bulkLimits, RedriveBody, RedriveFilter } from '../../modules/replay/schema.ts';
import type { OperationDocs } from '../operation-docs.ts';
import { inboxEvent, otherId } from './inbox.ts';

const jobId = 'job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4';
const { max_per_second, dry_run } = RedriveBody.properties;
const strict = { additionalProperties: false };

/** As `RedriveBody`, with the bounds that have codes of their own, and as the two commands that it is. */
const RedriveRequest = Type.Union(
  [
    Type.Object(
      {
        event_ids: Type.Array(Type.String({ examples: [otherId] }), {
          description: 'The `event_id` of each.',
          minItems: 1,
          maxItems: bulkLimits.eventsAtOnce,
          uniqueItems: true,
        }),
        max_per_second,
        dry_run,
      },
      strict,
    ),
    Type.Object({ filter: RedriveFilter, max_per_second, dry_run }, strict),
  ],
  { $id: 'RedriveRequest', description: 'Either ids or a filter.' },
);

const backInInbox = {
  description: 'It is in the inbox, by this request or before.',
  examples: {
    back: { summary: 'It came back', value: { event_id: inboxEvent.event_id, status: 'pending' } },
    there: { summary: 'It was there', value: { event_id: inboxEvent.event_id, status: 'pending', already_pending: true } },
  },
};
const noOptions = {
  required: false,
  description: 'Nothing, or an empty object. Members that are not known are refused.',
  examples: { empty: { summary: 'No options', value: {} } },
};
const jobStarted = {
  description: 'They are too many for one request, or for one second of `max_per_second`: a job moves them.',
  examples: {
    job: { summary: 'A job', value: { job_id: jobId, status: 'queued', matched: 48_211 } },
    many: { summary: 'More than are counted', value: { job_id: jobId, status: 'queued', matched: 100_000, matched_at_least: true } },
  },
};
const many = `- **Up to 500 matches are moved at once** and answered 200. More, or more than \`max_per_second\`, are moved by a job: 202 with its \`job_id\`, for \`GET /v1/jobs/{job_id}\`. A partner has one unfinished job at a time: 409 \`job_in_progress\` names it.
- What matches is fixed when you ask: what comes later is left alone. What has left meanwhile in another way is not moved.
- \`dry_run\` only counts. Counting ends after 100,000 matches and after a second; then \`matched_at_least\` is true.`;

export const replay: Record<string, OperationDocs> = {
  redriveDeadLetter: {
    summary: 'Redrive a dead letter',
    description: `Brings a dead letter back into the inbox, as if it had never been delivered: \`delivery.count\` begins at 0 again, older lease tokens no longer count.

It is possible while the event itself has not expired (\`redrivable_until\`). Repeating it does no harm: an event that is in the inbox stays as it is.`,
    tag: 'Dead letters',
    body: noOptions,
    answers: { 200: backInInbox },
    errors: ['event_not_found', 'payload_expunged', 'unknown_field'],
  },
  redriveDeadLetters: {
    summary: 'Redrive many dead letters',
    description: `Brings dead letters back into the inbox: those that \`event_ids\` names, or those that match \`filter\`.

- The filter's \`from\` (included) and \`to\` (not included) are times of \`dead_lettered_at\`. \`{"filter":{}}\` is all of them.
${many}
- Repeating it moves what is still there to be moved. Of \`event_ids\`, those that are no dead letters of yours are \`unmatched\`.`,
    tag: 'Dead letters',
    body: {
      description: 'Either `event_ids` or `filter`. Members that are not known are refused.',
      schema: RedriveRequest,
      examples: {
        ids: { summary: 'Two of them', value: { event_ids: [inboxEvent.event_id, otherId] } },
        filter: {
          summary: 'Those of a bad hour, gently',
          value: {
            filter: {
              reason: 'max_deliveries_exceeded',
              event_types: ['order.*'],
              from: '2026-11-24T10:00:00Z',
              to: '2026-11-24T11:00:00Z',
            },
            max_per_second: 50,
          },
        },
        all: { summary: 'How many there are', value: { filter: {}, dry_run: true } },
      },
    },
    answers: {
      200: {
        description: 'They are back in the inbox, or counted.',
        examples: {
          moved: { summary: 'One of two', value: { matched: 1, moved: 1, unmatched: [otherId] } },
          counted: { summary: 'Counted', value: { matched: 48_211, dry_run: true } },
        },
      },
      202: jobStarted,
    },
    errors: ['empty_batch', 'batch_too_many', 'duplicate_event_in_request', 'unknown_field', 'job_in_progress'],
  },
  replayEvent: {
    summary: 'Replay an event',
    description: `Brings an event back into the inbox that you have acknowledged, or that is a dead letter, until it expires. It comes with \`delivery.replayed: true\` and a count that begins at 0 again.

Repeating it does no harm: an event that is in the inbox stays as it is, leases and all. One whose payload was expunged is 409.`,
    tag: 'Replay',
    body: noOptions,
    answers: { 200: backInInbox },
    errors: ['event_not_found', 'payload_expunged', 'unknown_field'],
  },
  replayEvents: {
    summary: 'Replay many events',
    description: `Brings events back into the inbox that were received in a stretch of time and acknowledged since: for when your side has lost what it had handled.

- \`from\` is included, \`to\` is not. \`limit\` takes the oldest.
- \`status\` says where they are taken from: \`acknowledged\` (unless you say otherwise), \`dead_lettered\` or \`any\` of both. Events in the inbox never match, nor do those whose payload was expunged.
${many}
- Repeating it moves what was acknowledged since.`,
    tag: 'Replay',
    body: {
      description: 'A filter with both times. Members that are not known are refused.',
      examples: {
        hour: { summary: 'An hour', value: { filter: { from: '2026-11-24T10:00:00Z', to: '2026-11-24T11:00:00Z' } } },
        gently: {
          summary: 'Orders of a day, at most 10,000, 100 a second',
          value: {
            filter: { from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z', event_types: ['order.*'], status: 'any' },
            limit: 10_000,
            max_per_second: 100,
          },
        },
        count: {
          summary: 'How many there are',
          value: { filter: { from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' }, dry_run: true },
        },
      },
    },
    answers: {
      200: {
        description: 'They are back in the inbox, or counted.',
        examples: {
          moved: { summary: 'Moved', value: { matched: 312, moved: 312 } },
          counted: { summary: 'Counted', value: { matched: 100_000, matched_at_least: true, dry_run: true } },
        },
      },
      202: jobStarted,
    },
    errors: ['unknown_field', 'job_in_progress'],
  },
  getJob: {
    summary: 'See how far a job has come',
    description: `A redrive or replay of many events. It goes on by itself until it is \`completed\`, also through a restart of the service. A finished job is forgotten after seven days.`,
    tag: 'Replay',
    answers: {
      200: {
        description: 'The job.',
        examples: {
          running: {
            summary: 'On its way',
            value: {
              job_id: jobId,
              kind: 'replay',
              status: 'running',
              matched: 48_211,
              moved: 12_500,
              created_at: '2026-11-24T10:32:00.003Z',
              started_at: '2026-11-24T10:32:00.010Z',
              finished_at: null,
            },
          },
          completed: {
            summary: 'Done',
            value: {
              job_id: jobId,
              kind: 'redrive',
              status: 'completed',
              matched: 1_200,
              moved: 1_199,
              created_at: '2026-11-24T10:32:00.003Z',
              started_at: '2026-11-24T10:32:00.010Z',
              finished_at: '2026-11-24T10:32:01.127Z',
            },
          },
        },
      },
    },
    errors: ['job_not_found'],
  },
};
