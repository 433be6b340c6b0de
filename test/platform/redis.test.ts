import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { connectRedis } from '../../src/platform/redis.ts';
import { FaultProxy } from '../faults/fault-proxy.ts';
import { startRedis } from '../faults/redis-process.ts';
import { until } from '../helper/until.ts';

/** Far more than the time limits, far less than for ever. */
const soonMs = 2_000;

async function start(t: Test) {
  const redis = await startRedis();
  t.teardown(() => redis.stop());
  const proxy = await FaultProxy.open({ host: '127.0.0.1', port: redis.port });
  t.teardown(() => proxy.close());
  const link = connectRedis(`redis://127.0.0.1:${proxy.port}`);
  t.teardown(() => link.close());
  const answers = () =>
    link.commands.ping().then(
      () => true,
      () => false,
    );
  await until('Redis answers', answers);
  return { redis, proxy, link, answers };
}

async function failsSoon(t: Test, ask: () => Promise<boolean>): Promise<void> {
  const begun = performance.now();
  t.equal(await ask(), false);
  t.ok(performance.now() - begun < soonMs, 'and says so soon');
}

t.test('a command to a Redis that is not there fails at once, and nothing is queued', async (t) => {
  const { redis, answers } = await start(t);
  await redis.kill();
  await failsSoon(t, answers);
  await failsSoon(t, answers);
});

t.test('a command to a Redis that says nothing fails within its time limit', async (t) => {
  const { proxy, answers } = await start(t);
  proxy.set({ kind: 'blackhole' });
  await failsSoon(t, answers);
});

t.test('a stall of this process is not taken for a silence of Redis', async (t) => {
  const { redis } = await start(t);
  const { commands, close } = connectRedis(redis.url);
  t.teardown(close);
  await until('it is connected', () => commands.status === 'ready');
  await setImmediate(); // of the phases of the event loop, the one after which timers come before the network
  const answer = commands.ping();
  for (const end = performance.now() + 300; performance.now() < end; );
  t.equal(await answer, 'PONG');
});

t.test('the connections come back by themselves, subscriptions with them', async (t) => {
  const { redis, link, answers } = await start(t);
  await until('it can subscribe', () => link.subscriber.subscribe('news').catch(() => undefined));
  await redis.kill();
  await redis.start();
  await until('Redis answers again', answers);
  const message = once(link.subscriber, 'message');
  await until('somebody hears', async () => (await link.commands.publish('news', 'hello').catch(() => 0)) > 0);
  t.same(await message, ['news', 'hello']);
});

t.test('a link to nowhere throws nothing, and closing it ends its attempts', async (t) => {
  const link = connectRedis('redis://127.0.0.1:1');
  await t.rejects(link.commands.ping());
  const ended = Promise.all([once(link.commands, 'end'), once(link.subscriber, 'end')]);
  link.close();
  await ended;
  t.equal(link.commands.status, 'end');
});
