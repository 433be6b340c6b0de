import t from 'tap';
import { type Bucket, newBucket, takeTokens } from '../../../src/pipeline/limits/token-bucket.ts';
import { pseudoRandom } from './pseudo-random.ts';

const start = 1_700_000_000_000;
const one = (bucket: Bucket, now: number, rate = 100, burst = 100) => takeTokens(bucket, now, rate, burst, 1);

t.test('of requests within one second after a pause the first hundred are admitted and the 101st is not, at any spacing', async (t) => {
  for (const spacingMs of [0, 1, 3, 9]) {
    const bucket = newBucket(100, start);
    const granted = Array.from({ length: 101 }, (_, index) => one(bucket, start + index * spacingMs).granted);
    t.same(granted, [...new Array(100).fill(1), 0], `${spacingMs} ms apart`);
  }
});

t.test('the second is counted from the first request, to its last millisecond', async (t) => {
  const bucket = newBucket(100, start);
  takeTokens(bucket, start, 100, 100, 100);
  t.equal(one(bucket, start + 999).granted, 0);
  t.equal(one(bucket, start + 1_000).granted, 1);
});

t.test('a steady hundred a second with jitter is never refused', async (t) => {
  const random = pseudoRandom(1);
  for (const jitterMs of [0, 5, 10, 50, 200]) {
    const bucket = newBucket(100, start);
    let refused = 0;
    const times = Array.from({ length: 3_000 }, (_, index) => start + index * 10 + (index === 0 ? 0 : Math.floor(random() * jitterMs)));
    for (const now of times.sort((a, b) => a - b)) if (one(bucket, now).granted === 0) refused += 1;
    t.equal(refused, 0, `30 seconds with up to ${jitterMs} ms of jitter`);
  }
});

t.test('a hundred at once every second, for ten seconds, are never refused', async (t) => {
  const bucket = newBucket(100, start);
  for (let second = 0; second < 10; second++) {
    for (let request = 0; request < 100; request++) t.equal(one(bucket, start + second * 1_000 + Math.floor(request / 4)).granted, 1);
  }
});

t.test('over any time no more than the burst and the rate together is admitted, however greedy the sender', async (t) => {
  const random = pseudoRandom(2);
  for (const [rate, burst] of [
    [100, 100],
    [10, 100],
    [1_000, 50],
    [1, 1],
  ] as const) {
    const bucket = newBucket(burst, start);
    let now = start;
    let admitted = 0;
    let exceeded = 0;
    while (now < start + 20_000) {
      const need = 1 + Math.floor(random() * 5);
      const { granted } = takeTokens(bucket, now, rate, burst, need);
      admitted += granted;
      if (admitted > burst + (rate * (now - start)) / 1_000 + 0.001) exceeded += 1;
      now += Math.floor(random() * 20);
    }
    t.equal(exceeded, 0, `rate ${rate}, burst ${burst}`);
    t.ok(admitted >= Math.min(rate * 18, 5_000), `and the rate is given: ${admitted} in 20 seconds`);
  }
});

t.test('a refusal says when to come back, and who comes then is admitted', async (t) => {
  for (const [rate, burst] of [
    [100, 100],
    [7, 3],
    [1, 1],
    [1_000_000, 10],
  ] as const) {
    const bucket = newBucket(burst, start);
    let now = start;
    for (let round = 0; round < 20; round++) {
      let grant = one(bucket, now, rate, burst);
      while (grant.granted > 0) grant = one(bucket, now, rate, burst);
      t.ok(grant.waitMs > 0 && grant.waitMs <= 1_000);
      now += grant.waitMs;
      t.ok(one(bucket, now, rate, burst).granted > 0, `rate ${rate}, round ${round}`);
    }
  }
});

t.test('a partner far below its limit gets a small lease, one near it gets what it needs', async (t) => {
  const bucket = newBucket(1_000, start);
  t.same(takeTokens(bucket, start, 1_000, 1_000, 1), { granted: 10, remaining: 990, waitMs: 0 });
  t.equal(takeTokens(newBucket(1_000_000, start), start, 1_000_000, 1_000_000, 1).granted, 250, '250 at most');
  t.equal(takeTokens(newBucket(50_000, start), start, 400, 50_000, 1).granted, 20, 'what comes back in 50 ms');
  t.equal(takeTokens({ tokens: 150, at: start, held: start + 1_000, taken: start }, start, 1_000, 1_000, 1).granted, 1);
  t.equal(takeTokens(newBucket(100, start), start, 100, 100, 1).granted, 1, 'a limit of 100 is always exact');
});

t.test('whoever stays below its rate keeps its whole burst, whatever of its leases is forgotten', async (t) => {
  for (const [rate, burst, everyMs] of [
    [50, 50_000, 1_100],
    [10, 10_000, 1_100],
    [300, 1_000_000, 1_001],
    [1, 5_000, 2_000],
  ] as const) {
    const bucket = newBucket(burst, start);
    let now = start;
    let least: number = burst;
    // Two replicas, each asked once in a while, and each forgetting what it did not need.
    for (let round = 0; round < 2_000; round++) {
      now += everyMs;
      for (const _replica of ['one', 'other']) least = Math.min(least, takeTokens(bucket, now, rate, burst, 1).remaining);
    }
    t.ok(least >= burst * 0.98, `${rate} a second, burst ${burst}: ${least} left at the least`);
  }
});

t.test('when fewer are left than wait, those are given', async (t) => {
  const bucket = newBucket(5, start);
  t.match(takeTokens(bucket, start, 5, 5, 8), { granted: 5, remaining: 0 });
});

t.test('a clock that is set back by an hour shuts nobody out for longer than a second', async (t) => {
  const bucket = newBucket(100, start);
  takeTokens(bucket, start, 100, 100, 100);
  const back = start - 3_600_000;
  t.equal(one(bucket, back).granted, 0);
  t.equal(one(bucket, back + 1_000).granted, 1);
});
