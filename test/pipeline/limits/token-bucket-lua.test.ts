import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import t from 'tap';
import { newBucket, takeTokens } from '../../../src/pipeline/limits/token-bucket.ts';
import { testRedisUrl, uniquePrefix } from '../../helper/redis.ts';
import { pseudoRandom } from './pseudo-random.ts';

const script = readFileSync(new URL('../../../src/pipeline/limits/token-bucket.lua', import.meta.url), 'utf8');
const redis = new Redis(testRedisUrl());
t.teardown(() => redis.quit());
const prefix = uniquePrefix();

t.test('the script in Redis and the bucket in process give the same sequences', async (t) => {
  const timed = script.replace("redis.call('TIME')", '{ ARGV[4], ARGV[5] }');
  t.not(timed, script, 'the time is the test’s');
  const random = pseudoRandom(3);
  const policies = [
    [100, 100],
    [1, 1],
    [7, 30],
    [5_000, 1_000],
    [1_000_000, 1_000_000],
    [33, 1_000],
    [1_000, 33],
    // Crowds far smaller than the bucket, so that it stays nearly full, where the lease is the rate's.
    [400, 50_000, 1_000],
    [10, 10_000, 1_000],
  ] as const;
  let refused = 0;
  for (const [index, [rate, burst, crowd = burst]] of policies.entries()) {
    let now = 1_700_000_000_000;
    const bucket = newBucket(burst, now);
    const calls: { now: number; need: number }[] = [];
    for (let call = 0; call < 400; call++) {
      // Mostly crowded, sometimes a pause, now and then a clock that steps back.
      const kind = random();
      now += kind < 0.9 ? Math.floor(random() * 15) : kind < 0.98 ? Math.floor(random() * 3_000) : -Math.floor(random() * 5_000);
      calls.push({ now, need: 1 + Math.floor(random() * (call % 10 === 0 ? crowd : 3)) });
    }
    const pipeline = redis.pipeline();
    for (const { now, need } of calls) {
      pipeline.eval(timed, 1, `${prefix}${index}`, rate, burst, need, Math.floor(now / 1_000), (now % 1_000) * 1_000 + 999);
    }
    const answers = (await pipeline.exec())?.map(([error, answer]) => error ?? answer);
    const expected = calls.map(({ now, need }) => {
      const { granted, remaining, waitMs } = takeTokens(bucket, now, rate, burst, need);
      return [granted, remaining, waitMs];
    });
    t.same(answers, expected, `rate ${rate}, burst ${burst}`);
    refused += expected.filter(([granted]) => granted === 0).length;
  }
  t.ok(refused > 100, 'and many were refused');
});

t.test('a bucket that nobody uses leaves Redis by itself', async (t) => {
  const key = `${prefix}idle`;
  await redis.eval(script, 1, key, 100, 100, 1);
  const ttlMs = await redis.pttl(key);
  t.ok(ttlMs > 1_000 && ttlMs <= 3_000, `${ttlMs} ms: longer than it takes to be full again`);
});
