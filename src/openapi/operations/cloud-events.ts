import { Type } from '@sinclair/typebox';
import { EventBody, ingestLimits } from '../../modules/ingestion/schema.ts';
import { ownIdAttribute } from '../../platform/event-json.ts';
import type { Content } from '../operation-docs.ts';

const text = (description: string, more = {}) => Type.Optional(Type.String({ description, ...more }));

/** The JSON format of CloudEvents 1.0, as the routes check it by hand. */
export const CloudEvent = Type.Object(
  {
    specversion: Type.Literal('1.0', { description: 'The version of CloudEvents.' }),
    id: Type.String({ minLength: 1, description: 'The same for every attempt to send the event.', examples: ['order_001-created'] }),
    source: Type.String({ minLength: 1, description: 'Where it happened, a URI-reference.', examples: ['/shops/eu'] }),
    type: Type.String({
      pattern: EventBody.properties.event_type.pattern as string,
      description: 'What happened: becomes `event_type`.',
      examples: ['order.created'],
    }),
    time: text('When it happened, RFC 3339: becomes `timestamp`.', { format: 'date-time', examples: ['2026-11-24T10:30:00Z'] }),
    subject: text('What in the source it is about.', { minLength: 1, examples: ['order_001'] }),
    dataschema: text('The schema of the data, a URI.', { minLength: 1, examples: ['https://schemas.example.com/order/2'] }),
    datacontenttype: text('The media type of the data; `application/json` when it is not there.', { examples: ['application/json'] }),
    [ownIdAttribute]: text('The `event_id`, for acknowledging. On the way out only: what is sent under this name is ignored.', {
      examples: ['evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'],
    }),
    data: Type.Optional(Type.Unknown({ description: 'Any JSON, given back byte for byte.', examples: [{ order_id: 'order_001' }] })),
    data_base64: text('Data that is bytes, in Base64; not beside `data`.', { contentEncoding: 'base64', examples: ['SGVsbG8='] }),
  },
  {
    $id: 'CloudEvent',
    additionalProperties: Type.Unsafe({ type: ['string', 'integer', 'boolean'] }),
    not: {
      properties: { data: { description: 'Either this,' }, data_base64: { description: 'or this.' } },
      required: ['data', 'data_base64'],
    },
    description:
      'An event in the JSON format of CloudEvents 1.0. Further members are extension attributes: lower-case letters and digits, given back.',
  },
);

const CloudEventsBatch = Type.Array(CloudEvent, { maxItems: ingestLimits.batchEvents });

export const orderCreated = {
  specversion: '1.0',
  id: 'order_001-created',
  source: '/shops/eu',
  type: 'order.created',
  time: '2026-11-24T10:30:00Z',
  subject: 'order_001',
  datacontenttype: 'application/json',
  tenant: 'acme',
  data: { order_id: 'order_001', amount: 99.99 },
};
const labelPrinted = {
  specversion: '1.0',
  id: 'label-77',
  source: '/warehouse',
  type: 'label.printed',
  datacontenttype: 'image/png',
  data_base64: 'iVBORw0KGgo=',
};

/** What `POST /v1/events` takes beside plain events: structured mode, and binary mode under any other content type. */
export const cloudEventBodies: Record<string, Content> = {
  'application/cloudevents+json': {
    schema: CloudEvent,
    examples: {
      json: { summary: 'JSON data', value: orderCreated },
      bytes: { summary: 'Bytes', value: labelPrinted },
    },
  },
  '*/*': {
    schema: { description: 'The data of a CloudEvent in binary mode: any bytes, beside the header `ce-specversion`.' },
    examples: { xml: { summary: 'XML data', value: '<order id="order_001"/>' } },
  },
};

/** What `POST /v1/events/batch` takes beside plain events. */
export const cloudEventBatches: Record<string, Content> = {
  'application/cloudevents-batch+json': {
    schema: CloudEventsBatch,
    examples: { two: { summary: 'Two events', value: [orderCreated, labelPrinted] } },
  },
};

/** What `GET /v1/inbox` answers with when `Accept` prefers it. */
export const cloudEventPages: Record<string, Content> = {
  'application/cloudevents-batch+json': {
    schema: Type.Array(CloudEvent),
    examples: {
      events: {
        summary: 'One that came as a CloudEvent, and one that did not',
        value: [
          { ...orderCreated, [ownIdAttribute]: 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a' },
          {
            specversion: '1.0',
            id: 'evt_01a20d1a-f4bb-7001-a81e-0c94d7f2635b',
            source: '/partners/acme',
            type: 'order.refunded',
            time: '2026-11-24T10:30:00.123Z',
            datacontenttype: 'application/json',
            [ownIdAttribute]: 'evt_01a20d1a-f4bb-7001-a81e-0c94d7f2635b',
            data: { order_id: 'order_002', amount: 12.5 },
          },
        ],
      },
      empty: { summary: 'Nothing there', value: [] },
    },
  },
};
