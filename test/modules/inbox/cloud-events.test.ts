import t from 'tap';
import { startTestApp } from '../../helper/app.ts';

const { request, addPartner } = await startTestApp(t);
const batched = 'application/cloudevents-batch+json';
const asCloudEvents = { accept: batched };
const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

t.test('an event that came in plain is a CloudEvent of its partner, its payload byte for byte the data', async (t) => {
  const { key, slug } = await addPartner();
  const payload = '{ "n" : 1.0, "same":1,"same":2, "\\u0061":"\\ud800" }';
  const body = `{"payload":${payload},"timestamp":"2026-11-24T12:30:00+02:00","event_type":"order.created"}`;
  const { event_id } = (await request('POST', '/v1/events', { key, body, headers: { traceparent: trace } })).json;
  const { status, headers, text } = await request('GET', '/v1/inbox', { key, headers: asCloudEvents });
  t.equal(status, 200);
  t.match(headers.get('content-type'), /^application\/cloudevents-batch\+json/);
  t.equal(headers.get('cache-control'), 'no-store');
  t.equal(
    text,
    `[{"specversion":"1.0","id":"${event_id}","source":"/partners/${slug}","type":"order.created","time":"2026-11-24T10:30:00.000Z",` +
      `"datacontenttype":"application/json","traceparent":"${trace}","triggersid":"${event_id}","data":${payload}}]`,
  );
});

t.test('metadata goes along as the JSON that a text can hold', async (t) => {
  const { key } = await addPartner();
  const metadata = { payload: '"payload":{}', source: 'shop\n', 'naïve key': 'a\u0085b\ufffe\u{1ffff}\ud800"\\' };
  const body = `{"event_type":"a.b","payload":{"metadata":1},"metadata":${JSON.stringify(metadata, undefined, 2)}}`;
  t.equal((await request('POST', '/v1/events', { key, body })).status, 200);
  const [event] = (await request('GET', '/v1/inbox', { key, headers: asCloudEvents })).json;
  t.same(JSON.parse(event.metadata), metadata);
  t.notMatch(event.metadata, /[\p{Cc}\p{NChar}\p{Cs}]/u, 'nothing that a text of CloudEvents cannot have');
  t.same(event.data, { metadata: 1 });
  t.notOk('traceparent' in event);
});

t.test('every event can be acknowledged by its triggersid, however it came', async (t) => {
  const { key } = await addPartner();
  const headers = { 'content-type': 'application/cloudevents+json' };
  await request('POST', '/v1/events', { key, body: { event_type: 'a.b', payload: {} } });
  await request('POST', '/v1/events', { key, headers, body: { specversion: '1.0', id: '1', source: '/a', type: 'a.b' } });
  const page = (await request('GET', '/v1/inbox', { key, headers: asCloudEvents })).json;
  t.equal(page.length, 2);
  for (const { triggersid } of page) t.equal((await request('PATCH', `/v1/events/${triggersid}/acknowledge`, { key })).status, 200);
  t.same((await request('GET', '/v1/inbox', { key, headers: asCloudEvents })).json, []);
});

t.test('the look-up of an event shows its attributes too', async (t) => {
  const { key } = await addPartner();
  const headers = { 'content-type': 'application/cloudevents+json' };
  const body = { specversion: '1.0', id: '1', source: '/a', type: 'a.b', subject: 's', data: 7 };
  const { event_id } = (await request('POST', '/v1/events', { key, headers, body })).json;
  const { json } = await request('GET', `/v1/events/${event_id}`, { key });
  t.same(json.cloudevent, { specversion: '1.0', id: '1', source: '/a', subject: 's', data_at: '/payload/data' });
  t.same(json.payload, { data: 7 });
});

t.test('a page says in headers whether there is more and where; the cursor is that of the plain inbox', async (t) => {
  const { key } = await addPartner();
  const events = [1, 2, 3].map((n) => ({ event_type: n === 2 ? 'b.b' : 'a.a', payload: { n } }));
  await request('POST', '/v1/events/batch', { key, body: events });
  const first = await request('GET', '/v1/inbox?limit=2', { key, headers: asCloudEvents });
  t.same(
    first.json.map(({ data }: { data: { n: number } }) => data.n),
    [1, 2],
  );
  t.equal(first.headers.get('x-has-more'), 'true');
  const cursor = first.headers.get('x-next-cursor');
  const last = await request('GET', `/v1/inbox?limit=2&cursor=${cursor}`, { key, headers: asCloudEvents });
  t.match(last.json, [{ data: { n: 3 } }]);
  t.equal(last.headers.get('x-has-more'), 'false');
  t.equal(last.headers.get('x-next-cursor'), null);
  const plain = await request('GET', `/v1/inbox?limit=2&cursor=${cursor}`, { key });
  t.match(plain.json, { events: [{ payload: { n: 3 } }], has_more: false });
  t.equal(plain.headers.get('x-has-more'), null);
  const filtered = await request('GET', '/v1/inbox?event_type=b.*', { key, headers: asCloudEvents });
  t.match(filtered.json, [{ type: 'b.b' }]);
  const refused = await request('GET', `/v1/inbox?cursor=${cursor}&event_type=b.*`, { key, headers: asCloudEvents });
  t.equal(refused.headers.get('content-type'), 'application/problem+json');
  t.equal(refused.json.code, 'invalid_cursor');
});

t.test('a wait ends with the first event, for readers of either kind at once, each with its own', async (t) => {
  const { key } = await addPartner();
  const polls = [asCloudEvents, {}, asCloudEvents].map((headers) => request('GET', '/v1/inbox?wait=20', { key, headers }));
  const { event_id } = (await request('POST', '/v1/events', { key, body: { event_type: 'a.b', payload: {} } })).json;
  const [one, plain, other] = await Promise.all(polls);
  t.match(one?.json, [{ triggersid: event_id }]);
  t.match(plain?.json, { events: [{ event_id }] });
  t.match(other?.json, [{ triggersid: event_id }]);
});

t.test('a wait that finds nothing is an empty array', async (t) => {
  const { key } = await addPartner();
  const { status, text, headers } = await request('GET', '/v1/inbox?wait=1', { key, headers: asCloudEvents });
  t.same([status, text, headers.get('x-has-more')], [200, '[]', 'false']);
});

t.test('a page of large events is cut where the plain one is', async (t) => {
  const { key } = await addPartner();
  const payload = { text: 'x'.repeat(250_000) };
  for (const _ of [1, 2]) {
    const body = Array.from({ length: 16 }, () => ({ event_type: 'a.b', payload }));
    t.equal((await request('POST', '/v1/events/batch', { key, body })).status, 200);
  }
  const plain = await request('GET', '/v1/inbox?limit=500', { key });
  const page = await request('GET', '/v1/inbox?limit=500', { key, headers: asCloudEvents });
  t.equal(page.json.length, plain.json.count);
  t.equal(page.headers.get('x-has-more'), 'true');
  t.ok(page.text.length <= 4 * 1024 * 1024);
});

const preferences: [accept: string, cloudEvents: boolean][] = [
  [batched, true],
  ['Application/CloudEvents-Batch+JSON', true],
  [`${batched}; charset=utf-8`, true],
  [`${batched}, application/json;q=0.9`, true],
  [`application/json;q=0.9, ${batched}`, true],
  [`${batched}, application/json`, true],
  [`${batched}, */*`, true],
  [`*/*, ${batched}`, true],
  [`${batched};q=0.5, */*;q=0.1`, true],
  [`application/json, ${batched}`, false],
  [`${batched};q=0.5, application/json`, false],
  [`${batched};q=0.5, application/*`, false],
  [`${batched};q=0, */*`, false],
  ['*/*', false],
  ['application/*', false],
  ['application/cloudevents+json, application/json', false],
];
t.test('CloudEvents are for those who prefer them by name, JSON for everybody else', async (t) => {
  const { key } = await addPartner();
  for (const [accept, cloudEvents] of preferences) {
    const { status, json } = await request('GET', '/v1/inbox', { key, headers: { accept } });
    t.equal(status, 200, accept);
    t.equal(Array.isArray(json), cloudEvents, accept);
  }
});

t.test('who accepts neither is answered 406, with what the route can answer; so are CloudEvents where there are none', async (t) => {
  const { key } = await addPartner();
  for (const accept of ['application/cloudevents+json', `${batched};q=0`, 'text/html']) {
    const { status, json } = await request('GET', '/v1/inbox', { key, headers: { accept } });
    t.equal(status, 406, accept);
    t.match(json, { code: 'not_acceptable', detail: /application\/json or application\/cloudevents-batch\+json/ });
  }
  const { status } = await request('GET', '/v1/account', { key, headers: asCloudEvents });
  t.equal(status, 406);
});
