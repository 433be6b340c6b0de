import t from 'tap';
import { type Answer, startTestApp } from '../../helper/app.ts';
import { testRedisUrl, uniquePrefix } from '../../helper/redis.ts';
import { within } from './within.ts';

const redis = { REDIS_URL: testRedisUrl(), REDIS_PREFIX: uniquePrefix() };
const one = await startTestApp(t, redis);
const two = await startTestApp(t, { ...redis, databaseUrl: one.databaseUrl });

t.test('two replicas share one bucket exactly: of 130 requests in a second a hundred are admitted in all', async (t) => {
  const answers = await within(950, async () => {
    const { key } = await one.addPartner({ rate: 100 });
    return () => Promise.all(Array.from({ length: 130 }, (_, index) => (index % 2 ? one : two).request('GET', '/v1/usage', { key })));
  });
  const admitted = (some: Answer[]) => some.filter(({ status }) => status === 200).length;
  t.equal(admitted(answers), 100);
  t.equal(answers.filter(({ status }) => status === 429).length, 30);
  t.ok(
    admitted(answers.filter((_, index) => index % 2 === 0)) > 0 && admitted(answers.filter((_, index) => index % 2 === 1)) > 0,
    'both admitted some',
  );
});

t.test('what one replica has used up, another refuses', async (t) => {
  const last = await within(950, async () => {
    const { key } = await one.addPartner({ rate: 20 });
    return async () => {
      await Promise.all(Array.from({ length: 20 }, () => one.request('GET', '/v1/usage', { key })));
      return two.request('GET', '/v1/usage', { key });
    };
  });
  t.match(last, { status: 429, json: { code: 'rate_limited' } });
});

t.test('another prefix is another set of buckets', async (t) => {
  const apart = await startTestApp(t, { ...redis, REDIS_PREFIX: uniquePrefix(), databaseUrl: one.databaseUrl });
  const { key } = await one.addPartner({ rate: 1 });
  const answers = await within(900, async () => async () => [
    await one.request('GET', '/v1/usage', { key }),
    await apart.request('GET', '/v1/usage', { key }),
  ]);
  t.same(
    answers.map(({ status }) => status),
    [200, 200],
  );
});
