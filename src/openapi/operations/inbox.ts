import { Type } from '@sinclair/typebox';
import { settleLimits } from '../../modules/acknowledgement/schema.ts';
import type { OperationDocs } from '../operation-docs.ts';
import { cloudEventPages } from './cloud-events.ts';

export const inboxEvent = {
  event_id: 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a',
  event_type: 'order.created',
  timestamp: '2026-11-24T10:30:00.000Z',
  metadata: { source: 'shop-eu' },
  trace_parent: null,
  payload: { order_id: 'order_001', amount: 99.99 },
  received_at: '2026-11-24T10:30:00.123Z',
  expires_at: '2026-11-27T10:30:00.123Z',
  delivery: { count: 0, replayed: false },
};
export const otherId = 'evt_01a20d1a-f4bb-7001-a81e-0c94d7f2635b';
export const acknowledgedAt = '2026-11-24T10:31:07.456Z';

/** As `AcknowledgeBatchBody`, with the bounds that have codes of their own. */
const AcknowledgeRequest = Type.Object(
  {
    event_ids: Type.Array(Type.String({ examples: [otherId] }), {
      description: 'The `event_id` of each event.',
      minItems: 1,
      maxItems: settleLimits.events,
      uniqueItems: true,
    }),
  },
  { $id: 'AcknowledgeRequest', additionalProperties: false },
);

export const inbox: Record<string, OperationDocs> = {
  getInbox: {
    summary: 'Read the inbox',
    description: `Your events that are neither acknowledged nor expired, oldest first. Reading changes nothing: an event comes again until you acknowledge it.

- **The simplest client is a loop**: read without a cursor, handle each event, acknowledge it, read again. What you acknowledged is your position, so nothing can be skipped.
- \`limit\` is exact: fewer come only when there are no more, or the page would pass 4 MiB (then \`has_more\` is true).
- \`wait=30\` saves polling: with an empty inbox the answer comes with the first event, or empty after 30 seconds. At most 10 such requests at once. Give your HTTP client a longer time-out than \`wait\`.
- \`cursor\` walks the inbox once without acknowledging. It is good for the same \`event_type\` and partner.
- **CloudEvents**: with \`Accept: application/cloudevents-batch+json\` the answer is an array of CloudEvents 1.0, whichever way the events came; \`has_more\` and \`next_cursor\` are headers then. One that came as a CloudEvent has the attributes and data that it had. Of any other \`id\` is the \`event_id\`, \`source\` is \`/partners/\` and your short name, and \`metadata\` is a text that holds its JSON. Acknowledge by the attribute \`triggersid\`, which every one has.`,
    tag: 'Inbox',
    answers: {
      200: {
        description: 'A page of events; an empty inbox is 200 too.',
        headers: ['NoStore', 'HasMore', 'NextCursor'],
        otherContent: cloudEventPages,
        examples: {
          events: {
            summary: 'One event, and more behind it',
            value: { events: [inboxEvent], count: 1, has_more: true, next_cursor: 'MDFhMjBkMWEtZjRiYi03MDAwLTlmM2M.c2lnbmF0dXJl' },
          },
          empty: { summary: 'Nothing there', value: { events: [], count: 0, has_more: false, next_cursor: null } },
        },
      },
    },
    errors: ['invalid_cursor', 'too_many_waits'],
  },
  acknowledgeEvent: {
    summary: 'Acknowledge an event',
    description: `Says that you have handled the event: it leaves the inbox and does not come again. Acknowledge after your own work is safe, not before.

A worker that received the event under a lease sends its \`lease_token\`: then only the latest holder can acknowledge it, also after the lease has ended.

Repeating it does no harm: it is answered 200 with \`already_acknowledged: true\` and the time of the first. An event that is unknown, expired or of another partner is 404.`,
    tag: 'Inbox',
    body: {
      required: false,
      description: 'Nothing, or the token of a lease. Members that are not known are refused, so that a typo cannot pass unnoticed.',
      examples: {
        empty: { summary: 'No options', value: {} },
        leased: { summary: 'Received under a lease', value: { lease_token: '0c94d7f2-635b-4a81-9e3c-5b2d8e41c07a' } },
      },
    },
    answers: {
      200: {
        description: 'Acknowledged, now or before.',
        examples: {
          acknowledged: {
            summary: 'Now',
            value: { event_id: inboxEvent.event_id, status: 'acknowledged', acknowledged_at: acknowledgedAt },
          },
          before: {
            summary: 'By an earlier request',
            value: { event_id: inboxEvent.event_id, status: 'acknowledged', acknowledged_at: acknowledgedAt, already_acknowledged: true },
          },
        },
      },
    },
    errors: ['event_not_found', 'lease_lost', 'payload_expunged', 'unknown_field'],
  },
  acknowledgeEvents: {
    summary: 'Acknowledge up to 500 events',
    description: `As the single acknowledgement, for many at once: each id is settled by itself. **200** when every one is acknowledged, **207** when any failed: then look at \`results\`, which are in the order of the request.`,
    tag: 'Inbox',
    body: {
      description: 'The ids, each once.',
      schema: AcknowledgeRequest,
      examples: { two: { summary: 'Two events', value: { event_ids: [inboxEvent.event_id, otherId] } } },
    },
    answers: {
      200: {
        description: 'Every event is acknowledged.',
        examples: {
          acknowledged: {
            summary: 'One now, one before',
            value: {
              acknowledged: 1,
              already_acknowledged: 1,
              failed: 0,
              results: [
                { index: 0, event_id: inboxEvent.event_id, status: 'acknowledged', acknowledged_at: acknowledgedAt },
                {
                  index: 1,
                  event_id: otherId,
                  status: 'acknowledged',
                  acknowledged_at: '2026-11-24T10:30:59.001Z',
                  already_acknowledged: true,
                },
              ],
            },
          },
        },
      },
      207: {
        description: 'Some ids failed; the others are acknowledged.',
        examples: {
          partly: {
            summary: 'The second is not known',
            value: {
              acknowledged: 1,
              already_acknowledged: 0,
              failed: 1,
              results: [
                { index: 0, event_id: inboxEvent.event_id, status: 'acknowledged', acknowledged_at: acknowledgedAt },
                {
                  index: 1,
                  event_id: otherId,
                  status: 'failed',
                  error: {
                    code: 'event_not_found',
                    detail: 'Check the id; the event may have expired, or belong to another partner.',
                    retryable: false,
                  },
                },
              ],
            },
          },
        },
      },
    },
    errors: ['empty_batch', 'batch_too_many', 'duplicate_event_in_request', 'unknown_field'],
  },
};
