import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { startTestApp } from '../helper/app.ts';
import { routeTable } from './route-table.ts';

const app = await startTestApp(t);
const { key } = await app.addPartner();
const all = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

t.test('a known path with another method is 405 with Allow, for every route and method', async (t) => {
  const routes = routeTable(app.app).map((route) => route.split(' ') as [string, string]);
  const paths = new Set(
    routes.map(([, path]) => path.replace(':id', 'evt_x')).filter((path) => !path.startsWith('/docs') && !path.endsWith('*')),
  );
  for (const path of paths) {
    // A fixed path can be an id of another route too.
    const methods = new Set(
      routes.filter(([, route]) => new RegExp(`^${route.replace(':id', '[^/]+')}$`).test(path)).map(([method]) => method),
    );
    for (const method of all.filter((each) => !methods.has(each))) {
      const { status, headers, json } = await app.request(method, path, { key });
      t.equal(status, 405, `${method} ${path}`);
      const allowed = (headers.get('allow') ?? '').split(', ');
      for (const each of methods) t.ok(allowed.includes(each), `${method} ${path}: Allow names ${each}`);
      t.notOk(allowed.includes(method));
      if (method !== 'HEAD') t.match(json, { status: 405, code: 'method_not_allowed', instance: path });
    }
  }
});

t.test('an unknown path is 404 with a problem, for every method', async (t) => {
  for (const method of all) {
    const { status, headers, json } = await app.request(method, '/v1/nowhere?x=1', { key });
    t.equal(status, 404, method);
    t.equal(headers.get('content-type'), 'application/problem+json');
    t.equal(headers.has('allow'), false);
    if (method !== 'HEAD')
      t.match(json, {
        status: 404,
        code: 'route_not_found',
        instance: '/v1/nowhere',
        retryable: false,
        request_id: headers.get('x-request-id'),
      });
  }
});

t.test('an answer to HEAD has no body, and the connection is good for the next request', async (t) => {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write('HEAD /v1/inbox HTTP/1.1\r\nhost: x\r\n\r\nGET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'close');
  const [first = '', second = ''] = text.split(/(?=HTTP\/1\.1 200)/);
  t.match(first, /^HTTP\/1\.1 405 /);
  t.match(first, /\r\n\r\n$/, 'nothing after the headers');
  t.match(second, /\{"status":"live"\}$/);
});

t.test('no answer grants another origin anything', async (t) => {
  const { headers } = await app.request('OPTIONS', '/v1/inbox', {
    headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-api-key' },
  });
  t.same(
    [...headers.keys()].filter((name) => name.startsWith('access-control-')),
    [],
  );
});

t.test("a caller's well-formed request id comes back in the header, in problems and in the log", async (t) => {
  for (const id of ['12345678', 'a'.repeat(64), 'Order-7_retry-2', '0b7f9a52-6a0e-4d2e-9a55-5a0b86a5a001']) {
    const good = await app.request('GET', '/v1/inbox', { key, headers: { 'x-request-id': id } });
    t.equal(good.headers.get('x-request-id'), id);
    const bad = await app.request('GET', '/v1/events/x', { key, headers: { 'x-request-id': id } });
    t.same([bad.headers.get('x-request-id'), bad.json.request_id], [id, id]);
  }
});

t.test('a request id that is not well formed is replaced by a new one', async (t) => {
  const seen = new Set<string>();
  for (const id of [undefined, '', 'short', 'a'.repeat(65), 'with space', 'semi;colon', 'quote"quote', '../../etc', 'naïve-id-123']) {
    const { headers } = await app.request('GET', '/health/live', { headers: id === undefined ? {} : { 'x-request-id': id } });
    const given = headers.get('x-request-id') as string;
    t.match(given, /^[A-Za-z0-9_-]{8,64}$/);
    t.not(given, id);
    seen.add(given);
  }
  t.equal(seen.size, 9, 'each its own');
});

t.test('every answer has a request id: public, refused, unknown and not understood', async (t) => {
  const answers = [
    await app.request('GET', '/health'),
    await app.request('GET', '/docs/json'),
    await app.request('GET', '/v1/inbox'),
    await app.request('GET', '/v1/inbox', { key: 'hello' }),
    await app.request('GET', '/nowhere'),
    await app.request('PUT', '/v1/inbox'),
    await app.request('POST', '/v1/events', { key, body: '{' }),
  ];
  for (const { headers, status } of answers) t.match(headers.get('x-request-id'), /^req_[0-9a-z_]+$/, `${status}`);
});
