import { rm } from 'node:fs/promises';
import t from 'tap';
import { authFailures } from '../../src/pipeline/auth/authenticator.ts';
import { generateKey } from '../../src/pipeline/auth/key-format.ts';
import { suspiciousPatterns } from '../../src/pipeline/auth/suspicion.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { migrate, partitionDaysAhead } from '../../src/platform/migrations.ts';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { insertKey, startTestApp } from '../helper/app.ts';
import { createTestDatabase } from '../helper/database.ts';
import { testRedisUrl, uniquePrefix } from '../helper/redis.ts';
import { acknowledge, poll, seedMany } from '../helper/seed.ts';
import { until } from '../helper/until.ts';
import { brokenWay } from '../pipeline/auth/tcp-proxy.ts';

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

t.test('what the tables hold is read at each scrape: dead letters, audit rows, keys that expire', async (t) => {
  const own = await startTestApp(t);
  const partner = await own.addPartner();
  const read = async () => {
    const samples = await scrape(own.app.metrics);
    const names = ['dead_letters_stored', 'audit_log_rows', 'api_keys_expiring{within="7d"}', 'api_keys_expiring{within="30d"}'];
    return names.map((name) => samples.get(name));
  };
  const soonest = async () => (await scrape(own.app.metrics)).get('api_key_expiry_timestamp_seconds_min');
  const audited = async () => Number((await own.db.query('SELECT count(*) FROM audit_log')).rows[0].count);
  t.same(await read(), [0, await audited(), 0, 0]);
  t.equal(await soonest(), undefined, 'no key expires');

  const day = 86_400_000;
  const inDays = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * day);
  for (const days of [-1, 3, 6.9, 20, 40]) await insertKey(own.db, partner.id, partner.slug, undefined, inDays(days));
  const rows = await audited();
  t.ok(rows > 0);
  t.same(await read(), [0, rows, 2, 3]);
  t.equal(await soonest(), inDays(3).getTime() / 1000);
  const expiring = 'SELECT id FROM api_keys WHERE expires_at > now() ORDER BY expires_at';
  const [first, second, third] = (await own.db.query<{ id: number }>(expiring)).rows.map(({ id }) => id);
  await own.db.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [first]);
  await own.db.query('UPDATE api_keys SET replaced_by = $2 WHERE id = $1', [second, third]);
  t.same((await read()).slice(2), [0, 1], 'revoked and replaced keys are nobody’s concern');
  t.equal(await soonest(), inDays(20).getTime() / 1000);

  const [eventId] = await seedMany(own.db, partner.id, 1);
  await own.request('POST', '/v1/inbox/receive', { key: partner.key, body: { max_events: 1, lease_seconds: 30 } });
  t.equal((await own.request('PATCH', `/v1/events/${eventId}/reject`, { key: partner.key, body: {} })).status, 200);
  t.equal((await read())[0], 1);
});

t.test('every reason of a refusal and every suspicious pattern is there from the start, as 0: the first one is a rise', async (t) => {
  const own = await startTestApp(t);
  const valuesOf = async (name: string) => (await own.app.metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
  const shown = async (name: string, label: string) =>
    Object.fromEntries((await valuesOf(name)).map(({ labels, value }) => [labels[label], value]));
  const zeros = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 0]));
  t.same(await shown('auth_failures_total', 'reason'), zeros(authFailures));
  t.same(await shown('suspicious_patterns_total', 'pattern'), zeros(suspiciousPatterns));
});

t.test('every replica tells how many days have a partition, whichever of them makes them, and that fewer do as days go by', async (t) => {
  const own = await startTestApp(t);
  const ahead = async () => (await scrape(own.app.metrics)).get('partitions_ahead_days');
  await migrate(own.databaseUrl); // the database is a copy of one that may have been made before midnight
  t.equal(await ahead(), partitionDaysAhead);
  own.clock.shiftMs = 3 * 86_400_000;
  t.equal(await ahead(), partitionDaysAhead - 3, 'no job has run');
  own.clock.shiftMs = 0;
  await own.db.query(`SELECT ensure_partitions(now() + interval '2 days', $1)`, [partitionDaysAhead]);
  t.equal(await ahead(), partitionDaysAhead + 2, 'this process has made none');
});

t.test('a request counts as waiting for a connection only when there is none for it and none can be opened', async (t) => {
  const own = await startTestApp(t, { READ_POOL_SIZE: 2 });
  const { read } = own.app.pools;
  const waiting = async () => {
    const text = await own.app.metrics.registry.getSingleMetricAsString('postgres_pool_connections');
    return Number(/pool="read",state="waiting".* (\d+)$/m.exec(text)?.[1]);
  };
  await read.query('SELECT');
  const [beside, unanswered] = [read.query('SELECT'), waiting()];
  t.equal(await unanswered, 0, 'one is idle, and one may be opened');
  await beside;
  const held = await Promise.all([read.connect(), read.connect()]);
  const third = read.connect();
  t.equal(await waiting(), 1);
  for (const client of held) client.release();
  (await third).release();
  t.equal(await waiting(), 0);
});

t.test('a scrape with a dead database tells all that it can, and nothing that is not so any more', async (t) => {
  const way = await brokenWay(await createTestDatabase(t));
  const folder = t.testdir({});
  await createKeyFile(`${folder}/keys.json`);
  const own = await startTestApp(t, { databaseUrl: way.url, VAULT_KEY_FILE: `${folder}/keys.json`, PRICE_PER_HOUR: 0.25 });
  t.teardown(() => way.close());
  const partner = await own.addPartner();
  await own.request('GET', '/v1/account', { key: partner.key });
  const stored = ['dead_letters_stored', 'audit_log_rows', 'api_keys_expiring{within="7d"}', 'inbox_backlog_events'];
  const before = await scrape(own.app.metrics);
  for (const name of stored) t.type(before.get(name), 'number', name);
  t.equal(before.get('vault_up'), 1);

  way.refuse();
  const begun = performance.now();
  const samples = await scrape(own.app.metrics);
  t.ok(performance.now() - begun < 5_000, 'within half of what Prometheus allows');
  for (const name of stored.slice(0, 3)) t.equal(samples.has(name), false, name);
  t.equal(samples.get('http_requests_total{operation="getAccount",status="200"}'), 1);
  t.equal(samples.get(`partner_requests_total{partner="${partner.slug}",class="2xx"}`), 1);
  t.equal(samples.get('vault_up'), 1, 'it is no part of the database');
  t.equal(samples.get('deployment_price_dollars_per_hour'), 0.25);
  t.ok(samples.has('process_start_time_seconds'));

  way.heal();
  await until('the figures are back', async () => (await scrape(own.app.metrics)).has('audit_log_rows'));
});

t.test('whether the vault works is told where there is one', async (t) => {
  t.equal((await scrape(metrics)).has('vault_up'), false);
  const file = `${t.testdir({})}/keys.json`;
  await createKeyFile(file);
  const own = await startTestApp(t, { VAULT_KEY_FILE: file });
  t.equal((await scrape(own.app.metrics)).get('vault_up'), 1);
  await rm(file);
  await until('it is down', async () => (await scrape(own.app.metrics)).get('vault_up') === 0);
});

t.test('a price is told if one is configured', async (t) => {
  t.equal((await scrape(metrics)).has('deployment_price_dollars_per_hour'), false);
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
