import t, { type Test } from 'tap';
import { limitHeaders } from '../../../src/pipeline/limits/headers.ts';
import { type Answer, startTestApp } from '../../helper/app.ts';

const app = await startTestApp(t);

t.test('both limits are written as structured fields of RFC 9651, and the burst limit in the older names too', async (t) => {
  const headers = limitHeaders({
    burst: { quota: 100, remaining: 57, resetSeconds: 1 },
    monthly: { quota: 2_592_000_000, remaining: 5, resetSeconds: 60, windowSeconds: 2_592_000 },
  });
  t.same(headers, {
    'ratelimit-policy': '"burst";q=100;w=1, "monthly";q=2592000000;w=2592000',
    ratelimit: '"burst";r=57;t=1, "monthly";r=5;t=60',
    'x-ratelimit-limit': '100',
    'x-ratelimit-remaining': '57',
    'x-ratelimit-reset': '1',
  });
});

/** The headers of an answer as numbers; fails where they do not say the same. */
function read(t: Test, { headers }: Answer) {
  const policy = /^"burst";q=(\d+);w=1, "monthly";q=(\d+);w=(\d+)$/.exec(headers.get('ratelimit-policy') ?? '');
  const state = /^"burst";r=(\d+);t=(\d+), "monthly";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '');
  t.ok(policy && state, `${headers.get('ratelimit-policy')} | ${headers.get('ratelimit')}`);
  const [, quota, monthlyQuota, window] = (policy ?? []).map(Number);
  const [, remaining, reset, monthlyRemaining, monthlyReset] = (state ?? []).map(Number);
  t.same(
    ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`x-ratelimit-${name}`))),
    [quota, remaining, reset],
    'the older headers say the same',
  );
  return { quota, remaining, reset, monthlyQuota, monthlyRemaining, monthlyReset, window };
}

t.test('every answer to an authenticated request has the headers: success, mistakes and refusals alike', async (t) => {
  const partner = await app.addPartner({ rate: 50, monthlyQuota: 1_000 });
  app.clock.stoppedAtMs = Date.now();
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const { key } = partner;
  const requests: [number, string, string, object][] = [
    [200, 'GET', '/v1/inbox', {}],
    [200, 'POST', '/v1/events', { body: { event_type: 'x', payload: {} } }],
    [207, 'POST', '/v1/events/batch', { body: [{ event_type: 'x', payload: {} }, {}] }],
    [400, 'GET', '/v1/inbox?limit=0', {}],
    [400, 'POST', '/v1/events', { body: '{' }],
    [404, 'GET', '/v1/events/x', {}],
    [413, 'POST', '/v1/events', { body: { event_type: 'x', payload: { text: 'x'.repeat(300_000) } } }],
    [415, 'POST', '/v1/events', { body: 'x', headers: { 'content-type': 'text/plain' } }],
  ];
  let remaining = 50;
  for (const [status, method, path, options] of requests) {
    const answer = await app.request(method, path, { key, ...options });
    t.equal(answer.status, status, `${method} ${path}`);
    remaining -= 1;
    t.match(read(t, answer), { quota: 50, remaining, monthlyQuota: 1_000 });
  }
  while (remaining-- > 0) await app.request('GET', '/v1/usage', { key });
  const refused = await app.request('GET', '/v1/usage', { key });
  t.equal(refused.status, 429);
  const { reset } = read(t, refused);
  t.match(read(t, refused), { quota: 50, remaining: 0 });
  const retryAfter = Number(refused.headers.get('retry-after'));
  t.ok(retryAfter >= 1 && retryAfter >= (reset as number), `Retry-After ${retryAfter}, t ${reset}`);
});

t.test('the remaining month counts the request’s own events', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 10 });
  const post = async (body: unknown) =>
    read(t, await app.request('POST', Array.isArray(body) ? '/v1/events/batch' : '/v1/events', { key, body })).monthlyRemaining;
  const event = { event_type: 'x', payload: {} };
  t.equal(await post(event), 9);
  t.equal(await post([event, event, event]), 6);
  t.equal(await post({ event_type: '' }), 6, 'a refused event is free');
});

t.test('the window of the month is the calendar month, UTC', async (t) => {
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const { key } = await app.addPartner();
  const now = new Date();
  const [start, end] = [Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1), Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)];
  app.clock.stoppedAtMs = end - 2_500;
  t.match(read(t, await app.request('GET', '/v1/usage', { key })), { window: (end - start) / 1000, monthlyReset: 3 });
});

t.test('a quota that is used up is 429 with Retry-After to the end of the month, which is the t of the month', async (t) => {
  const { key } = await app.addPartner({ monthlyQuota: 0 });
  const answer = await app.request('POST', '/v1/events', { key, body: { event_type: 'x', payload: {} } });
  t.match(answer, { status: 429, json: { code: 'quota_exceeded', 'violated-policies': ['monthly'], retryable: true } });
  t.equal(answer.json.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded');
  const { monthlyRemaining, monthlyReset } = read(t, answer);
  t.equal(monthlyRemaining, 0);
  t.ok(Number(answer.headers.get('retry-after')) >= (monthlyReset as number));
});

t.test('too many long polls are 429 with the headers and a Retry-After that is not below t', async (t) => {
  const partner = await app.addPartner();
  const leaving = new AbortController();
  const waits = Array.from({ length: 11 }, () => app.request('GET', '/v1/inbox?wait=30', { key: partner.key, signal: leaving.signal }));
  const refused = await Promise.race(waits);
  leaving.abort();
  await Promise.allSettled(waits);
  t.match(refused, { status: 429, json: { code: 'too_many_waits' } });
  t.ok(Number(refused.headers.get('retry-after')) >= Math.max(1, read(t, refused).reset as number));
});

t.test('an answer to nobody in particular has none of them', async (t) => {
  for (const path of ['/health', '/v1/health', '/health/live', '/health/ready', '/docs/json', '/nowhere', '/v1/inbox']) {
    const { headers } = await app.request('GET', path);
    t.same(
      [...headers.keys()].filter((name) => name.includes('ratelimit')),
      [],
      path,
    );
  }
});
