import t, { type Test } from 'tap';
import { connectRedis, type RedisLink } from '../../src/platform/redis.ts';
import { createWakeups, type Wakeups } from '../../src/platform/wakeups.ts';
import { testRedisUrl, uniquePrefix } from '../helper/redis.ts';
import { until } from '../helper/until.ts';

type Teardown = Pick<Test, 'teardown'>;
type Replica = { redis: RedisLink; wakeups: Wakeups };

t.test('a wake-up reaches every listener of its partners at once, and nobody else', async (t) => {
  const wakeups = createWakeups();
  const woken: string[] = [];
  wakeups.listen(1, () => woken.push('first of 1'));
  wakeups.listen(1, () => woken.push('second of 1'));
  wakeups.listen(2, () => woken.push('of 2'));
  wakeups.listen(3, () => woken.push('of 3'));
  wakeups.wake(new Set([1, 3]));
  t.same(woken, ['first of 1', 'second of 1', 'of 3']);
});

t.test('who has stopped listening is not woken, also when a listener stops itself or another', async (t) => {
  const wakeups = createWakeups();
  const woken: string[] = [];
  const stopFirst = wakeups.listen(1, () => {
    woken.push('first');
    stopFirst();
  });
  const stopSecond = wakeups.listen(1, () => woken.push('second'));
  wakeups.wake([1]);
  wakeups.wake([1]);
  t.same(woken, ['first', 'second', 'second']);
  stopSecond();
  stopSecond();
  wakeups.wake([1]);
  t.equal(woken.length, 3);
  wakeups.listen(1, () => woken.push('new'));
  wakeups.wake([1]);
  t.equal(woken.at(-1), 'new');
});

t.test('a wake-up reaches the other replicas through Redis', async (t) => {
  const prefix = uniquePrefix();
  const [here, there] = (await replicas(t, prefix, 2)) as [Replica, Replica];
  const [elsewhere] = (await replicas(t, uniquePrefix(), 1)) as [Replica];
  const woken: string[] = [];
  there.wakeups.listen(7, () => woken.push('there'));
  there.wakeups.listen(8, () => woken.push('another partner'));
  elsewhere.wakeups.listen(7, () => woken.push('another installation'));
  here.wakeups.listen(7, () => woken.push('here'));
  here.wakeups.wake([7]);
  t.same(woken, ['here'], 'in this process without a round trip');
  await until('the other replica is woken', () => woken.includes('there'));
  t.notOk(woken.includes('another partner'));
  t.notOk(woken.includes('another installation'));
});

t.test('a burst costs Redis a few messages, and no partner of it is forgotten', async (t) => {
  const prefix = uniquePrefix();
  const [here, there] = (await replicas(t, prefix, 2)) as [Replica, Replica];
  const woken = new Set<number>();
  let messages = 0;
  there.redis.subscriber.on('message', () => (messages += 1));
  for (let partnerId = 1; partnerId <= 200; partnerId++) there.wakeups.listen(partnerId, () => woken.add(partnerId));
  for (let partnerId = 1; partnerId <= 200; partnerId++) here.wakeups.wake([partnerId]);
  await until('all are woken', () => woken.size === 200);
  t.ok(messages <= 3, `${messages} messages`);
});

t.test('a replica whose connection was lost is woken again when it is back', async (t) => {
  const prefix = uniquePrefix();
  const [here, there] = (await replicas(t, prefix, 2)) as [Replica, Replica];
  let woken = 0;
  there.wakeups.listen(1, () => (woken += 1));
  there.redis.subscriber.disconnect(true);
  await subscribed(here, prefix, 1);
  await subscribed(here, prefix, 2);
  here.wakeups.wake([1]);
  await until('it is woken', () => woken === 1);
});

t.test('without Redis nothing is thrown, and this process is woken all the same', async (t) => {
  const [{ wakeups, redis }] = (await replicas(t, uniquePrefix(), 1)) as [Replica];
  redis.commands.disconnect();
  redis.subscriber.disconnect();
  let woken = 0;
  wakeups.listen(1, () => (woken += 1));
  wakeups.wake([1]);
  await new Promise((resolve) => setImmediate(resolve));
  wakeups.wake([1]);
  t.equal(woken, 2);
});

/** Replicas of one installation, all of them connected and subscribed. */
async function replicas(t: Teardown, prefix: string, count: number) {
  const made = Array.from({ length: count }, () => {
    const redis = connectRedis(testRedisUrl());
    t.teardown(() => redis.close());
    return { redis, wakeups: createWakeups({ redis: { ...redis, prefix } }) };
  });
  await subscribed(made[0] as (typeof made)[0], prefix, count);
  return made;
}

async function subscribed({ redis }: { redis: RedisLink }, prefix: string, count: number): Promise<void> {
  await until(`${count} are subscribed`, async () => {
    if (redis.commands.status !== 'ready') return false;
    const [, subscribers] = (await redis.commands.pubsub('NUMSUB', `${prefix}inbox`)) as [string, number];
    return Number(subscribers) === count;
  });
}
