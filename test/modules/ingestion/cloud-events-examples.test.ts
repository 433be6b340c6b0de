import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { cloudEventsClient } from './cloud-events.ts';

/** The examples of the specification: spec.md, json-format.md 3.2 and 4.3, http-protocol-binding.md 3.1.3.2 and 3.1.4, distributed-tracing.md. */
const app = await startTestApp(t);

const extensions = { comexampleextension1: 'value', comexampleothervalue: 5 };
const someEvent = { specversion: '1.0', type: 'com.example.someevent', source: '/mycontext', time: '2018-04-05T17:31:00Z', ...extensions };
const appInfo = { appinfoA: 'abc', appinfoB: 123, appinfoC: true };
const thrift = Buffer.from([0x80, 0x01, 0x00, 0x01, 0xff, 0x00]);

const examples: { name: string; event: Record<string, unknown>; payload: unknown; dataAt: string }[] = [
  {
    name: 'the specification’s own, XML text',
    event: {
      ...extensions,
      specversion: '1.0',
      type: 'com.github.pull_request.opened',
      source: 'https://github.com/cloudevents/spec/pull',
      subject: '123',
      id: 'A234-1234-1234',
      time: '2018-04-05T17:31:00Z',
      datacontenttype: 'text/xml',
      data: '<much wow="xml"/>',
    },
    payload: { data: '<much wow="xml"/>' },
    dataAt: '/payload/data',
  },
  {
    name: 'binary data',
    event: {
      ...someEvent,
      id: 'A234-1234-1234',
      datacontenttype: 'application/vnd.apache.thrift.binary',
      data_base64: thrift.toString('base64'),
    },
    payload: { data_base64: thrift.toString('base64') },
    dataAt: '/payload/data_base64',
  },
  {
    name: 'an XML document as a string',
    event: { ...someEvent, id: 'B234-1234-1234', unsetextension: null, datacontenttype: 'application/xml', data: '<much wow="xml"/>' },
    payload: { data: '<much wow="xml"/>' },
    dataAt: '/payload/data',
  },
  {
    name: 'a JSON object',
    event: { ...someEvent, subject: null, id: 'C234-1234-1234', datacontenttype: 'application/json', data: appInfo },
    payload: appInfo,
    dataAt: '/payload',
  },
  {
    name: 'a JSON string without a content type',
    event: { ...someEvent, subject: null, id: 'D234-1234-1234', data: "I'm just a string" },
    payload: { data: "I'm just a string" },
    dataAt: '/payload/data',
  },
];

/** What comes back: null is not set, and our id of the event is added. */
function given(event: Record<string, unknown>, id: string): Record<string, unknown> {
  return { ...Object.fromEntries(Object.entries(event).filter(([name, value]) => value !== null || name === 'data')), triggersid: id };
}

for (const { name, event, payload, dataAt } of examples) {
  t.test(`structured mode: ${name} comes back as it was sent`, async (t) => {
    const client = await cloudEventsClient(app);
    const sent = await client.send(JSON.stringify(event, undefined, 4), { 'content-type': 'application/cloudevents+json; charset=UTF-8' });
    t.equal(sent.status, 200, sent.text);
    const [plain] = (await client.plain()).json.events;
    t.match(plain, { event_type: event.type, timestamp: '2018-04-05T17:31:00.000Z', payload });
    t.equal(plain.cloudevent.data_at, dataAt);
    t.equal(plain.cloudevent.comexampleothervalue, 5, 'an integer stays one');
    t.same((await client.cloudEvents()).json, [given(event, sent.json.event_id)]);
  });
}

t.test('binary mode: the same events come back, with integers as the text that headers make of them', async (t) => {
  const bodies: (string | Uint8Array)[] = [
    '<much wow="xml"/>',
    thrift,
    '<much wow="xml"/>',
    JSON.stringify(appInfo),
    `"I'm just a string"`,
  ];
  for (const [at, { name, event, payload, dataAt }] of examples.entries()) {
    const client = await cloudEventsClient(app);
    const { data, data_base64, datacontenttype = 'application/json', subject, unsetextension, ...attributes } = event;
    const headers = { ...attributes, ...(subject ? { subject: `${subject}` } : {}), comexampleothervalue: '5' } as Record<string, string>;
    const sent = await client.sendBinary(headers, bodies[at], { 'content-type': datacontenttype as string });
    t.equal(sent.status, 200, `${name}: ${sent.text}`);
    const [plain] = (await client.plain()).json.events;
    t.match(plain, { event_type: event.type, payload, cloudevent: { data_at: dataAt } }, name);
    t.same((await client.cloudEvents()).json, [given({ ...event, datacontenttype, comexampleothervalue: '5' }, sent.json.event_id)], name);
  }
});

t.test('batched mode: two events, one of bytes and one of JSON', async (t) => {
  const client = await cloudEventsClient(app);
  const batch = [
    { ...examples[1]?.event, source: '/mycontext/4', id: 'B234-1234-1234' },
    { ...examples[3]?.event, source: '/mycontext/9', type: 'com.example.someotherevent', time: '2018-04-05T17:31:05Z' },
  ];
  const sent = await client.sendBatch(batch, { 'content-type': 'application/cloudevents-batch+json; charset=UTF-8' });
  t.equal(sent.status, 200, sent.text);
  const ids = sent.json.results.map(({ event_id }: { event_id: string }) => event_id);
  t.same(
    (await client.cloudEvents()).json,
    batch.map((event, at) => given(event, ids[at])),
  );
});

t.test('an empty batch is 200 and stores nothing', async (t) => {
  const client = await cloudEventsClient(app);
  const { status, json } = await client.sendBatch('[]');
  t.equal(status, 200);
  t.same(json, { accepted: 0, duplicates: 0, failed: 0, results: [] });
  t.equal((await client.plain()).json.count, 0);
});

t.test('a header value is percent-decoded once, as UTF-8', async (t) => {
  const client = await cloudEventsClient(app);
  const headers = { subject: 'Euro%20%E2%82%AC%20%F0%9F%98%80', percent: '100%2525', lower: '%e2%82%ac', needless: '%41BC' };
  t.equal((await client.sendBinary(headers)).status, 200);
  const [{ cloudevent }] = (await client.plain()).json.events;
  t.match(cloudevent, { subject: 'Euro € 😀', percent: '100%25', lower: '€', needless: 'ABC' });
});

t.test('the trace of the request is that of the hop; the extension keeps the one that began it', async (t) => {
  const client = await cloudEventsClient(app);
  const start = '00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01';
  const hop = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await client.sendBinary({ id: '1', type: 'example', source: 'http://localhost', traceparent: start }, undefined, { traceparent: hop });
  await client.sendBinary({ id: '2', type: 'example', source: 'http://localhost', traceparent: start });
  await client.sendBinary({ id: '3', type: 'example', source: 'http://localhost' }, undefined, { traceparent: hop });
  const { events } = (await client.plain()).json;
  t.same(
    events.map((event: { trace_parent: string }) => event.trace_parent),
    [hop, start, hop],
  );
  t.same(
    (await client.cloudEvents()).json.map((event: { traceparent: string }) => event.traceparent),
    [start, start, hop],
  );
});
