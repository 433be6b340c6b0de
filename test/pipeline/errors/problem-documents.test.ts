import Fastify from 'fastify';
import t from 'tap';
import { ApiError, catalogue, type ErrorCode } from '../../../src/pipeline/errors/catalogue.ts';
import { registerErrorHandler } from '../../../src/pipeline/errors/handler.ts';
import { registerRequestId } from '../../../src/pipeline/request-id.ts';

const app = Fastify({ genReqId: () => 'req_of_the_test', exposeHeadRoutes: false });
t.teardown(() => app.close());
registerErrorHandler(app, { publicUrl: 'https://api.example.com' });
registerRequestId(app);
let thrown: unknown;
app.get('/fails', async () => {
  throw thrown;
});
app.get('/things/:id', async () => ({}));
app.post('/things/:id', async () => ({}));

const failWith = async (error: unknown, url = '/fails?secret=1') => {
  thrown = error;
  return app.inject({ url });
};

t.test('every code of the catalogue is answered as a complete problem document', async (t) => {
  for (const [code, { status, title, advice, retryable }] of Object.entries(catalogue)) {
    const answer = await failWith(new ApiError(code as ErrorCode));
    t.equal(answer.statusCode, status, code);
    t.equal(answer.headers['content-type'], 'application/problem+json');
    t.equal(answer.headers['cache-control'], 'no-store');
    t.equal(answer.headers['x-request-id'], 'req_of_the_test');
    const { 'violated-policies': violated, ...document } = answer.json();
    t.equal(Array.isArray(violated), status === 429, `${code}: exactly a 429 names the limits that it is about`);
    t.same(document, {
      type:
        status === 429 ? 'https://iana.org/assignments/http-problem-types#quota-exceeded' : `https://api.example.com/guide/errors#${code}`,
      title,
      status,
      detail: advice,
      instance: '/fails',
      code,
      request_id: 'req_of_the_test',
      retryable,
    });
  }
});

t.test('the statuses are those of the contract, and exactly 429, 500 and 503 are retryable', async (t) => {
  const statuses: Record<number, string[]> = {
    400: [
      'invalid_json',
      'validation_failed',
      'invalid_parameter',
      'invalid_cursor',
      'empty_batch',
      'batch_too_many',
      'duplicate_event_in_request',
    ],
    401: ['unauthenticated'],
    403: ['forbidden', 'partner_suspended'],
    404: ['event_not_found', 'route_not_found'],
    405: ['method_not_allowed'],
    406: ['not_acceptable'],
    413: ['payload_too_large', 'batch_too_large'],
    415: ['unsupported_media_type'],
    422: ['idempotency_key_reused'],
    429: ['rate_limited', 'quota_exceeded', 'too_many_waits'],
    500: ['internal'],
    503: ['unavailable'],
  };
  statuses[400]?.push('idempotency_key_invalid', 'idempotency_key_mismatch', 'unknown_field', 'json_too_deep');
  for (const [status, codes] of Object.entries(statuses)) {
    for (const code of codes) t.equal(catalogue[code as ErrorCode].status, Number(status), code);
  }
  for (const [code, { status, retryable }] of Object.entries(catalogue)) t.equal(retryable, [429, 500, 503].includes(status), code);
});

t.test('an error carries its own detail, errors, members and headers', async (t) => {
  const errors = [{ pointer: '/a', code: 'required', detail: 'is required' }];
  const answer = await failWith(
    new ApiError('idempotency_key_reused', {
      detail: 'Read me.',
      errors,
      members: { original_event_id: 'evt_1' },
      headers: { 'x-more': 'yes' },
      retryAfterSeconds: 7,
    }),
  );
  t.match(answer.json(), { detail: 'Read me.', errors, original_event_id: 'evt_1', status: 422 });
  t.match(answer.headers, { 'x-more': 'yes', 'retry-after': '7' });
});

t.test('what is not of the catalogue is answered 500 internal: no message, no SQL, no stack', async (t) => {
  const driver = Object.assign(new Error('relation "secret_table" does not exist'), { code: '42P01', detail: 'secret', where: 'secret' });
  for (const error of [driver, new TypeError('secret'), Object.assign(new Error('secret'), { statusCode: 418 }), 'secret']) {
    const answer = await failWith(error);
    t.equal(answer.statusCode, 500);
    t.same(Object.keys(answer.json()).sort(), ['code', 'detail', 'instance', 'request_id', 'retryable', 'status', 'title', 'type']);
    t.match(answer.json(), { code: 'internal', retryable: true });
    t.notMatch(answer.body, /secret|relation|at .*\.ts/);
  }
});

t.test('a database that cannot be reached is answered 503 with Retry-After', async (t) => {
  for (const error of [
    new Error('timeout exceeded when trying to connect'),
    Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('secret'), { code: '57P01' }),
  ]) {
    const answer = await failWith(error);
    t.equal(answer.statusCode, 503);
    t.equal(answer.headers['retry-after'], '1');
    t.match(answer.json(), { code: 'unavailable', retryable: true });
    t.notMatch(answer.body, /secret|timeout exceeded/);
  }
});

t.test('a client that went away is not counted as our failure', async (t) => {
  const answer = await failWith(Object.assign(new Error('aborted'), { code: 'ECONNRESET', statusCode: 400 }));
  t.equal(answer.statusCode, 400);
  t.match(answer.json(), { code: 'invalid_json' });
});

t.test('an unknown path is answered 404, a known one with another method 405 with Allow', async (t) => {
  const unknown = await app.inject({ url: '/thing' });
  t.equal(unknown.statusCode, 404);
  t.match(unknown.json(), { code: 'route_not_found', instance: '/thing' });
  const wrong = await app.inject({ method: 'DELETE', url: '/things/7?x=1' });
  t.equal(wrong.statusCode, 405);
  t.equal(wrong.headers.allow, 'GET, POST');
  t.match(wrong.json(), { code: 'method_not_allowed', instance: '/things/7' });
  t.equal((await app.inject({ method: 'DELETE', url: '/things/7/more' })).statusCode, 404);
});
