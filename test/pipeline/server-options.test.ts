import { connect } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import pg from 'pg';
import t, { type Test } from 'tap';
import { serverOptions } from '../../src/pipeline/server-options.ts';

type Options = ReturnType<typeof serverOptions>;

async function listen(t: Pick<Test, 'teardown'>, overrides: Partial<Options> = {}, trustProxyHops = 0) {
  const logs: string[] = [];
  const options = serverOptions({ level: 'trace', trustProxyHops, logStream: { write: (line) => void logs.push(line) }, publicUrl: '' });
  const app = Fastify({ ...options, ...overrides }) as unknown as FastifyInstance;
  app.get('/', async (request) => ({ ip: request.ip }));
  app.post('/', async () => ({}));
  app.get('/large', async () => 'x'.repeat(64 * 1024 * 1024));
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  return { app, logs, options, exchange: (text: string) => exchange((app.server.address() as { port: number }).port, text) };
}

/** Sends a text and gives all that comes back until the server ends the connection. */
function exchange(port: number, text: string): Promise<{ status: number; head: string; json: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (piece) => {
      answer += piece;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      resolve({ status: Number(head.slice(9, 12)), head: head.toLowerCase(), json: JSON.parse(body || '{}') });
    });
  });
}

t.test('no connection stays for ever: headers, requests and idle connections have their deadlines', async (t) => {
  const { app, options } = await listen(t);
  t.equal(app.server.headersTimeout, 10_000);
  t.equal(app.server.requestTimeout, 15_000);
  t.equal(app.server.keepAliveTimeout, 65_000);
  t.equal(app.server.timeout, 60_000, 'above the 30 seconds of a long poll');
  // Node looks for late requests only this often, every 30 s if not told.
  const interval = (options.http as { connectionsCheckingInterval?: number }).connectionsCheckingInterval ?? 30_000;
  t.ok(interval <= 5_000, `deadlines are looked at every ${interval} ms`);
});

t.test('headers or a body that stall are answered 408 and the connection is closed', async (t) => {
  const http = { headersTimeout: 40, connectionsCheckingInterval: 10 };
  const { exchange } = await listen(t, { requestTimeout: 50, http });
  for (const stalled of [
    'GET / HTTP/1.1\r\nHost: x\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ]) {
    const answer = await exchange(stalled);
    t.equal(answer.status, 408);
    t.match(answer.head, 'connection: close');
    t.match(answer.json, { status: 408, request_id: /^req_/, title: String, detail: String, code: String, retryable: Boolean });
  }
});

t.test('a client that asks for much and reads nothing is disconnected', async (t) => {
  const { app } = await listen(t, { connectionTimeout: 50 });
  const closed = new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)));
  const client = connect((app.server.address() as { port: number }).port, '127.0.0.1', () =>
    client.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n'),
  );
  client.on('error', () => {}); // the server's reset
  client.pause();
  t.teardown(() => client.destroy());
  await closed;
  t.equal(client.destroyed, false, 'by the server, not by the client');
});

t.test('what is not HTTP is answered with a problem document, and nothing of it is repeated', async (t) => {
  const { exchange } = await listen(t);
  const requests: [string, number][] = [
    ['secret nonsense\r\n\r\n', 400],
    ['GET / HTTP/9.9\r\nHost: x\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nsecret header: a\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello', 400],
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nsecret: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ];
  for (const [text, status] of requests) {
    const answer = await exchange(text);
    t.equal(answer.status, status, text.slice(0, 60));
    t.match(answer.head, 'content-type: application/problem+json');
    t.match(answer.json, { status, request_id: /^req_/, title: String, detail: String, code: String, type: String });
    t.notMatch(JSON.stringify(answer.json), /secret|HPE_|Parse Error/);
    t.match(answer.head, `x-request-id: ${answer.json.request_id}`);
  }
});

t.test('a path that cannot be decoded is an unknown one, answered with a problem document', async (t) => {
  const { app } = await listen(t);
  for (const url of ['/%zz', '/%ff', '/a%00b%']) {
    const answer = await app.inject({ url, headers: { 'x-request-id': 'of-the-caller' } });
    t.equal(answer.statusCode, 404, url);
    t.match(answer.headers, { 'content-type': 'application/problem+json', 'x-request-id': 'of-the-caller' });
    t.match(answer.json(), { code: 'route_not_found', status: 404, instance: url, request_id: 'of-the-caller' });
  }
});

t.test('X-Forwarded-For is believed for as many proxies as there are, and no further', async (t) => {
  const headers = { 'x-forwarded-for': '10.0.0.1, 10.0.0.2, 10.0.0.3' };
  const expected = ['127.0.0.1', '10.0.0.3', '10.0.0.2'];
  for (const [hops, ip] of expected.entries()) {
    const { app } = await listen(t, {}, hops);
    t.equal((await app.inject({ url: '/', headers })).json().ip, ip, `${hops} proxies`);
  }
});

t.test('should somebody log headers or a body, they are not in the log', async (t) => {
  const { app, logs } = await listen(t);
  app.log.info({ headers: { 'x-api-key': 'sk_secret' }, body: 'secret text', api_key: 'sk_secret' }, 'a mistake');
  app.log.info({ req: { id: '1', method: 'GET', ip: '::1', headers: { 'x-api-key': 'sk_secret' } } }, 'a mistake');
  app.log.info({ answer: { headers: 'sk_secret', body: 'secret text', api_key: 'sk_secret' } }, 'a mistake');
  t.equal(logs.filter((line) => line.includes('a mistake')).length, 3);
  t.notMatch(logs.join(''), /secret/);
});

t.test('of an error of Postgres its code and severity are logged, and no value of a row', async (t) => {
  const { app, logs } = await listen(t);
  const error = new pg.DatabaseError('duplicate key: (name)=(secret)', 100, 'error');
  Object.assign(error, {
    code: '23505',
    severity: 'ERROR',
    detail: 'Key (name)=(secret)',
    where: 'secret',
    table: 'partners',
    constraint: 'one_name',
  });
  app.log.error({ err: error }, 'a fault');
  app.log.error({ err: new Error('not stored', { cause: error }) }, 'a fault');
  const faults = logs.filter((line) => line.includes('a fault')).map((line) => JSON.parse(line).err);
  t.equal(faults.length, 2);
  t.notMatch(logs.join(''), /secret/);
  const expected = {
    type: 'error',
    code: '23505',
    severity: 'ERROR',
    table: 'partners',
    constraint: 'one_name',
    stack: /^\s+at .*server-options\.test/,
  };
  t.match(faults[0], expected);
  t.match(faults[1], { message: 'not stored', cause: expected });
});
