import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  TimeoutError,
  Triggers,
  TriggersError,
  type TriggersOptions,
  ValidationError,
} from '../../openapi/clients/typescript/src/index.ts';
import { backoffMs, parseRetryAfter } from '../../openapi/clients/typescript/src/retry.ts';
import { until } from '../helper/until.ts';
import { problem, type Scripted, startDouble, stored } from './typescript-double.ts';

const key = 'sk_test_acme_secretsecretsecretsecretsecret';
const quick = { baseMs: 1, capMs: 2 };

/** A client of a server that answers so. */
async function against(answers: Scripted[], options: TriggersOptions = {}) {
  const double = await startDouble(t, ...answers);
  return { double, client: new Triggers({ apiKey: key, baseUrl: double.url, backoff: quick, ...options }) };
}

t.test('what may pass is sent again, with the idempotency key of the first attempt', async (t) => {
  const failures: Scripted[] = [
    'break',
    'break in the body',
    problem(503, 'unavailable'),
    problem(500, 'internal'),
    problem(408, 'http_408'),
  ];
  const { double, client } = await against([...failures, stored]);
  const result = await client.send('order.created', { n: 1 });
  t.equal(result.eventId, 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a');
  t.equal(double.came.length, 6);
  const bodies = double.came.map(({ text }) => text);
  t.equal(new Set(bodies).size, 1, 'every attempt is the same to the last byte');
  t.match(JSON.parse(bodies[0] as string), { event_type: 'order.created', idempotency_key: /^[0-9a-f-]{36}$/, payload: { n: 1 } });
  await client.send('order.created', { n: 1 });
  t.not(JSON.parse(double.came[6]?.text ?? '').idempotency_key, JSON.parse(bodies[0] as string).idempotency_key, 'each call has its own');
});

t.test('attempts end at their number, and the error is that of the last', async (t) => {
  const { double, client } = await against([problem(500, 'internal'), problem(503, 'unavailable')], { maxAttempts: 3 });
  const error = (await client.usage().catch((reason) => reason)) as ServerError;
  t.ok(error instanceof ServerError);
  t.match(
    { code: error.code, attempts: error.attempts, retryable: error.retryable },
    { code: 'unavailable', attempts: 3, retryable: true },
  );
  t.equal(double.came.length, 3);
});

t.test('each 4xx is sent once and rejects with its own error', async (t) => {
  const kinds = [
    [400, 'validation_failed', ValidationError],
    [401, 'unauthenticated', AuthenticationError],
    [403, 'forbidden', PermissionDeniedError],
    [404, 'event_not_found', NotFoundError],
    [406, 'not_acceptable', TriggersError],
    [409, 'job_in_progress', ConflictError],
    [413, 'payload_too_large', ValidationError],
    [415, 'unsupported_media_type', ValidationError],
    [422, 'idempotency_key_reused', ValidationError],
  ] as const;
  for (const [status, code, kind] of kinds) {
    const { double, client } = await against([problem(status, code), stored]);
    const error = (await client.send('order.created', {}).catch((reason) => reason)) as TriggersError;
    t.equal(error.constructor, kind, code);
    t.match(
      { ...error, message: error.message, name: error.name },
      {
        name: kind.name,
        status,
        code,
        detail: `It is ${code}.`,
        requestId: `req_${code}`,
        retryable: false,
        message: `It is ${code}. (${code}, ${status}, request req_${code})`,
      },
    );
    t.equal(double.came.length, 1, `${code} is not sent again`);
  }
});

t.test('Retry-After is the least wait', async (t) => {
  const { double, client } = await against([problem(429, 'rate_limited', { 'retry-after': '1' }), stored]);
  await client.send('order.created', {});
  const [first, second] = double.came;
  t.ok((second?.at ?? 0) - (first?.at ?? 0) >= 1000, 'a second, where the back-off alone would be a millisecond');
});

t.test('a Retry-After behind the deadline fails at once', async (t) => {
  const { double, client } = await against([problem(429, 'quota_exceeded', { 'retry-after': '600000' }), stored]);
  const begun = performance.now();
  const error = (await client.send('order.created', {}).catch((reason) => reason)) as RateLimitError;
  t.ok(error instanceof RateLimitError);
  t.equal(error.retryAfterSeconds, 600_000);
  t.equal(double.came.length, 1);
  t.ok(performance.now() - begun < 5_000);
});

t.test('a server that hangs is given up after the timeout, and asked again', async (t) => {
  const { double, client } = await against(['hang', stored], { timeoutMs: 50 });
  await client.send('order.created', {});
  t.equal(double.came.length, 2);
  double.next('hang');
  const error = (await client.send('order.created', {}, { maxAttempts: 2 }).catch((reason) => reason)) as TimeoutError;
  t.ok(error instanceof TimeoutError && error instanceof ConnectionError);
  t.match({ ...error }, { code: 'timeout', status: undefined, retryable: true, attempts: 2 });
});

t.test('the deadline ends all attempts, the one under way included', async (t) => {
  const { double, client } = await against(['hang'], { timeoutMs: 60, deadlineMs: 150 });
  const begun = performance.now();
  await t.rejects(client.usage(), { code: 'timeout' });
  t.ok(performance.now() - begun >= 140, 'not before');
  t.ok(double.came.length >= 2 && double.came.length <= 3, `${double.came.length} attempts`);
});

t.test('a signal ends a call while it waits for an answer, and while it waits to try again', async (t) => {
  const { double, client } = await against(['hang'], { backoff: { baseMs: 60_000, capMs: 60_000 } });
  const reason = new Error('the user has left');
  const stop = new AbortController();
  const waiting = t.rejects(client.usage({ signal: stop.signal }), reason);
  await until('the request came', () => double.came.length === 1);
  stop.abort(reason);
  await waiting;

  double.next(problem(503, 'unavailable', { 'retry-after': '60' }));
  const second = new AbortController();
  const pausing = t.rejects(client.usage({ signal: second.signal }), reason);
  await until('the request came', () => double.came.length === 2);
  second.abort(reason);
  await pausing;
  await t.rejects(client.usage({ signal: second.signal }), reason, 'a call that is aborted before it begins');
  t.equal(double.came.length, 2, 'is not sent');
});

t.test('a signal ends a call of `api` as well', async (t) => {
  const { double, client } = await against(['hang']);
  const reason = new Error('the user has left');
  const stop = new AbortController();
  const waiting = t.rejects(client.api.GET('/v1/usage', { signal: stop.signal }), reason);
  await until('the request came', () => double.came.length === 1);
  stop.abort(reason);
  await waiting;
  await t.rejects(client.api.GET('/v1/usage', { signal: stop.signal }), reason);
  t.equal(double.came.length, 1, 'what is aborted before it begins is not sent');
});

t.test('a time beyond what a timer can wait is as long as that, and not nothing', async (t) => {
  const { double, client } = await against([stored], { timeoutMs: Number.POSITIVE_INFINITY, deadlineMs: Number.POSITIVE_INFINITY });
  await client.send('order.created', {}, { maxAttempts: 1 });
  await client.send('order.created', {}, { maxAttempts: 1, timeoutMs: 2 ** 31 });
  double.next(problem(429, 'quota_exceeded', { 'retry-after': '2592000' }), stored);
  const stop = new AbortController();
  const pausing = t.rejects(client.send('order.created', {}, { signal: stop.signal }), { name: 'AbortError' });
  await until('it was sent away', () => double.came.length === 3);
  double.next(stored);
  await client.send('order.created', {});
  stop.abort();
  await pausing;
  t.equal(double.came.length, 4, 'who was told to wait for a month has not tried again');
});

t.test('a new key is asked for once: each takes the place of the one before', async (t) => {
  const { double, client } = await against(['break', stored]);
  await t.rejects(client.api.POST('/v1/keys/rotate', { body: {} }), ConnectionError);
  t.equal(double.came.length, 1);
});

t.test('an error keeps its name when its class has lost it', (t) => {
  class e extends ServerError {}
  t.equal(new e({ code: 'internal', detail: 'It is broken.' }).name, 'ServerError');
  t.end();
});

t.test('nobody there is a ConnectionError that says why', async (t) => {
  const { port } = await new Promise<AddressInfo>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address));
    });
  });
  const client = new Triggers({ apiKey: key, baseUrl: `http://127.0.0.1:${port}`, backoff: quick, maxAttempts: 2 });
  const error = (await client.usage().catch((reason) => reason)) as ConnectionError;
  t.ok(error instanceof ConnectionError);
  t.match({ ...error }, { code: 'connection_failed', detail: 'No answer: ECONNREFUSED', attempts: 2 });
});

t.test('an error page of something in between counts by its status', async (t) => {
  const page = { status: 502, headers: { 'content-type': 'text/html', 'x-request-id': 'from-the-proxy' }, body: '<h1>Bad gateway</h1>' };
  const { client } = await against([page], { maxAttempts: 1 });
  await t.rejects(client.usage(), { code: 'http_502', status: 502, requestId: 'from-the-proxy', retryable: true });
});

t.test('what some other server answers with 200 is an error, and final', async (t) => {
  const { double, client } = await against([{ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Please log in</h1>' }]);
  await t.rejects(client.send('order.created', {}), { name: 'TriggersError', code: 'unexpected_answer' });
  await t.rejects(client.health(), { code: 'unexpected_answer' });
  t.equal(double.came.length, 2);
  double.next({ status: 200, body: { hello: 'world' } });
  await t.rejects(client.receive(), { code: 'unexpected_answer' });
});

t.test('a redirect is not followed: the key stays here', async (t) => {
  const elsewhere = await startDouble(t, stored);
  const { client } = await against([{ status: 307, headers: { location: elsewhere.url } }]);
  await t.rejects(client.send('order.created', {}), { code: 'http_307' });
  t.equal(elsewhere.came.length, 0);
});

t.test('the wait is random below a limit that doubles up to a cap, and never below Retry-After', (t) => {
  const backoff = { baseMs: 250, capMs: 30_000 };
  const longest = [1, 2, 3, 8, 60].map((attempt) => backoffMs(attempt, backoff, undefined, () => 1));
  t.same(longest, [250, 500, 1000, 30_000, 30_000]);
  t.equal(
    backoffMs(5, backoff, undefined, () => 0),
    0,
  );
  t.equal(
    backoffMs(5, backoff, undefined, () => 0.5),
    2000,
  );
  t.equal(
    backoffMs(1, backoff, 3000, () => 0),
    3000,
  );
  t.equal(
    backoffMs(1, backoff, 3000, () => 1),
    3250,
    'many that were sent away together do not come back together',
  );
  t.end();
});

t.test('Retry-After is read as seconds and as a date', (t) => {
  const now = Date.parse('2026-11-24T10:00:00Z');
  t.equal(parseRetryAfter('120', now), 120_000);
  t.equal(parseRetryAfter('0', now), 0);
  t.equal(parseRetryAfter('Tue, 24 Nov 2026 10:00:30 GMT', now), 30_000);
  t.equal(parseRetryAfter('Tue, 24 Nov 2026 09:00:00 GMT', now), 0, 'a date that has passed');
  for (const wrong of [null, '', '-1', '1.5', 'soon', '2026-11-24']) t.equal(parseRetryAfter(wrong, now), undefined, String(wrong));
  t.end();
});
