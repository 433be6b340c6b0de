import t from 'tap';
import { generateKey } from '../../src/pipeline/auth/key-format.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { startTestApp } from '../helper/app.ts';
import { testRedisUrl, uniquePrefix } from '../helper/redis.ts';
import { acknowledge, poll, seedMany } from '../helper/seed.ts';
import { until } from '../helper/until.ts';

type Samples = Map<string, number>;

/** The exposition text as a map from `name{label="value",…}` (without the version) to the value. */
async function scrape(metrics: ReturnType<typeof createMetrics>): Promise<Samples> {
  const lines = (await metrics.registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name, labels = '', value] = /^([a-z_0-9A-Z]+)(?:\{(.*)\})? (\S+)$/.exec(line) as unknown as [string, string, string, string];
      const kept = labels.split(',').filter((label) => !label.startsWith('version='));
      return [kept.length > 0 && kept[0] !== '' ? `${name}{${kept.join(',')}}` : name, Number(value)];
    }),
  );
}

const app = await startTestApp(t);
const { metrics } = app.app;
/** By how much the named samples grew while `act` ran. */
async function growth(names: string[], act: () => Promise<unknown>): Promise<number[]> {
  const before = await scrape(metrics);
  await act();
  const after = await scrape(metrics);
  return names.map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0));
}
const ingested = ['accepted', 'duplicate', 'failed'].map((outcome) => `events_ingested_total{outcome="${outcome}"}`);

t.test('events are counted by what became of them: accepted, duplicate, failed', async (t) => {
  const { key } = await app.addPartner();
  const event = { event_type: 'x', payload: {}, idempotency_key: 'one' };
  t.same(await growth(ingested, () => app.request('POST', '/v1/events', { key, body: event })), [1, 0, 0]);
  t.same(await growth(ingested, () => app.request('POST', '/v1/events', { key, body: event })), [0, 1, 0]);
  const batch = [{ event_type: 'x', payload: {} }, event, {}, { event_type: 'y', payload: {} }];
  t.same(await growth(ingested, () => app.request('POST', '/v1/events/batch', { key, body: batch })), [2, 1, 1]);
});

t.test('events are counted as delivered each time they are shown, and as acknowledged once', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 7);
  const names = ['events_delivered_total', 'events_acknowledged_total'];
  t.same(await growth(names, () => poll(app, partner)), [7, 0]);
  t.same(await growth(names, () => poll(app, partner, 'limit=3')), [3, 0]);
  t.same(await growth(names, () => acknowledge(app, partner, ids.slice(0, 5))), [0, 5]);
  t.same(await growth(names, () => acknowledge(app, partner, ids)), [0, 2]);
  t.same(await growth(names, () => app.request('PATCH', `/v1/events/${ids[0]}/acknowledge`, { key: partner.key })), [0, 0]);
});

t.test('commits are counted with their size and what started them', async (t) => {
  const { key } = await app.addPartner();
  const names = ['write_batch_rows_sum{queue="ingest"}', 'write_batch_rows_sum{queue="acknowledge"}'];
  const body = Array.from({ length: 20 }, () => ({ event_type: 'x', payload: {} }));
  t.same(await growth(names, () => app.request('POST', '/v1/events/batch', { key, body })), [20, 0]);
  const triggers = [...(await scrape(metrics)).keys()].filter((name) => name.startsWith('write_flushes_total'));
  t.ok(triggers.length > 0);
  for (const name of triggers) t.match(name, /queue="(ingest|acknowledge)"/);
  for (const name of triggers) t.match(name, /trigger="(idle|completed|full)"/);
});

t.test('the queues, pools, waits and the backlog are measured when they are asked for', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 4);
  const samples = await scrape(metrics);
  const { rows } = await app.db.query('SELECT count(*)::int FROM inbox');
  t.equal(samples.get('inbox_backlog_events'), rows[0].count);
  for (const queue of ['ingest', 'acknowledge']) {
    t.equal(samples.get(`write_queue_rows{queue="${queue}"}`), 0);
    t.equal(samples.get(`write_batches_in_flight{queue="${queue}"}`), 0);
  }
  t.equal(samples.get('inbox_waits'), 0);
  for (const pool of ['write', 'read']) {
    for (const state of ['idle', 'busy', 'waiting'])
      t.type(samples.get(`postgres_pool_connections{pool="${pool}",state="${state}"}`), 'number');
  }
});

t.test('refused credentials are counted by reason, of a closed list', async (t) => {
  const { key } = await app.addPartner();
  const reason = (name: string) => `auth_failures_total{reason="${name}"}`;
  const get = (headers: Record<string, string>) => () => app.request('GET', '/v1/account', { headers });
  t.same(await growth([reason('missing')], get({})), [1]);
  t.same(await growth([reason('malformed')], get({ 'x-api-key': 'hello' })), [1]);
  t.same(await growth([reason('unknown')], get({ 'x-api-key': generateKey('test', 'nobody') })), [1]);
  t.same(await growth([reason('ambiguous')], get({ 'x-api-key': key, authorization: 'Bearer other' })), [1]);
});

t.test('without Redis nothing is said of it, and with it whether it answers', async (t) => {
  t.equal((await scrape(metrics)).has('redis_up'), false, 'a 0 would be an alarm');
  const shared = await startTestApp(t, { REDIS_URL: testRedisUrl(), REDIS_PREFIX: uniquePrefix() });
  const { key } = await shared.addPartner({ rate: 100 });
  await until('Redis was asked', async () => {
    await shared.request('GET', '/v1/usage', { key });
    return (await scrape(shared.app.metrics)).get('redis_up') === 1;
  });
});

t.test('what a job reports is absent until it has run', async (t) => {
  const samples = await scrape(createMetrics('x'));
  for (const name of ['partitions_ahead_days', 'retention_last_run_timestamp_seconds']) t.equal(samples.has(name), false, name);
});

t.test('every metric has a help text and a name in the base units of Prometheus', async (t) => {
  const text = await createMetrics('x').registry.metrics();
  const ours = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].filter(([, name]) => !/^(process_|nodejs_)/.test(name as string));
  t.ok(ours.length >= 20);
  for (const [, name, help] of ours) {
    t.ok((help as string).length > 10, `${name}`);
    t.notMatch(name, /_(ms|milliseconds|minutes|kilobytes)(_|$)/);
  }
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    if (type === 'counter' && !/^(process_|nodejs_)/.test(name as string)) t.match(name, /_total$/);
});

t.test('two apps in one process keep their figures apart', async (t) => {
  const other = await startTestApp(t);
  await other.request('GET', '/health/live');
  await other.request('GET', '/health/live');
  t.equal((await scrape(other.app.metrics)).get('http_requests_total{operation="getLive",status="200"}'), 2);
  t.equal((await scrape(metrics)).has('http_requests_total{operation="getLive",status="200"}'), false);
});
