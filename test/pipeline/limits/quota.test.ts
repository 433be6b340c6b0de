import t from 'tap';
import { startTestApp, type TestApp } from '../../helper/app.ts';
import { postEvent, uuidAt } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

const app = await startTestApp(t);
const event = { event_type: 'x', payload: {} };
const post = ({ request }: TestApp, key: string, body: unknown = event) => request('POST', '/v1/events', { key, body });
const used = async ({ request }: TestApp, key: string): Promise<number> =>
  (await request('GET', '/v1/usage', { key })).json.events_accepted;

/** What Postgres says that the partner has had accepted this month. */
async function stored(partnerId: number): Promise<number> {
  return Number((await app.db.query('SELECT sum(accepted) AS sum FROM usage_months WHERE partner_id = $1', [partnerId])).rows[0].sum ?? 0);
}

t.test('the quota is exact: with ten left, of thirty events at once ten are accepted', async (t) => {
  const { id, key } = await app.addPartner({ monthlyQuota: 10 });
  const answers = await Promise.all(Array.from({ length: 30 }, () => post(app, key)));
  t.equal(answers.filter(({ status }) => status === 200).length, 10);
  t.same(new Set(answers.filter(({ status }) => status !== 200).map(({ json }) => json.code)), new Set(['quota_exceeded']));
  t.equal((await app.db.query('SELECT count(*)::int FROM events WHERE partner_id = $1', [id])).rows[0].count, 10);
  t.equal(await used(app, key), 10);
});

t.test('reading and acknowledging go on when the quota is used up', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 1 });
  const id = await postEvent(app, key);
  t.equal((await post(app, key)).status, 429);
  t.equal((await app.request('GET', '/v1/inbox', { key })).json.count, 1);
  t.equal((await app.request('PATCH', `/v1/events/${id}/acknowledge`, { key })).status, 200);
});

t.test('duplicates are free', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 4 });
  const keyed = { ...event, idempotency_key: 'one' };
  for (let time = 0; time < 5; time++) t.equal((await post(app, key, keyed)).status, 200);
  t.equal(await used(app, key), 1);
  const batch = await app.request('POST', '/v1/events/batch', { key, body: [keyed, keyed, event] });
  t.match(batch.json, { accepted: 1, duplicates: 2 });
  t.equal(await used(app, key), 2);
  t.same([(await post(app, key)).status, (await post(app, key)).status, (await post(app, key)).status], [200, 200, 429]);
});

t.test('without quota left a duplicate is answered as one, and new content under its key as a mistake', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 1 });
  const keyed = { ...event, idempotency_key: 'one' };
  const first = await post(app, key, keyed);
  t.match((await post(app, key, keyed)).json, { duplicate: true, event_id: first.json.event_id });
  t.match((await post(app, key, { ...keyed, payload: { other: 1 } })).json, {
    code: 'idempotency_key_reused',
    original_event_id: first.json.event_id,
  });
  t.match((await post(app, key, { ...event, idempotency_key: 'two' })).json, { code: 'quota_exceeded' });
  t.equal((await post(app, key)).status, 429);
  t.equal(await used(app, key), 1);
});

t.test('in a batch duplicates take nothing from what is left of the quota', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 2 });
  const keyed = (name: string) => ({ ...event, idempotency_key: name });
  const batch = (body: unknown[]) => app.request('POST', '/v1/events/batch', { key, body });
  const first = await post(app, key, keyed('one'));
  const { status, json } = await batch([
    keyed('one'),
    keyed('two'),
    keyed('one'),
    keyed('two'),
    event,
    { ...keyed('one'), payload: { other: 1 } },
  ]);
  t.equal(status, 207);
  t.match(json.results, [
    { status: 'duplicate', event_id: first.json.event_id },
    { status: 'accepted' },
    { status: 'duplicate', event_id: first.json.event_id },
    { status: 'duplicate', event_id: json.results[1].event_id },
    { status: 'failed', error: { code: 'quota_exceeded', retryable: true } },
    { status: 'failed', error: { code: 'idempotency_key_reused' } },
  ]);
  t.match((await batch([keyed('two'), keyed('one')])).json, { accepted: 0, duplicates: 2, failed: 0 });
  t.equal((await batch([event, keyed('three')])).status, 429, 'with nothing but new events it is refused whole');
  t.equal(await used(app, key), 2);
});

t.test('a key whose window is over is free again, so its event needs quota', async (t) => {
  const { id, key } = await app.addPartner({ monthlyQuota: 1, retentionSeconds: 3600 });
  const keyed = { ...event, idempotency_key: 'one' };
  await post(app, key, keyed);
  const age = async (hours: number) =>
    app.db.query('UPDATE idempotency_keys SET event_id = $2 WHERE partner_id = $1', [id, uuidAt(Date.now() - hours * 3_600_000)]);
  await age(23.9);
  t.match((await post(app, key, keyed)).json, { duplicate: true });
  await age(24.1);
  t.match((await post(app, key, keyed)).json, { code: 'quota_exceeded' });
});

t.test('refused events are free, whatever they are refused for', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 2 });
  await post(app, key, { ...event, idempotency_key: 'one' });
  const refused = [{}, { event_type: '' }, '{', { ...event, timestamp: 'x' }, { ...event, payload: { other: 1 }, idempotency_key: 'one' }];
  const statuses = [];
  for (const body of refused) statuses.push((await post(app, key, body)).status);
  t.same(statuses, [400, 400, 400, 400, 422]);
  t.equal(await used(app, key), 1);
  t.equal((await post(app, key)).status, 200, 'and leave room for good ones');
});

t.test('of a batch as many are accepted as the quota has room for, the first ones; the rest fail by themselves', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 3 });
  const { status, json } = await app.request('POST', '/v1/events/batch', { key, body: [event, { bad: true }, event, event, event, event] });
  t.equal(status, 207);
  t.match(json, { accepted: 3, failed: 3 });
  t.same(
    json.results.map(({ status, error }: { status: string; error?: { code: string } }) => error?.code ?? status),
    ['accepted', 'validation_failed', 'accepted', 'accepted', 'quota_exceeded', 'quota_exceeded'],
  );
  t.equal(await used(app, key), 3);
});

t.test('a batch that has no room at all is 429', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 0 });
  t.match((await app.request('POST', '/v1/events/batch', { key, body: [event] })).json, { status: 429, code: 'quota_exceeded' });
});

t.test('a new month begins a new count, and what was accepted before is written to its own', async (t) => {
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  const { id, key } = await app.addPartner({ monthlyQuota: 2 });
  for (const status of [200, 200, 429]) t.equal((await post(app, key)).status, status);
  const now = new Date();
  const nextMonth = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  app.clock.shiftMs = nextMonth - Date.now() + 1_000;
  for (const status of [200, 200, 429]) t.equal((await post(app, key)).status, status);
  t.equal((await app.request('GET', '/v1/usage', { key })).json.month, new Date(nextMonth).toISOString().slice(0, 7));
  await app.app.limits.quota.flush();
  const { rows } = await app.db.query('SELECT month::text, accepted::int FROM usage_months WHERE partner_id = $1 ORDER BY 1', [id]);
  const monthOf = (ms: number) => `${new Date(ms).toISOString().slice(0, 7)}-01`;
  t.same(rows, [
    { month: monthOf(now.getTime()), accepted: 2 },
    { month: monthOf(nextMonth), accepted: 2 },
  ]);
});

t.test('counts are written on close and survive a restart', async (t) => {
  const first = await startTestApp(t, { databaseUrl: app.databaseUrl });
  const { id, key } = await app.addPartner({ monthlyQuota: 5 });
  for (let count = 0; count < 3; count++) await postEvent(first, key);
  await first.app.close();
  t.equal(await stored(id), 3);
  const second = await startTestApp(t, { databaseUrl: app.databaseUrl });
  t.equal(await used(second, key), 3);
  t.same([(await post(second, key)).status, (await post(second, key)).status, (await post(second, key)).status], [200, 200, 429]);
});

t.test('counts are written by themselves within moments', async (t) => {
  const { id, key } = await app.addPartner();
  await postEvent(app, key);
  t.ok(await until('the count is in Postgres', async () => (await stored(id)) === 1));
});

t.test(
  'replicas share the quota: what one has written, the other knows before its next event, however long ago it last asked',
  async (t) => {
    const other = await startTestApp(t, { databaseUrl: app.databaseUrl });
    const { key } = await app.addPartner({ monthlyQuota: 10 });
    t.equal(await used(other, key), 0, 'the other has looked, and found nothing');
    for (let count = 0; count < 10; count++) await postEvent(app, key);
    await app.app.limits.quota.flush();
    other.clock.shiftMs = 2_000;
    t.equal((await post(other, key)).status, 429);
    t.equal(await used(other, key), 10);
  },
);

t.test('a replica that is busy with a partner learns of the others’ events in its own flush', async (t) => {
  const other = await startTestApp(t, { databaseUrl: app.databaseUrl });
  const { key } = await app.addPartner({ monthlyQuota: 10 });
  await postEvent(other, key);
  for (let count = 0; count < 4; count++) await postEvent(app, key);
  await app.app.limits.quota.flush();
  await other.app.limits.quota.flush();
  t.equal(await used(other, key), 5);
});
