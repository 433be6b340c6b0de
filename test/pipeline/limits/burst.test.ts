import t from 'tap';
import { type Answer, startTestApp, type TestApp, type TestPartner } from '../../helper/app.ts';
import { testRedisUrl, uniquePrefix } from '../../helper/redis.ts';
import { within } from './within.ts';

const local = await startTestApp(t);
const shared = await startTestApp(t, { REDIS_URL: testRedisUrl(), REDIS_PREFIX: uniquePrefix() });
const usage = (app: TestApp, { key }: TestPartner) => app.request('GET', '/v1/usage', { key });
const statuses = (answers: Answer[]) => answers.map(({ status }) => status).sort();
const expected = (ok: number, refused: number) => [...new Array(ok).fill(200), ...new Array(refused).fill(429)];

t.test('of 101 requests in one second the 101st is 429, counted in Redis', async (t) => {
  const answers = await within(950, async () => {
    const partner = await shared.addPartner({ rate: 100 });
    await shared.app.keyInvalidation.whenListening();
    return () => Promise.all(Array.from({ length: 101 }, () => usage(shared, partner)));
  });
  t.same(statuses(answers), expected(100, 1));
});

t.test('of 101 requests one after the other in one second the last is 429', async (t) => {
  t.teardown(() => {
    local.clock.stoppedAtMs = undefined;
  });
  const partner = await local.addPartner({ rate: 100 });
  const now = Date.now();
  const answers: Answer[] = [];
  for (let index = 0; index <= 100; index++) {
    local.clock.stoppedAtMs = now + index * 9;
    answers.push(await usage(local, partner));
  }
  t.same(
    answers.map(({ status }) => status),
    expected(100, 1),
  );
  local.clock.stoppedAtMs = now + 999;
  t.equal((await usage(local, partner)).status, 429);
  local.clock.stoppedAtMs = now + 1_000;
  t.equal((await usage(local, partner)).status, 200, 'a second after the first request there is room again');
});

t.test('a refused request is answered with the problem, Retry-After and the violated policy', async (t) => {
  t.teardown(() => {
    local.clock.stoppedAtMs = undefined;
  });
  local.clock.stoppedAtMs = Date.now();
  const partner = await local.addPartner({ rate: 1 });
  t.equal((await usage(local, partner)).status, 200);
  const { status, headers, json } = await usage(local, partner);
  t.equal(status, 429);
  t.match(json, {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    code: 'rate_limited',
    retryable: true,
    'violated-policies': ['burst'],
  });
  t.equal(headers.get('content-type'), 'application/problem+json');
  t.ok(Number(headers.get('retry-after')) >= 1);
});

t.test('each partner has its own bucket, with its own rate and burst', async (t) => {
  t.teardown(() => {
    local.clock.stoppedAtMs = undefined;
  });
  const now = Date.now();
  local.clock.stoppedAtMs = now;
  const small = await local.addPartner({ rate: 5, burst: 10 });
  const other = await local.addPartner({ rate: 1, burst: 3 });
  const burst = async (partner: TestPartner, count: number) =>
    statuses(await Promise.all(Array.from({ length: count }, () => usage(local, partner))));
  t.same(await burst(small, 15), expected(10, 5));
  t.same(await burst(other, 4), expected(3, 1));
  local.clock.stoppedAtMs = now + 1_000;
  t.same(await burst(small, 15), expected(5, 10), 'five a second after the burst');
  t.same(await burst(other, 4), expected(1, 3));
});

t.test('the burst limit counts requests: a batch is one, an error is one', async (t) => {
  t.teardown(() => {
    local.clock.stoppedAtMs = undefined;
  });
  local.clock.stoppedAtMs = Date.now();
  const partner = await local.addPartner({ rate: 3 });
  const batch = Array.from({ length: 100 }, () => ({ event_type: 'x', payload: {} }));
  t.equal((await local.request('POST', '/v1/events/batch', { key: partner.key, body: batch })).status, 200);
  t.equal((await local.request('POST', '/v1/events', { key: partner.key, body: 'no json' })).status, 400);
  t.equal((await local.request('GET', '/v1/events/x', { key: partner.key })).status, 404);
  t.equal((await usage(local, partner)).status, 429);
});

t.test('health and docs are never limited', async (t) => {
  const { key } = await local.addPartner({ rate: 1 });
  for (const path of ['/health', '/v1/health', '/health/live', '/health/ready', '/docs/json']) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => local.request('GET', path, { key })));
    t.same(new Set(answers.map(({ status }) => status)), new Set([200]), path);
    for (const { headers } of answers)
      t.same(
        [...headers.keys()].filter((name) => name.includes('ratelimit')),
        [],
        'and say nothing of limits',
      );
  }
  t.equal((await local.request('GET', '/v1/usage', { key })).status, 200, 'and take no token');
});

t.test('refusals are counted by policy', async (t) => {
  const partner = await local.addPartner({ rate: 1 });
  const count = async () => (await local.app.metrics.limitHits.get()).values.find(({ labels }) => labels.policy === 'burst')?.value ?? 0;
  const before = await count();
  await within(900, async () => () => Promise.all(Array.from({ length: 5 }, () => usage(local, partner))));
  t.ok((await count()) > before);
});
