import { Redis } from 'ioredis';
import t from 'tap';
import { startTestApp, type TestApp } from '../../helper/app.ts';
import { testRedisUrl, uniquePrefix } from '../../helper/redis.ts';
import { type Leased, receive, seedMany, settle } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

const shared = { REDIS_URL: testRedisUrl(), REDIS_PREFIX: uniquePrefix() };
const one = await startTestApp(t, shared);
const two = await startTestApp(t, { ...shared, databaseUrl: one.databaseUrl });
const redis = new Redis(testRedisUrl());
t.teardown(() => redis.quit());
await until('both replicas listen', async () => Number((await redis.pubsub('NUMSUB', `${shared.REDIS_PREFIX}inbox`))[1]) === 2);

/** Until a receive of the replica sleeps. */
const sleeps = ({ app }: TestApp) =>
  until('the receive waits', async () => {
    const [waits] = (await app.metrics.inboxWaits.get()).values;
    return waits?.value === 1 && app.pools.read.waitingCount === 0 && app.pools.read.idleCount === app.pools.read.totalCount;
  });

t.test('a release on one replica wakes a receive that waits on another', async (t) => {
  const partner = await one.addPartner();
  await seedMany(one.db, partner.id, 1);
  const [held] = (await receive(one, partner, { lease_seconds: 3_600 })) as [Leased];
  const begun = performance.now();
  const answer = receive(two, partner, { wait_seconds: 20 });
  await sleeps(two);
  t.equal((await settle(one, partner, held.event_id, 'release', { lease_token: held.lease_token })).status, 200);
  t.match(await answer, [{ event_id: held.event_id, delivery: { count: 2 } }]);
  t.ok(performance.now() - begun < 1_900, 'before it would have looked by itself');
});
