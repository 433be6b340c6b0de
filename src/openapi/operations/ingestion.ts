import { Type } from '@sinclair/typebox';
import { EventBody, ingestLimits } from '../../modules/ingestion/schema.ts';
import type { OperationDocs } from '../operation-docs.ts';
import { cloudEventBatches, cloudEventBodies } from './cloud-events.ts';

const order = { event_type: 'order.created', timestamp: '2026-11-24T10:30:00.000Z', payload: { order_id: 'order_001', amount: 99.99 } };
const refund = { event_type: 'order.refunded', payload: { order_id: 'order_002', amount: 12.5 }, idempotency_key: 'order_002-refunded' };
const times = { received_at: '2026-11-24T10:30:00.123Z', expires_at: '2026-11-27T10:30:00.123Z' };
const ids = ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a', 'evt_01a20d1a-f4bb-7001-a81e-0c94d7f2635b'];
const replayed = 'IdempotentReplayed';

/** As `BatchBody`, with the items spelled out: the route checks them one by one and answers each by itself. */
const BatchRequest = Type.Union(
  [
    Type.Object({
      events: Type.Array(EventBody, {
        description: 'The events, each as in `POST /v1/events`.',
        minItems: 1,
        maxItems: ingestLimits.batchEvents,
      }),
    }),
    Type.Array(EventBody, { minItems: 1, maxItems: ingestLimits.batchEvents }),
  ],
  { $id: 'BatchRequest', description: '`{"events": […]}` or the bare array; both mean the same.' },
);

export const ingestion: Record<string, OperationDocs> = {
  postEvent: {
    summary: 'Push an event',
    description: `Stores one event. **200 means stored**: it is on disk and will be in your inbox until you acknowledge it or it expires.

- \`payload\` is any JSON object and comes back byte for byte: large numbers, the order of keys and \`1.0\` survive.
- The whole body has at most 256 KiB. Members that are not named here are ignored.
- **To retry safely**, send an \`Idempotency-Key\`. The same key with the same content is stored once: the repetition is answered 200 with the first \`event_id\`, \`duplicate: true\` and \`Idempotent-Replayed: true\`. The same key with other content is 422 \`idempotency_key_reused\`. Without a key, an answer that got lost leaves you to choose between losing the event and having it twice.
- **CloudEvents 1.0** are taken as well: one as \`application/cloudevents+json\` (structured mode), or its data as the body and its attributes as \`ce-\` headers, percent-encoded (binary mode). \`type\` becomes \`event_type\`, \`time\` becomes \`timestamp\`, the data becomes \`payload\`; the other attributes come back as \`cloudevent\`. Data that is not a JSON object comes back as the member \`data\` or \`data_base64\` of the payload. \`source\` and \`id\` are the idempotency key, unless the header \`Idempotency-Key\` is sent: then that alone is.
- On 429 and 503 wait for \`Retry-After\` seconds and send the same again.`,
    tag: 'Ingest',
    headers: ['IdempotencyKey', 'TraceParent', 'CeSpecversion', 'CeId', 'CeSource', 'CeType', 'CeTime'],
    body: {
      description: 'The event.',
      examples: {
        smallest: { summary: 'The least that is needed', value: { event_type: 'order.created', payload: { order_id: 'order_001' } } },
        full: {
          summary: 'With everything',
          value: { ...order, idempotency_key: 'order_001-created', metadata: { source: 'shop-eu' } },
        },
      },
      otherContent: cloudEventBodies,
    },
    answers: {
      200: {
        description: 'Stored, now or by an earlier request with the same idempotency key.',
        headers: [replayed],
        examples: {
          accepted: { summary: 'A new event', value: { event_id: ids[0], status: 'accepted', duplicate: false, ...times } },
          duplicate: {
            summary: 'The idempotency key was used before',
            value: { event_id: ids[0], status: 'accepted', duplicate: true, ...times },
          },
        },
      },
    },
    errors: ['unsupported_specversion', 'idempotency_key_invalid', 'idempotency_key_mismatch', 'idempotency_key_reused', 'quota_exceeded'],
  },
  postEventsBatch: {
    summary: 'Push up to 500 events',
    description: `Stores each event by itself: a bad one never fails its neighbours. **200** when every one is stored, **207** when any failed: then look at \`results\`, which are in the order of the request.

- At most 500 events and 4 MiB in one request, and 256 KiB for each event. It counts as one request of your burst limit.
- A failed item has an \`error\` with the same codes as \`POST /v1/events\`, and says whether the same item may succeed later (\`retryable\`).
- **To retry safely**, send an \`Idempotency-Key\` for the whole batch, or an \`idempotency_key\` in each event. Then repeat the whole request: what was stored is answered \`duplicate\` and not stored again.
- **CloudEvents 1.0** are taken as \`application/cloudevents-batch+json\`, an array that may be empty; each as in \`POST /v1/events\`.
- A 4xx or 5xx for the whole request means that its shape was refused or that no answer could be given; with a key it is safe to repeat.`,
    tag: 'Ingest',
    headers: ['BatchIdempotencyKey', 'TraceParent'],
    body: {
      description: 'The events.',
      schema: BatchRequest,
      examples: {
        object: { summary: 'An object', value: { events: [order, refund] } },
        array: { summary: 'The bare array', value: [order, refund] },
      },
      otherContent: cloudEventBatches,
    },
    answers: {
      200: {
        description: 'Every event is stored.',
        examples: {
          stored: {
            summary: 'One new, one stored before',
            value: {
              accepted: 1,
              duplicates: 1,
              failed: 0,
              results: [
                { index: 0, status: 'accepted', event_id: ids[0] },
                { index: 1, status: 'duplicate', event_id: ids[1] },
              ],
            },
          },
        },
      },
      207: {
        description: 'Some events failed; the others are stored.',
        examples: {
          partly: {
            summary: 'The second has no event_type',
            value: {
              accepted: 1,
              duplicates: 0,
              failed: 1,
              results: [
                { index: 0, status: 'accepted', event_id: ids[0] },
                {
                  index: 1,
                  status: 'failed',
                  error: {
                    code: 'validation_failed',
                    detail: '/events/1/event_type is required',
                    pointer: '/events/1/event_type',
                    retryable: false,
                  },
                },
              ],
            },
          },
        },
      },
    },
    errors: ['empty_batch', 'batch_too_many', 'idempotency_key_invalid', 'quota_exceeded'],
  },
};
