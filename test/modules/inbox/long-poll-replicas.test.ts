import { Redis } from 'ioredis';
import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { testRedisUrl, uniquePrefix } from '../../helper/redis.ts';
import { idsOf, postEvent } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

t.test('an event stored by one replica wakes a waiter of another, by Redis', async (t) => {
  const shared = { REDIS_URL: testRedisUrl(), REDIS_PREFIX: uniquePrefix() };
  const one = await startTestApp(t, shared);
  const two = await startTestApp(t, { ...shared, databaseUrl: one.databaseUrl });
  const redis = new Redis(testRedisUrl());
  t.teardown(() => redis.quit());
  const channel = `${shared.REDIS_PREFIX}inbox`;
  await until('both replicas listen', async () => Number((await redis.pubsub('NUMSUB', channel))[1]) === 2);
  const partner = await one.addPartner();
  const begun = performance.now();
  const answer = two.request('GET', '/v1/inbox?wait=30', { key: partner.key });
  await until('the poll waits', async () => (await two.app.metrics.inboxWaits.get()).values[0]?.value === 1);
  const id = await postEvent(one, partner.key);
  t.same(idsOf(await answer), [id]);
  t.ok(performance.now() - begun < 1_900, 'before it would have looked by itself');
});

t.test('without Redis a waiter of another replica finds the event by looking now and then', async (t) => {
  const one = await startTestApp(t);
  const two = await startTestApp(t, { databaseUrl: one.databaseUrl });
  const partner = await one.addPartner();
  const begun = performance.now();
  const answer = two.request('GET', '/v1/inbox?wait=30', { key: partner.key });
  await until('the poll waits', async () => (await two.app.metrics.inboxWaits.get()).values[0]?.value === 1);
  const id = await postEvent(one, partner.key);
  t.same(idsOf(await answer), [id]);
  t.ok(performance.now() - begun < 10_000, 'long before the wait is over');
});
