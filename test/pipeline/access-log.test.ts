import { request as httpRequest } from 'node:http';
import t from 'tap';
import { loadConfig, wantsAccessLog } from '../../src/config.ts';
import { startTestApp, type TestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';

type Line = Record<string, unknown>;

/** The lines of the access log so far. Those of one turn of the event loop are written together. */
const linesOf = (app: TestApp): Line[] =>
  app.logs
    .flatMap((text) => text.trimEnd().split('\n'))
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'request');

/** The line of a request; it is written after the answer. */
const lineOf = (app: TestApp, requestId: string) =>
  until('the line was written', () => linesOf(app).find(({ request_id }) => request_id === requestId));

const members = [
  'bytes',
  'duration_ms',
  'hostname',
  'key_id',
  'level',
  'msg',
  'operation',
  'partner',
  'pid',
  'request_id',
  'status',
  'time',
];

t.test('each request has one line, which says who asked for what and how it ended', async (t) => {
  const app = await startTestApp(t, { ACCESS_LOG: 'on' });
  const { key, id, slug } = await app.addPartner();
  const body = { event_type: 'a.secret.type', payload: { hidden: 'in the body' }, idempotency_key: 'a-hidden-key' };
  const answer = await app.request('POST', '/v1/events?secret=in-the-query', {
    key,
    body,
    headers: { 'x-request-id': 'my-request-1', 'x-hidden': 'in-a-header' },
  });
  t.equal(answer.status, 200);
  const line = await lineOf(app, 'my-request-1');
  const keyId = (await app.db.query('SELECT id FROM api_keys WHERE partner_id = $1', [id])).rows[0].id;
  t.match(line, { level: 30, partner: slug, key_id: keyId, operation: 'postEvent', status: 200, bytes: answer.text.length });
  t.same(Object.keys(line).sort(), members, 'and nothing else');
  t.ok((line.duration_ms as number) > 0 && (line.duration_ms as number) < 10_000);
  for (const hidden of ['hidden', 'secret', key]) t.notOk(JSON.stringify(line).includes(hidden), hidden);
  t.equal(linesOf(app).length, 1);
});

t.test('refusals, unknown paths and public pages have theirs, without a partner', async (t) => {
  const app = await startTestApp(t, { ACCESS_LOG: 'on' });
  const { key } = await app.addPartner({ scopes: ['inbox:read'] });
  const ask = async (path: string, asKey?: string) => {
    const { headers } = await app.request('GET', path, asKey === undefined ? {} : { key: asKey });
    return lineOf(app, headers.get('x-request-id') as string);
  };
  t.match(await ask('/v1/inbox', 'sk_wrong'), { operation: 'getInbox', status: 401, partner: undefined, key_id: undefined });
  t.match(await ask('/nowhere/at/all'), { operation: 'unmatched', status: 404 });
  t.match(await ask('/v1/account', key), { operation: 'getAccount', status: 403 });
  t.match(await ask('/openapi.json'), { status: 200 });
});

t.test('a long poll has its line when it ends, also when the client did not wait for that', async (t) => {
  const app = await startTestApp(t, { ACCESS_LOG: 'on' });
  const { key, slug } = await app.addPartner();
  const { headers } = await app.request('GET', '/v1/inbox?wait=1', { key });
  const line = await lineOf(app, headers.get('x-request-id') as string);
  t.match(line, { operation: 'getInbox', status: 200, partner: slug, aborted: undefined });
  t.ok((line.duration_ms as number) >= 900);

  const leaving = httpRequest(`${app.url}/v1/inbox?wait=20`, { headers: { 'x-api-key': key, 'x-request-id': 'gone-away-1' } });
  leaving.on('error', () => {}).end();
  await until('it waits', async () => /^inbox_waits\{.*\} 1$/m.test(await app.app.metrics.registry.metrics()));
  leaving.destroy();
  t.match(await lineOf(app, 'gone-away-1'), { operation: 'getInbox', partner: slug, aborted: true });
});

t.test('health probes have none', async (t) => {
  const app = await startTestApp(t, { ACCESS_LOG: 'on' });
  for (const path of ['/health', '/v1/health', '/health/live', '/health/ready']) await app.request('GET', path);
  const { headers } = await app.request('GET', '/nowhere');
  await lineOf(app, headers.get('x-request-id') as string);
  t.same(
    linesOf(app).map(({ operation }) => operation),
    ['unmatched'],
  );
});

t.test('off means none, and so does a level above info', async (t) => {
  for (const config of [{ ACCESS_LOG: 'off' }, { ACCESS_LOG: 'on', LOG_LEVEL: 'warn' }] as const) {
    const app = await startTestApp(t, config);
    await app.request('GET', '/nowhere');
    await app.app.close();
    t.same(linesOf(app), []);
  }
});

t.test('by default it is on in production, and off elsewhere', (t) => {
  const needed = { DATABASE_URL: 'postgres://u:p@localhost/x', KEY_PEPPER: 'p'.repeat(32) };
  const wanted = (env: Record<string, string>) => wantsAccessLog(loadConfig({ ...needed, ...env }));
  t.equal(wanted({ NODE_ENV: 'production' }), true);
  t.equal(wanted({}), false);
  t.equal(wanted({ NODE_ENV: 'production', ACCESS_LOG: 'off' }), false);
  t.equal(wanted({ ACCESS_LOG: 'on' }), true);
  t.throws(() => wanted({ ACCESS_LOG: 'yes' }), /ACCESS_LOG/);
  t.end();
});

t.test('closing writes what has not been written', async (t) => {
  const app = await startTestApp(t, { ACCESS_LOG: 'on' });
  await Promise.all(Array.from({ length: 50 }, () => app.request('GET', '/nowhere')));
  await app.app.close();
  t.equal(linesOf(app).length, 50);
});
