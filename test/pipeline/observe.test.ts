import t from 'tap';
import { startTestApp } from '../helper/app.ts';
import { postEvent } from '../helper/seed.ts';
import { routeTable } from './route-table.ts';

const app = await startTestApp(t);

/** One sample of the exposition text, or undefined. */
async function sample(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const text = await app.app.metrics.registry.metrics();
  const line = text
    .split('\n')
    .find((each) => each.startsWith(`${name}{`) && Object.entries(labels).every(([key, value]) => each.includes(`${key}="${value}"`)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}

t.test('requests are counted by operation and status', async (t) => {
  const { key } = await app.addPartner();
  const before = [
    await sample('http_requests_total', { operation: 'getEvent', status: '404' }),
    await sample('http_requests_total', { operation: 'getInbox', status: '400' }),
  ];
  await app.request('GET', '/v1/events/x', { key });
  await app.request('GET', '/v1/inbox?limit=0', { key });
  await app.request('GET', '/v1/inbox?limit=501', { key });
  const after = [
    await sample('http_requests_total', { operation: 'getEvent', status: '404' }),
    await sample('http_requests_total', { operation: 'getInbox', status: '400' }),
  ];
  t.same(after, [(before[0] ?? 0) + 1, (before[1] ?? 0) + 2]);
});

t.test('what no route takes is one operation, whatever its URL', async (t) => {
  for (let index = 0; index < 20; index++) await app.request('GET', `/v1/secret-path-${index}?token=${index}`);
  t.ok(((await sample('http_requests_total', { operation: 'unmatched', status: '404' })) ?? 0) >= 20);
  t.notOk((await app.app.metrics.registry.metrics()).includes('secret-path'));
});

t.test('labels are operations, statuses, closed lists and, of partner_… alone, slugs: never a URL, an id or a key', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key, { event_type: 'a.very.special.type', idempotency_key: 'a-special-key' });
  await app.request('GET', `/v1/events/${id}?x=1`, { key: partner.key });
  await app.request('GET', '/v1/inbox?event_type=a.very.special.type&wait=1', { key: partner.key });
  const text = await app.app.metrics.registry.metrics();
  for (const hidden of [id, id.slice(4), partner.key, 'special', '/v1/']) t.notOk(text.includes(hidden), hidden);
  const naming = text.split('\n').filter((line) => line.includes(`"${partner.slug}"`));
  t.ok(naming.length > 0);
  for (const line of naming) t.match(line, /^partner_[a-z_]+\{/);
  const operations = new Set([...text.matchAll(/operation="([^"]*)"/g)].map(([, operation]) => operation as string));
  for (const operation of operations) t.match(operation, /^(unmatched|[a-z][A-Za-z]+)$/);
  t.ok(operations.size <= routeTable(app.app).length + 2);
});

t.test('every sample carries the version', async (t) => {
  const samples = (await app.app.metrics.registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  t.ok(samples.length > 50);
  for (const line of samples.filter((each) => !/[{,]version="[^"]+"[,}]/.test(each))) t.fail(line);
});

t.test('the latency histogram has an edge at each value that an alert or an objective speaks of', async (t) => {
  await app.request('GET', '/health/live');
  for (const le of ['0.1', '0.15', '0.2'])
    t.type(await sample('http_request_duration_seconds_bucket', { operation: 'getLive', le }), 'number', le);
});

t.test('a long poll is timed as an operation of its own, and is no slow request', async (t) => {
  const { key } = await app.addPartner();
  await app.request('GET', '/v1/inbox?wait=1', { key });
  t.equal(await sample('http_request_duration_seconds_count', { operation: 'getInboxWait' }), 2, 'with the one of an earlier test');
  t.ok(((await sample('http_request_duration_max_seconds')) as number) < 1);
  const { p95_latency_ms } = (await app.request('GET', '/health')).json.metrics;
  t.ok(p95_latency_ms < 1_000);
});

t.test('a wait in a query that its route does not know makes no operation of its own', async (t) => {
  const { key } = await app.addPartner();
  await app.request('GET', '/v1/usage?wait=30', { key });
  await app.request('GET', '/nowhere?wait=30');
  await app.request('GET', '/v1/inbox?wait=31', { key });
  const text = await app.app.metrics.registry.metrics();
  t.same(new Set([...text.matchAll(/operation="([^"]*Wait)"/g)].map(([, operation]) => operation)), new Set(['getInboxWait']));
});

t.test('the maximum is that of the last one to two minutes, and then forgotten', async (t) => {
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const minute = 60_000;
  const begin = Math.ceil(Date.now() / minute) * minute;
  app.clock.stoppedAtMs = begin;
  await app.request('GET', '/health');
  t.ok(((await sample('http_request_duration_max_seconds')) as number) > 0);
  app.clock.stoppedAtMs = begin + 2 * minute - 1;
  t.ok(((await sample('http_request_duration_max_seconds')) as number) > 0, 'a minute and its successor');
  app.clock.stoppedAtMs = begin + 2 * minute;
  t.equal(await sample('http_request_duration_max_seconds'), 0);
});

t.test('a readiness or health answer of 503 is no error of the service', async (t) => {
  const draining = await startTestApp(t);
  draining.app.beginDrain();
  t.equal((await draining.request('GET', '/health/ready')).status, 503);
  t.equal((await draining.request('GET', '/health')).status, 503);
  t.match((await draining.request('GET', '/health')).json.metrics, { requests_total: 2, errors_total: 0, error_rate: 0 });
});

t.test('the answers to a partner are counted by class, and those to nobody are not', async (t) => {
  const limited = await app.addPartner({ rate: 1, burst: 2 });
  const of = (label: string) => sample('partner_requests_total', { partner: limited.slug, class: label });
  await app.request('GET', '/v1/account', { key: limited.key });
  await app.request('GET', '/v1/events/x', { key: limited.key });
  t.equal((await app.request('POST', '/v1/events', { key: limited.key, body: { event_type: 'x', payload: {} } })).status, 429);
  await app.request('GET', '/v1/account', { key: `${limited.key}x` });
  t.same([await of('2xx'), await of('4xx'), await of('429'), await of('5xx')], [1, 1, 1, undefined]);
});

t.test('/metrics is not on the public listener', async (t) => {
  const { key } = await app.addPartner();
  for (const path of ['/metrics', '/v1/metrics', '/health/metrics'])
    t.match((await app.request('GET', path, { key })).json, { status: 404, code: 'route_not_found' });
  t.same(
    routeTable(app.app).filter((route) => route.includes('metrics')),
    [],
  );
});
