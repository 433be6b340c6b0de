import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer as createTcpServer } from 'node:net';
import t, { type Test } from 'tap';
import { encodeRequest, HttpConnection, headerOf, parseAnswer, RequestError } from './http-client.ts';
import { LatencyRecorder, median, summarize } from './latency.ts';
import { runLoadHere } from './load-generator.ts';
import { loadDefaults, runLoad } from './run-load.ts';

async function serve(t: Test, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

t.test('the client reads answers by length, in chunks and without a body', async (t) => {
  const port = await serve(t, (request, response) => {
    if (request.url === '/length') response.setHeader('content-length', 5).setHeader('X-Kind', 'plain').end('hello');
    else if (request.url === '/none') response.writeHead(204).end();
    else {
      response.write('a'.repeat(70_000));
      response.end('end');
    }
  });
  const http = new HttpConnection('127.0.0.1', port);
  t.teardown(() => http.close());
  const plain = await http.request(encodeRequest('GET', '/length', {}));
  t.match(
    { status: plain.status, body: plain.body.toString(), kind: headerOf(plain, 'x-kind') },
    { status: 200, body: 'hello', kind: 'plain' },
  );
  const chunked = await http.request(encodeRequest('GET', '/chunked', {}));
  t.equal(chunked.body.length, 70_003);
  t.equal(chunked.body.toString('latin1', 70_000), 'end');
  const none = await http.request(encodeRequest('GET', '/none', {}));
  t.same([none.status, none.body.length], [204, 0]);
});

t.test('an answer in any slices is read the same', async (t) => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc');
  for (let cut = 0; cut < bytes.length; cut++) t.type(parseAnswer(bytes.subarray(0, cut)), 'number');
  t.match(parseAnswer(bytes), { answer: { status: 200 }, closes: false });
  t.equal(parseAnswer(Buffer.from('SSH-2.0\r\n\r\n')), 'malformed');
});

t.test('a request without an answer fails with the reason', async (t) => {
  const silent = createTcpServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const waiting = new HttpConnection('127.0.0.1', port, 50);
  await t.rejects(waiting.request(encodeRequest('GET', '/', {})), { kind: 'timeout' } as never);
  waiting.close();
  await new Promise((resolve) => silent.close(resolve));
  const refused = new HttpConnection('127.0.0.1', port, 500);
  await t.rejects(refused.request(encodeRequest('GET', '/', {})), new RequestError('refused', `connect ECONNREFUSED 127.0.0.1:${port}`));
  refused.close();
});

t.test('a connection that the server closed is opened anew', async (t) => {
  const port = await serve(t, (_, response) => response.setHeader('connection', 'close').end('ok'));
  const http = new HttpConnection('127.0.0.1', port);
  t.teardown(() => http.close());
  for (let n = 0; n < 3; n++) t.equal((await http.request(encodeRequest('GET', '/', {}))).status, 200);
});

t.test('percentiles are by nearest rank and exact', async (t) => {
  const recorder = new LatencyRecorder();
  for (let value = 10_000; value >= 1; value--) recorder.record(value);
  t.match(recorder.summary(), { count: 10_000, p50: 5_000, p95: 9_500, p99: 9_900, max: 10_000 });
  t.same(
    recorder.slices(2).map(({ p50 }) => p50),
    [7_500, 2_500],
  );
  t.match(summarize(new Float64Array(0)), { count: 0, p50: 0, max: 0 });
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
});

t.test('a closed loop keeps every connection busy, counts errors by status and makes every body unlike the others', async (t) => {
  const bodies = new Set<string>();
  const keys = new Set<string | string[] | undefined>();
  let count = 0;
  const port = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.add(body);
    keys.add(request.headers['x-api-key']);
    count += 1;
    response.writeHead(count % 10 === 0 ? 503 : 200).end('{}');
  });
  const source = { kind: 'event', payloadBytes: 300 } as const;
  const result = await runLoad({ port, source, connections: 4, apiKeys: ['a', 'b'], durationMs: 300 });
  t.equal(bodies.size, count);
  const [first] = bodies;
  t.equal(first?.indexOf('}}') === (first?.length ?? 0) - 2 && first.length - first.indexOf('"payload":') - '"payload":'.length - 1, 300);
  t.same([...keys].sort(), ['a', 'b']);
  t.equal(result.requests, count);
  t.equal(result.errors, result.statuses['503']);
  t.equal(result.events, result.statuses['200']);
  t.ok(result.errors >= Math.floor(count / 10));
});

t.test('at a constant arrival a stall is charged to every request that was due meanwhile', async (t) => {
  const stallMs = 200;
  const begun = performance.now();
  let stalled = false;
  const port = await serve(t, (_, response) => {
    if (!stalled && performance.now() - begun > 100) {
      stalled = true;
      for (const until = performance.now() + stallMs; performance.now() < until; );
    }
    response.end('{}');
  });
  const pace = { kind: 'arrival', perSecond: 200 } as const;
  const source = { kind: 'fixed', method: 'GET', path: '/' } as const;
  const result = await runLoad({ port, source, connections: 1, pace, durationMs: 1_000 });
  t.equal(result.requests, 200);
  t.ok(result.latency.max >= stallMs * 0.9, `max ${result.latency.max}`);
  // 40 of 200 requests were due during the stall: one in twenty must show at least half of it.
  t.ok(result.latency.p95 >= stallMs * 0.25, `p95 ${result.latency.p95}`);
});

t.test('each key arrives at its own rate', async (t) => {
  const perKey: Record<string, number> = {};
  const port = await serve(t, (request, response) => {
    const key = String(request.headers['x-api-key']);
    perKey[key] = (perKey[key] ?? 0) + 1;
    response.end('{}');
  });
  const spec = { port, source: { kind: 'fixed', method: 'GET', path: '/' } as const, connections: 4, apiKeys: ['a', 'b'], durationMs: 500 };
  await runLoadHere({ ...loadDefaults, ...spec, pace: { kind: 'arrival', perSecond: 100 } });
  t.same(perKey, { a: 25, b: 25 });
});

t.test('a list of bodies is sent once, in order, and a run that is too long is refused', async (t) => {
  const seen: string[] = [];
  const port = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(body);
    response.end('{}');
  });
  const source = { kind: 'list', method: 'POST', path: '/', bodies: ['1', '2', '3'] } as const;
  const result = await runLoadHere({
    ...loadDefaults,
    port,
    source: { ...source, bodies: [...source.bodies] },
    connections: 1,
    durationMs: 5_000,
  });
  t.same(seen, ['1', '2', '3']);
  t.equal(result.requests, 3);
  await t.rejects(runLoadHere({ ...loadDefaults, port, source: { kind: 'event', payloadBytes: 1 }, connections: 1, durationMs: 700_000 }));
});

t.test('a port that nobody listens on is counted, not retried without end', async (t) => {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const probe = connect(port, '127.0.0.1');
  await t.rejects(once(probe, 'connect'));
  const source = { kind: 'fixed', method: 'GET', path: '/' } as const;
  const result = await runLoadHere({ ...loadDefaults, port, source, connections: 2, durationMs: 100 });
  t.equal(result.statuses.refused, result.requests);
  t.ok(result.requests >= 2 && result.requests < 50, `${result.requests}`);
});
