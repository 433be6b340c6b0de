import type { OperationDocs } from '../operation-docs.ts';
import { inboxEvent } from './inbox.ts';

const received = { status: 'received', at: inboxEvent.received_at };
const acknowledged = { status: 'acknowledged', at: '2026-11-24T10:31:07.456Z' };
const expungedAt = '2026-11-24T12:00:00.000Z';
const delivered = { count: 2, replayed: false };

export const events: Record<string, OperationDocs> = {
  listEvents: {
    summary: 'List events',
    description: `Your events that have not expired, in any state, with that state. Reading changes nothing.

- **Looking back**: newest first, which is the default. Walk with \`next_cursor\` until \`has_more\` is false.
- **Following along**, to copy every event elsewhere: \`order=asc\`. There is always a \`next_cursor\`: while \`has_more\` is true go on at once, else ask again with it after a second or so. Each event comes exactly once, in the order in which they were stored, as far as that is known: those of the last minute by their commits, older ones by their ids. An event appears there when every change to the database that began before it has ended; that takes milliseconds, unless one of ours hangs.
- A filter can match little of much. One request looks at 5,000 events at most, or 2,000 with \`order=asc\`; so **a page may have fewer events than \`limit\`, even none, while \`has_more\` is true**. Go on with its cursor.
- With \`order=asc\`, \`status\` is that of the moment at which the page is read: an event that changes later does not come again.
- A cursor is good for the same partner, order and filters. \`limit\` may change.
- \`idempotency_key\` finds the event that your request with this key has stored, which tells you whether it has.

This is no substitute for the inbox, which forgets nothing that you have not acknowledged.`,
    tag: 'Events',
    answers: {
      200: {
        description: 'A page of events.',
        headers: ['NoStore'],
        examples: {
          events: {
            summary: 'One event, and more behind it',
            value: {
              events: [{ ...inboxEvent, delivery: delivered, status: 'leased' }],
              count: 1,
              has_more: true,
              next_cursor: 'ZXZlbnRzIGRlc2MgMSAwMWEyMGQxYS1mNGJi',
            },
          },
          none: { summary: 'Nothing there', value: { events: [], count: 0, has_more: false, next_cursor: null } },
        },
      },
    },
    errors: ['invalid_cursor'],
  },
  getEvent: {
    summary: 'Look an event up',
    description: `One event with its state and history, before and after it is settled, until it expires. Reading changes nothing.

A dead letter lives longer than its event: when the event has expired, look under \`/v1/dead-letters\`.`,
    tag: 'Events',
    answers: {
      200: {
        description: 'The event.',
        headers: ['NoStore'],
        examples: {
          pending: { summary: 'In the inbox', value: { ...inboxEvent, status: 'pending', history: [received] } },
          acknowledged: { summary: 'Acknowledged', value: { ...inboxEvent, status: 'acknowledged', history: [received, acknowledged] } },
          deadLettered: {
            summary: 'Rejected by a worker',
            value: {
              ...inboxEvent,
              delivery: delivered,
              status: 'dead_lettered',
              history: [received, { status: 'dead_lettered', at: '2026-11-24T10:32:00.001Z', reason: 'rejected' }],
            },
          },
          expunged: {
            summary: 'Without its payload',
            value: {
              ...inboxEvent,
              payload: {},
              metadata: null,
              status: 'expunged',
              history: [received, acknowledged, { status: 'expunged', at: expungedAt }],
            },
          },
        },
      },
    },
    errors: ['event_not_found'],
  },
  expungePayload: {
    summary: 'Take the payload of an event away',
    description: `For what must not be kept: payload, metadata and the attributes of a CloudEvent are erased for good, in whatever state the event is. It leaves the inbox and the dead letters, is never delivered again, and cannot be replayed. A worker that has received it already has it.

Its id, type, times, trace and idempotency key stay, so that a retry of the request that sent it does not store it once more. Repeating it does no harm: \`already_expunged\`, with the time of the first.

The database's log and our backups hold the old bytes until they are themselves removed, on their own schedule; deleted rows are overwritten in the background.`,
    tag: 'Events',
    answers: {
      200: {
        description: 'The payload is gone.',
        examples: {
          expunged: { summary: 'Now', value: { event_id: inboxEvent.event_id, status: 'expunged', expunged_at: expungedAt } },
          before: {
            summary: 'By an earlier request',
            value: { event_id: inboxEvent.event_id, status: 'expunged', expunged_at: expungedAt, already_expunged: true },
          },
        },
      },
    },
    errors: ['event_not_found'],
  },
  getInboxStats: {
    summary: 'Count the inbox',
    description: `How many events there are in each state, and how old the oldest pending one is: what to scale your workers by. Exact at \`counted_at\`.

Requests at the same time share a count, and counting takes at most a fifth of the time: with a backlog of a million, an answer may take a second.`,
    tag: 'Inbox',
    answers: {
      200: {
        description: 'The counts.',
        headers: ['NoStore'],
        examples: {
          busy: {
            summary: 'Three workers at it',
            value: {
              pending: 1200,
              leased: 30,
              delayed: 2,
              dead_letters: 1,
              oldest_pending_at: '2026-11-24T10:30:00.123Z',
              oldest_pending_seconds: 67,
              next_available_at: '2026-11-24T10:31:30.000Z',
              counted_at: '2026-11-24T10:31:07.456Z',
            },
          },
          empty: {
            summary: 'Nothing to do',
            value: {
              pending: 0,
              leased: 0,
              delayed: 0,
              dead_letters: 0,
              oldest_pending_at: null,
              oldest_pending_seconds: null,
              next_available_at: null,
              counted_at: '2026-11-24T10:31:07.456Z',
            },
          },
        },
      },
    },
  },
};
