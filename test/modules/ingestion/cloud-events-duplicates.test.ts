import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { cloudEventsClient, required } from './cloud-events.ts';
import { isProblem } from './problems.ts';

const app = await startTestApp(t);
const event = { ...required, time: '2018-04-05T17:31:00Z', data: { n: 1 } };

t.test('the same source and id with the same content is one event, and says so', async (t) => {
  const client = await cloudEventsClient(app);
  const first = await client.send(event);
  const again = await client.send(event);
  t.match(again.json, { event_id: first.json.event_id, duplicate: true });
  t.equal(again.headers.get('idempotent-replayed'), 'true');
  t.match((await client.sendBatch([event])).json, { duplicates: 1, results: [{ event_id: first.json.event_id }] });
  t.equal((await client.plain()).json.count, 1);
});

t.test('another source or another id is another event', async (t) => {
  const client = await cloudEventsClient(app);
  const others = [
    event,
    { ...event, source: '/other' },
    { ...event, id: 'other' },
    { ...event, source: '/mycontext/A', id: '234-1234-1234' },
  ];
  for (const other of others) t.match((await client.send(other)).json, { duplicate: false });
});

t.test('the same source and id with other content is refused, as any other key', async (t) => {
  const client = await cloudEventsClient(app);
  const first = await client.send(event);
  const changes = [{ data: { n: 2 } }, { type: 'other' }, { subject: 'x' }, { time: '2018-04-05T17:31:01Z' }, { extension: 1 }];
  for (const change of changes) {
    const answer = await client.send({ ...event, ...change });
    isProblem(t, answer, 422, 'idempotency_key_reused', JSON.stringify(change));
    t.equal(answer.json.original_event_id, first.json.event_id);
  }
  t.match((await client.sendBatch([{ ...event, data: [] }])).json.results, [{ error: { code: 'idempotency_key_reused' } }]);
});

t.test('a new attempt may carry another trace', async (t) => {
  const client = await cloudEventsClient(app);
  const trace = (digit: string) => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01`, tracestate: `a=${digit}` });
  await client.send({ ...event, ...trace('1') });
  t.match((await client.send({ ...event, ...trace('2') })).json, { duplicate: true });
  t.match((await client.cloudEvents()).json, [trace('1')]);
});

t.test('a duplicate within a batch is found', async (t) => {
  const client = await cloudEventsClient(app);
  const { json } = await client.sendBatch([event, event, { ...event, data: 2 }]);
  t.match(json, { accepted: 1, duplicates: 1, failed: 1 });
  t.equal(json.results[0].event_id, json.results[1].event_id);
});

t.test('an Idempotency-Key takes the place of source and id', async (t) => {
  const client = await cloudEventsClient(app);
  const first = await client.send(event, { 'idempotency-key': 'one' });
  t.match((await client.send(event, { 'idempotency-key': 'one' })).json, { event_id: first.json.event_id, duplicate: true });
  t.match((await client.send(event, { 'idempotency-key': 'two' })).json, { duplicate: false });
  t.match((await client.send(event)).json, { duplicate: false });
  isProblem(t, await client.send(event, { 'idempotency-key': 'x'.repeat(256) }), 400, 'idempotency_key_invalid');
  const batch = await client.sendBatch([event, event], { 'idempotency-key': '"three"' });
  t.match(batch.json, { accepted: 2 });
  t.match((await client.sendBatch([event, event], { 'idempotency-key': 'three' })).json, { duplicates: 2 });
});

t.test('source and id of one partner are no duplicate of another’s', async (t) => {
  const [one, other] = [await cloudEventsClient(app), await cloudEventsClient(app)];
  t.match((await one.send(event)).json, { duplicate: false });
  t.match((await other.send(event)).json, { duplicate: false });
});

t.test('mode and order of attributes make no other event, nor does a content type that goes without saying', async (t) => {
  const client = await cloudEventsClient(app);
  const whole = { ...event, count: 5, flag: true };
  const first = await client.send(whole);
  const headers = { flag: 'true', count: '5', time: event.time };
  const binary = await client.sendBinary(headers, '{"n":1}', { 'content-type': 'application/json' });
  t.match(binary.json, { event_id: first.json.event_id, duplicate: true });
  const reversed = Object.fromEntries(Object.entries({ ...whole, datacontenttype: 'application/json' }).reverse());
  t.match((await client.sendBatch([reversed])).json.results, [{ event_id: first.json.event_id, status: 'duplicate' }]);
});
