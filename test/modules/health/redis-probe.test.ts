import { Redis } from 'ioredis';
import t from 'tap';
import { probeRedis } from '../../../src/modules/health/probes.ts';
import { connectRedis } from '../../../src/platform/redis.ts';
import { FaultProxy } from '../../faults/fault-proxy.ts';
import { testRedisUrl } from '../../helper/redis.ts';
import { until } from '../../helper/until.ts';

const target = new URL(testRedisUrl());
const proxy = await FaultProxy.open({ host: target.hostname, port: Number(target.port) });
const { commands, close } = connectRedis(`redis://127.0.0.1:${proxy.port}`);
t.teardown(async () => {
  close();
  await proxy.close();
});
await until('it is connected', () => commands.status === 'ready');

t.test('a silence that is longer than a request would wait, and shorter than a second, is no outage', async (t) => {
  proxy.set({ kind: 'blackhole' });
  const probing = probeRedis(commands);
  // Sent after the probe's own first command, and so given up after it.
  await t.rejects(commands.ping(), { message: 'Redis has not answered within 100 ms' });
  proxy.set({ kind: 'pass' });
  t.match(await probing, { healthy: true, latencyMs: Number });
});

t.test('a silence of a second is one', async (t) => {
  proxy.set({ kind: 'blackhole' });
  t.same(await probeRedis(commands), { healthy: false, latencyMs: null });
  proxy.set({ kind: 'pass' });
});

t.test('what is refused is not asked again', async (t) => {
  const nowhere = new Redis({ port: 1, lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null });
  nowhere.on('error', () => {});
  await nowhere.connect().catch(() => {});
  let asked = 0;
  const counting = Object.create(nowhere, { ping: { value: () => ++asked && nowhere.ping() } });
  t.same(await probeRedis(counting), { healthy: false, latencyMs: null });
  t.equal(asked, 1);
});
