import pg from 'pg';
import t, { type Test } from 'tap';
import { generateKey } from '../../../src/pipeline/auth/key-format.ts';
import { FaultProxy } from '../../faults/fault-proxy.ts';
import { startRedis } from '../../faults/redis-process.ts';
import { startTestApp } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { postEvent } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

/** A server with a Redis of its own, and with Postgres behind a proxy that can be a bad network. */
async function start(t: Test) {
  const databaseUrl = new URL(await createTestDatabase(t));
  const proxy = await FaultProxy.open({ host: databaseUrl.hostname, port: Number(databaseUrl.port) });
  t.teardown(() => proxy.close());
  const redis = await startRedis();
  t.teardown(() => redis.stop());
  const direct = new pg.Client({ connectionString: databaseUrl.href });
  direct.on('error', () => {}); // the database is dropped under it at the end
  await direct.connect();
  t.teardown(() => direct.end());
  databaseUrl.port = `${proxy.port}`;
  const app = await startTestApp(t, { databaseUrl: databaseUrl.href, REDIS_URL: redis.url });
  t.teardown(() => proxy.set({ kind: 'pass' }));
  const health = async () => {
    const begun = performance.now();
    const answer = await app.request('GET', '/v1/health');
    return { ...answer, tookMs: performance.now() - begun };
  };
  await until('all is well', async () => (await health()).status === 200);
  return { app, proxy, redis, health };
}

t.test('a dead Redis is 503 degraded and named, while requests are served and the server stays ready', async (t) => {
  const { app, redis, health } = await start(t);
  await redis.kill();
  const answer = await until('health knows', async () => {
    const found = await health();
    return found.status === 503 ? found : undefined;
  });
  t.match(answer.json, {
    status: 'degraded',
    serving: true,
    dependencies: { redis: { status: 'unhealthy', latency_ms: null }, postgres: { status: 'healthy' }, inbox: { status: 'healthy' } },
  });
  t.ok(Number(answer.headers.get('retry-after')) >= 1);
  t.equal((await app.request('GET', '/health/ready')).status, 200, 'a dead Redis must not take every replica out');
  const partner = await app.addPartner();
  t.match(await postEvent(app, partner.key), /^evt_/);
  await redis.start();
  t.ok(await until('it is well again', async () => (await health()).status === 200));
});

for (const [kind, words] of [
  ['reset', 'a Postgres that refuses'],
  ['blackhole', 'a Postgres that hangs'],
] as const) {
  t.test(`${words} is 503 degraded, named and not serving, within moments; not ready, but live; and well again by itself`, async (t) => {
    const { app, proxy, health } = await start(t);
    proxy.set({ kind });
    const answer = await until('health knows', async () => {
      const found = await health();
      t.ok(found.tookMs < 5_000, `answered after ${Math.round(found.tookMs)} ms`);
      return found.status === 503 ? found : undefined;
    });
    t.match(answer.json, {
      status: 'degraded',
      serving: false,
      dependencies: {
        postgres: { status: 'unhealthy', latency_ms: null },
        inbox: { status: 'unhealthy', queue_depth: null },
        redis: { status: 'healthy' },
      },
    });
    t.match(await app.request('GET', '/health/ready'), { status: 503, json: { status: 'not_ready', reason: /postgres/ } });
    t.equal((await app.request('GET', '/health/live')).status, 200);
    const withKey = await app.request('GET', '/v1/health', { key: generateKey('test', 'nobody') });
    t.match(
      withKey,
      { status: 503, json: { reason: 'keys cannot be looked up', dependencies: { postgres: { status: 'unhealthy' } } } },
      'also to one who shows a key that nobody can look up now',
    );
    proxy.set({ kind: 'pass' });
    t.ok(await until('it is well again', async () => (await health()).status === 200, 15_000));
    t.equal((await app.request('GET', '/health/ready')).status, 200);
  });
}

t.test('many who ask at once cost the database one look', async (t) => {
  const { health, proxy } = await start(t);
  proxy.set({ kind: 'latency', milliseconds: 100 });
  const answers = await Promise.all(Array.from({ length: 50 }, health));
  t.ok(
    answers.every(({ json }) => json.dependencies.postgres.latency_ms === answers[0]?.json.dependencies.postgres.latency_ms),
    'all tell of the same one',
  );
});
