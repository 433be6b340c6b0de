import type { OperationDocs } from '../operation-docs.ts';
import { acknowledgedAt, inboxEvent, otherId } from './inbox.ts';

const token = '0c94d7f2-635b-4a81-9e3c-5b2d8e41c07a';
const otherToken = '7e1b2c3d-4f50-4617-8a9b-0c1d2e3f4a5b';
const leasedEvent = {
  ...inboxEvent,
  delivery: { count: 1, replayed: false },
  lease_token: token,
  lease_expires_at: '2026-11-24T10:31:00.123Z',
};
const deadLettered = { event_id: inboxEvent.event_id, status: 'dead_lettered', dead_lettered_at: acknowledgedAt };
const lostLease = {
  code: 'lease_lost',
  detail: 'Drop the work: the event was handed out again, or is a dead letter. Its newer holder settles it.',
  retryable: false,
};

export const leases: Record<string, OperationDocs> = {
  receiveEvents: {
    summary: 'Lease events',
    description: `For several workers that share the inbox: gives the oldest free events, each to one worker at a time, and counts a delivery of each.

- **Handle, then settle** with the event's \`lease_token\`: acknowledge, release, reject or extend. What you do not settle is free again when its lease ends, for you or another worker.
- Make \`lease_seconds\` longer than your slowest handling. A late settlement still counts while nobody else has received the event; after that it is 409 \`lease_lost\`.
- \`wait_seconds\` works as \`wait\` on \`GET /v1/inbox\`, and also ends when a lease lapses or a delayed release is due. Polls and receives share the 10 waits of a partner.
- Send a new \`receive_id\` with each receive: when its answer is lost, the same again within five minutes gives the same events and tokens. An answer to a client that has gone away is taken back, unless it has been repeated by then.
- An event that was given out as often as \`max_deliveries\` of your account says, and not settled, becomes a dead letter when its last lease ends.
- 10,000 leases may be open at once.

Besides the scope below the key needs \`inbox:read\`: what it takes, it reads.`,
    tag: 'Leases',
    body: {
      description: 'Every member has a default. Members that are not known are refused.',
      examples: {
        worker: { summary: 'A worker’s loop', value: { max_events: 10, lease_seconds: 60, wait_seconds: 20, receive_id: 'worker-1:4711' } },
        some: { summary: 'Only some types', value: { max_events: 100, event_types: ['order.created', 'customer.*'] } },
      },
    },
    answers: {
      200: {
        description: 'The leased events; when none is free, 200 too.',
        headers: ['NoStore'],
        examples: {
          events: { summary: 'One event', value: { events: [leasedEvent], count: 1 } },
          empty: { summary: 'Nothing free', value: { events: [], count: 0 } },
        },
      },
    },
    errors: ['unknown_field', 'too_many_waits', 'too_many_leases'],
  },
  releaseEvent: {
    summary: 'Give a leased event back',
    description: `For an event that you cannot handle now: it is free again at once or after \`delay_seconds\`, for any worker. The delivery stays counted; on its last one the event becomes a dead letter instead, and the answer says so.

Repeating it does no harm.`,
    tag: 'Leases',
    body: {
      description: 'The token of the lease. Members that are not known are refused.',
      examples: {
        later: { summary: 'Again in five minutes', value: { lease_token: token, delay_seconds: 300 } },
        now: { summary: 'Free at once', value: { lease_token: token } },
      },
    },
    answers: {
      200: {
        description: 'Given back.',
        examples: {
          released: {
            summary: 'Free in five minutes',
            value: { event_id: inboxEvent.event_id, status: 'released', available_at: '2026-11-24T10:36:07.456Z' },
          },
          dead: { summary: 'It was the last delivery', value: { ...deadLettered, reason: 'max_deliveries_exceeded' } },
        },
      },
    },
    errors: ['event_not_found', 'lease_lost', 'event_not_leased', 'payload_expunged', 'unknown_field'],
  },
  rejectEvent: {
    summary: 'Reject an event',
    description: `For an event that can never be handled: it goes to the dead letters at once, with your reason, and comes no more until somebody redrives it. Without a token it rejects any event of the inbox.

Repeating it does no harm: \`already_dead_lettered\` is true then.`,
    tag: 'Leases',
    body: {
      required: false,
      description: 'Nothing, or a token and a reason. Members that are not known are refused.',
      examples: {
        reason: { summary: 'With a reason', value: { lease_token: token, reason: 'order_id is not one of ours' } },
        empty: { summary: 'No options', value: {} },
      },
    },
    answers: {
      200: {
        description: 'It is a dead letter.',
        examples: {
          rejected: { summary: 'Rejected', value: { ...deadLettered, reason: 'rejected' } },
          before: { summary: 'By an earlier request', value: { ...deadLettered, reason: 'rejected', already_dead_lettered: true } },
        },
      },
    },
    errors: ['event_not_found', 'lease_lost', 'payload_expunged', 'unknown_field'],
  },
  extendLease: {
    summary: 'Extend a lease',
    description:
      'For an event whose handling takes longer: the lease ends `lease_seconds` from now. With all its extensions a lease lasts 12 hours at most.',
    tag: 'Leases',
    body: {
      description: 'The token and the seconds. Members that are not known are refused.',
      examples: { minutes: { summary: 'Ten more minutes', value: { lease_token: token, lease_seconds: 600 } } },
    },
    answers: {
      200: {
        description: 'The lease goes on.',
        examples: {
          extended: {
            summary: 'Extended',
            value: { event_id: inboxEvent.event_id, status: 'extended', lease_expires_at: '2026-11-24T10:41:07.456Z' },
          },
        },
      },
    },
    errors: ['event_not_found', 'lease_lost', 'event_not_leased', 'lease_limit', 'payload_expunged', 'unknown_field'],
  },
  settleEvents: {
    summary: 'Settle up to 500 events',
    description: `As the single commands, for many at once and of every kind: each event is settled by itself. **200** when every one is, **207** when any failed: then look at \`results\`, in the order of the lists \`acknowledge\`, \`release\`, \`reject\`, \`extend\`.`,
    tag: 'Leases',
    body: {
      description: 'At least one event in one of the lists, each event once. Members that are not known are refused.',
      examples: {
        mixed: {
          summary: 'One handled, one to come again',
          value: {
            acknowledge: [{ event_id: inboxEvent.event_id, lease_token: token }],
            release: [{ event_id: otherId, lease_token: otherToken, delay_seconds: 60 }],
          },
        },
      },
    },
    answers: {
      200: {
        description: 'Every event is settled.',
        examples: {
          settled: {
            summary: 'Both',
            value: {
              settled: 2,
              failed: 0,
              results: [
                { list: 'acknowledge', index: 0, event_id: inboxEvent.event_id, status: 'acknowledged', acknowledged_at: acknowledgedAt },
                { list: 'release', index: 0, event_id: otherId, status: 'released', available_at: '2026-11-24T10:32:07.456Z' },
              ],
            },
          },
        },
      },
      207: {
        description: 'Some failed; the others are settled.',
        examples: {
          partly: {
            summary: 'The second was handed out again',
            value: {
              settled: 1,
              failed: 1,
              results: [
                { list: 'acknowledge', index: 0, event_id: inboxEvent.event_id, status: 'acknowledged', acknowledged_at: acknowledgedAt },
                { list: 'release', index: 0, event_id: otherId, status: 'failed', error: lostLease },
              ],
            },
          },
        },
      },
    },
    errors: ['empty_batch', 'batch_too_many', 'duplicate_event_in_request', 'unknown_field'],
  },
};
