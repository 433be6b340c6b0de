import t from 'tap';
import { generateKey } from '../../../src/pipeline/auth/key-format.ts';
import { startTestApp } from '../../helper/app.ts';
import { testRedisUrl, uniquePrefix } from '../../helper/redis.ts';
import { seedMany } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

const app = await startTestApp(t, { REDIS_URL: testRedisUrl(), REDIS_PREFIX: uniquePrefix(), APP_VERSION: '1.2.3-test' });
await until('Redis is connected', async () => (await app.request('GET', '/health')).status === 200);

t.test('health needs no key, and has the documented shape at both addresses', async (t) => {
  for (const path of ['/v1/health', '/health']) {
    const { status, headers, json } = await app.request('GET', path);
    t.equal(status, 200, path);
    t.equal(headers.get('cache-control'), 'no-store');
    t.same(Object.keys(json), ['status', 'serving', 'timestamp', 'version', 'uptime_seconds', 'dependencies', 'metrics']);
    t.match(json, {
      status: 'healthy',
      serving: true,
      timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
      version: '1.2.3-test',
      uptime_seconds: Number,
      dependencies: {
        postgres: { status: 'healthy', latency_ms: Number },
        redis: { status: 'healthy', latency_ms: Number },
        inbox: { status: 'healthy', queue_depth: Number },
        vault: { status: 'not_configured', last_key_rotation: null },
      },
      metrics: { requests_total: Number, errors_total: Number, error_rate: Number, p95_latency_ms: Number },
    });
    t.ok(Math.abs(Date.parse(json.timestamp) - Date.now()) < 10_000);
  }
});

t.test('uptime is in whole seconds since the start', async (t) => {
  const before = (await app.request('GET', '/health')).json.uptime_seconds;
  app.clock.shiftMs = 90_000;
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  const after = (await app.request('GET', '/health')).json.uptime_seconds;
  t.ok(Number.isInteger(after) && after - before >= 90 && after - before < 120, `${before} s, then ${after} s`);
});

t.test('queue_depth is the number of unacknowledged events of all partners', async (t) => {
  const depth = async () => (await app.request('GET', '/health')).json.dependencies.inbox.queue_depth;
  const before = await depth();
  for (const count of [30, 12]) await seedMany(app.db, (await app.addPartner()).id, count);
  t.equal(await until('the next look', async () => (await depth()) === before + 42), true);
});

t.test('with a key the key is checked too: 200 when good, 401 when wrong, 403 when suspended', async (t) => {
  const partner = await app.addPartner();
  const suspended = await app.addPartner();
  await app.db.query("UPDATE partners SET status = 'suspended' WHERE id = $1", [suspended.id]);
  for (const path of ['/v1/health', '/health']) {
    t.equal((await app.request('GET', path, { key: partner.key })).status, 200);
    t.equal((await app.request('GET', path, { headers: { authorization: `Bearer ${partner.key}` } })).status, 200);
    for (const key of [generateKey('test', 'nobody'), 'hello', '']) {
      t.match((await app.request('GET', path, { key })).json, { status: 401, code: 'unauthenticated' }, `"${key.slice(0, 8)}"`);
    }
    t.match((await app.request('GET', path, { key: suspended.key })).json, { status: 403, code: 'partner_suspended' });
  }
});

t.test('a key with any one scope is good enough to be verified', async (t) => {
  const partner = await app.addPartner({ scopes: ['events:write'] });
  t.equal((await app.request('GET', '/v1/health', { key: partner.key })).status, 200);
});

t.test('the figures count requests and errors, and a mistake of a partner is no error', async (t) => {
  const metrics = async () => (await app.request('GET', '/health')).json.metrics;
  const before = await metrics();
  const { key } = await app.addPartner();
  for (let count = 0; count < 5; count++) await app.request('GET', '/v1/events/x', { key });
  const after = await metrics();
  t.equal(after.requests_total, before.requests_total + 6, 'five and the first look itself');
  t.equal(after.errors_total, before.errors_total);
  t.ok(after.p95_latency_ms > 0 && after.p95_latency_ms < 60_000);
});

t.test('live and ready are one word, without a key', async (t) => {
  t.match(await app.request('GET', '/health/live'), { status: 200, json: { status: 'live' } });
  t.match(await app.request('GET', '/health/ready'), { status: 200, json: { status: 'ready' } });
});

t.test('from the beginning of a drain it is not ready, and live and serving still', async (t) => {
  const draining = await startTestApp(t);
  const partner = await draining.addPartner();
  draining.app.beginDrain();
  const ready = await draining.request('GET', '/health/ready');
  t.match(ready, { status: 503, json: { status: 'not_ready', reason: String } });
  t.ok(Number(ready.headers.get('retry-after')) >= 1);
  t.match(
    await draining.request('GET', '/v1/health'),
    { status: 503, json: { status: 'degraded', reason: ready.json.reason } },
    'with its cause',
  );
  t.equal((await draining.request('GET', '/health/live')).status, 200);
  t.equal(
    (await draining.request('GET', '/v1/inbox', { key: partner.key })).status,
    200,
    'requests are answered until the listener closes',
  );
});

t.test('without Redis configured it is not_configured, and healthy', async (t) => {
  const alone = await startTestApp(t);
  t.match(await alone.request('GET', '/health'), {
    status: 200,
    json: { status: 'healthy', dependencies: { redis: { status: 'not_configured', latency_ms: null } } },
  });
});
