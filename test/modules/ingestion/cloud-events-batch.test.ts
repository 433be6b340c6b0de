import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { cloudEventsClient, required, structured } from './cloud-events.ts';
import { isProblem } from './problems.ts';

const app = await startTestApp(t);
const { addPartner, request } = app;

t.test('each event of a batch is checked and answered by itself', async (t) => {
  const client = await cloudEventsClient(app);
  const batch = [
    { ...required, id: '1', data: [1] },
    { ...required, id: '' },
    { ...required, id: '3', specversion: '0.3' },
    7,
    { event_type: 'a.b', payload: {} },
    { ...required, id: '6', data_base64: 'no' },
    { ...required, id: '7' },
  ];
  const { status, json } = await client.sendBatch(batch);
  t.equal(status, 207);
  t.match(json, { accepted: 2, duplicates: 0, failed: 5 });
  t.match(json.results, [
    { index: 0, status: 'accepted' },
    { index: 1, error: { code: 'validation_failed', pointer: '/1/id', retryable: false } },
    { index: 2, error: { code: 'unsupported_specversion', pointer: '/2/specversion' } },
    { index: 3, error: { code: 'validation_failed', pointer: '/3' } },
    { index: 4, error: { code: 'validation_failed', pointer: '/4/specversion', detail: /plain event/ } },
    { index: 5, error: { code: 'validation_failed', pointer: '/5/data_base64' } },
    { index: 6, status: 'accepted' },
  ]);
  t.same(
    (await client.cloudEvents()).json.map(({ id }: { id: string }) => id),
    ['1', '7'],
  );
});

t.test('data keeps its bytes beside that of its neighbours', async (t) => {
  const client = await cloudEventsClient(app);
  const members = JSON.stringify(required).slice(1, -1);
  const event = (id: number, data: string) => `{${members.replace(required.id, `${id}`)} , "data" : ${data}}`;
  const values = ['{"a" : 1.0}', '[ 2.0 ]', '"\\u00e9"', 'null', '{"data":{"data":1e2}}'];
  t.equal((await client.sendBatch(` [ ${values.map((value, id) => event(id, value)).join(' , ')} ] `)).status, 200);
  const { text } = await client.cloudEvents();
  for (const value of values) t.ok(text.includes(`"data":${value}}`), value);
});

t.test('limits are those of plain batches: 500 events, 256 KiB and 64 levels for each, 4 MiB together', async (t) => {
  const client = await cloudEventsClient(app);
  const many = (count: number) => Array.from({ length: count }, (_, id) => ({ ...required, id: `${id}` }));
  isProblem(t, await client.sendBatch(many(501)), 400, 'batch_too_many');
  t.match((await client.sendBatch(many(500))).json, { accepted: 500, failed: 0 });
  isProblem(t, await client.sendBatch(JSON.stringify([{ ...required, data: 'x'.repeat(4 * 1024 * 1024) }])), 413, 'batch_too_large');

  const members = JSON.stringify({ ...required, id: 'other' }).slice(1, -1);
  const deep = `{${members},"data":${'['.repeat(64)}${']'.repeat(64)}}`;
  const large = { ...required, id: 'large', data: 'x'.repeat(256 * 1024) };
  const { json } = await client.sendBatch(`[${deep},${JSON.stringify(large)},${JSON.stringify({ ...required, id: 'good' })}]`);
  t.match(json.results, [
    { error: { code: 'json_too_deep', pointer: '/0' } },
    { error: { code: 'payload_too_large', pointer: '/1' } },
    { status: 'accepted' },
  ]);
});

t.test('events beyond the quota fail by themselves, and duplicates are free', async (t) => {
  const { key } = await addPartner({ monthlyQuota: 2 });
  const send = (ids: string[]) =>
    request('POST', '/v1/events/batch', {
      key,
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: ids.map((id) => ({ ...required, id })),
    });
  t.match((await send(['1', '2', '3'])).json, { accepted: 2, failed: 1, results: { 2: { error: { code: 'quota_exceeded' } } } });
  t.match((await send(['2', '1', '4'])).json, { accepted: 0, duplicates: 2, failed: 1 });
  const single = await request('POST', '/v1/events', { key, headers: { 'content-type': structured }, body: { ...required, id: '1' } });
  t.match(single.json, { duplicate: true });
});

t.test('what is no array is refused as a whole', async (t) => {
  const client = await cloudEventsClient(app);
  for (const body of [required, { events: [required] }, 'null', '7']) {
    const answer = await client.sendBatch(body);
    isProblem(t, answer, 400, 'validation_failed');
    t.match(answer.json.errors, [{ pointer: '', detail: 'must be array' }]);
  }
  isProblem(t, await client.sendBatch(''), 400, 'invalid_json');
});

t.test('a single CloudEvent, or another charset than UTF-8, is 415 and told so', async (t) => {
  const client = await cloudEventsClient(app);
  const single = await client.sendBatch(required, { 'content-type': structured });
  isProblem(t, single, 415, 'unsupported_media_type');
  t.match(single.json.detail, /application\/cloudevents-batch\+json.*\/v1\/events/);
  const charset = await client.sendBatch([required], { 'content-type': 'application/cloudevents-batch+json; charset=utf-16' });
  isProblem(t, charset, 415, 'unsupported_media_type');
});
