import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import t, { type Test } from 'tap';
import { tracingSettings } from '../src/config.ts';
import { startServer } from './faults/server-process.ts';
import { insertPartner, request, testPepper } from './helper/app.ts';
import { createTestDatabase } from './helper/database.ts';
import { until } from './helper/until.ts';

type Attribute = { key: string; value: { stringValue?: string; intValue?: number } };
type Span = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: Attribute[];
  links?: { traceId: string; spanId: string }[];
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code?: number };
};
type Export = { resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[] };

const preload = `--import=${new URL('../src/telemetry.ts', import.meta.url).href}`;
const loadedModules = fileURLToPath(new URL('helper/loaded-modules.ts', import.meta.url));

/** A collector that takes OTLP over HTTP, as JSON. */
async function startCollector(t: Test) {
  const spans: Span[] = [];
  const paths = new Set<string>();
  const services = new Set<string | undefined>();
  const server = createServer(async (incoming, response) => {
    paths.add(incoming.url as string);
    for (const { resource, scopeSpans } of ((await json(incoming)) as Export).resourceSpans) {
      services.add(resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue);
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, paths, services };
}

/** The service as a process of its own, with a partner. */
async function startService(t: Test, env: Record<string, string>) {
  const databaseUrl = await createTestDatabase(t);
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  const partner = await insertPartner(db, { slug: 'acme' });
  await db.end();
  const server = await startServer({
    databaseUrl,
    pepper: testPepper,
    env: { NODE_ENV: 'test', LOG_LEVEL: 'info', ACCESS_LOG: 'on', NODE_OPTIONS: preload, ...env },
  });
  t.teardown(() => server.kill());
  const url = `http://127.0.0.1:${server.port}`;
  const send = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
    request(url, method, path, { key: partner.key, headers, body });
  return { server, partner, send };
}

const traceId = (n: number) => n.toString(16).padStart(32, 'a');
const sampled = (n: number) => ({ traceparent: `00-${traceId(n)}-${'b'.repeat(16)}-01` });
const event = { event_type: 'x.y', payload: { hidden: 'secret' } };

t.test('a recorded request is followed from HTTP through its stages to the batch that carries it and the statements of that', async (t) => {
  const collector = await startCollector(t);
  const { server, partner, send } = await startService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' });
  t.equal((await send('POST', '/v1/events', sampled(1), event)).status, 200);
  const of = (id: string) => collector.spans.filter((span) => span.traceId === id);
  const root = await until('the span of the request was sent', () => of(traceId(1)).find(({ kind }) => kind === 2));
  t.match(root, { name: 'postEvent', parentSpanId: 'b'.repeat(16) });
  const said = Object.fromEntries(root.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
  t.match(said, { 'http.request.method': 'POST', 'http.response.status_code': 200, 'triggers.partner': 'acme' });

  const parts = of(traceId(1)).filter(({ parentSpanId }) => parentSpanId === root.spanId);
  t.same(
    parts.map(({ name }) => name),
    ['auth', 'limits', 'body', 'handle'],
  );
  const batch = await until('the span of the batch was sent', () => collector.spans.find(({ name }) => name === 'batch ingest'));
  t.notOk(batch.parentSpanId, 'it is nobody’s alone');
  t.same(
    batch.links?.map((link) => [link.traceId, link.spanId]),
    [[traceId(1), root.spanId]],
  );
  t.same(
    root.links?.map((link) => [link.traceId, link.spanId]),
    [[batch.traceId, batch.spanId]],
    'and the way back',
  );
  const [statement] = collector.spans.filter(({ parentSpanId }) => parentSpanId === batch.spanId);
  t.match(statement, { traceId: batch.traceId, kind: 3 });
  for (const [inner, outer] of [[statement, batch], [batch, root], ...parts.map((part) => [part, root])] as [Span, Span][]) {
    t.ok(BigInt(inner.startTimeUnixNano) >= BigInt(outer.startTimeUnixNano), `${inner.name} begins within ${outer.name}`);
    t.ok(BigInt(inner.endTimeUnixNano) <= BigInt(outer.endTimeUnixNano), `${inner.name} ends within ${outer.name}`);
  }

  t.same([...collector.paths], ['/v1/traces'], 'and neither metrics nor logs');
  t.same([...collector.services], ['triggers-api']);
  for (const hidden of [partner.key, 'secret', 'INSERT', '/v1/events']) t.notOk(JSON.stringify(collector.spans).includes(hidden), hidden);
  await server.stop();
  const line = server
    .log()
    .split('\n')
    .find((text) => text.includes('"operation":"postEvent"')) as string;
  t.equal(JSON.parse(line).trace_id, traceId(1));
});

t.test('a batch is linked with the recorded ones of its requests, once each, and with no other', async (t) => {
  const collector = await startCollector(t);
  const { server, send } = await startService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: '0' });
  const count = 40;
  await Promise.all(
    Array.from({ length: count }, (_, n) => {
      if (n % 2) return send('POST', '/v1/events', { traceparent: `00-${traceId(n)}-${'b'.repeat(16)}-00` }, event);
      return send('POST', '/v1/events/batch', sampled(n), [event, event, event]);
    }),
  );
  await send('POST', '/v1/events', {}, event);
  await send('GET', '/v1/inbox', sampled(900));
  await send('POST', '/v1/events/batch', sampled(902), Array(100).fill(event));
  // Closing sends what is left: no span is lost, and none comes later.
  await server.stop();
  const roots = new Map(collector.spans.filter(({ kind }) => kind === 2).map((span) => [span.traceId, span]));
  const recorded = Array.from({ length: count / 2 }, (_, n) => traceId(2 * n));
  t.same(
    [...roots.keys()].sort(),
    [...recorded, traceId(900), traceId(902)].sort(),
    'nobody else’s request was recorded, as the share is 0',
  );
  const links = collector.spans.filter(({ name }) => name === 'batch ingest').flatMap((batch) => batch.links ?? []);
  for (const id of recorded) {
    const own = links.filter((link) => link.traceId === id);
    t.ok(own.length > 0);
    for (const link of own) t.equal(link.spanId, roots.get(id)?.spanId);
  }
  t.equal(new Set(links.map((link) => link.traceId)).size, recorded.length + 1);
  const large = collector.spans.find((span) => span.links?.some((link) => link.traceId === traceId(902)) && span.name === 'batch ingest');
  t.same(
    collector.spans.filter(({ parentSpanId }) => parentSpanId === large?.spanId).map(({ name }) => name),
    ['copy'],
    'COPY is a statement, too',
  );
  for (const batch of collector.spans.filter(({ name }) => name === 'batch ingest')) {
    const linked = (batch.links ?? []).map((link) => link.spanId);
    t.equal(new Set(linked).size, linked.length, 'three events of one request are one link');
  }
  const poll = collector.spans.filter((span) => span.traceId === traceId(900));
  const handle = poll.find(({ name }) => name === 'handle');
  t.ok(
    poll.some(({ kind, parentSpanId }) => kind === 3 && parentSpanId === handle?.spanId),
    'a poll has its statement in its own trace',
  );
});

t.test('refusals and failures end their span where they end, and probes have none', async (t) => {
  const collector = await startCollector(t);
  const { server, send } = await startService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: '1' });
  t.equal((await send('GET', '/v1/inbox', { ...sampled(1), 'x-api-key': 'wrong' })).status, 401);
  t.equal((await send('POST', '/v1/events', sampled(2), 'no json')).status, 400);
  t.equal((await send('GET', '/nowhere', sampled(3))).status, 404);
  t.equal((await send('GET', '/health/live', sampled(4))).status, 200);
  t.equal((await send('GET', '/v1/account')).status, 200);
  await server.stop();
  const names = (n: number) => collector.spans.filter((span) => span.traceId === traceId(n)).map(({ name }) => name);
  t.same(names(1).sort(), ['auth', 'getInbox']);
  t.same(names(2).sort(), ['auth', 'body', 'limits', 'postEvent']);
  t.ok(names(3).includes('unmatched'));
  t.same(names(4), []);
  t.ok(
    collector.spans.some(({ name }) => name === 'getAccount'),
    'a request that brings no trace is recorded by the share, here 1',
  );
});

t.test('a collector that is away costs nothing but its spans', async (t) => {
  const { server, send } = await startService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_EXPORT_TIMEOUT: '500' });
  t.equal((await send('POST', '/v1/events', sampled(1), event)).status, 200);
  const exit = await server.stop();
  t.same([exit.code, exit.signal], [0, null]);
});

t.test('without an endpoint nothing of OpenTelemetry is loaded', async (t) => {
  const env = { NODE_OPTIONS: `${preload} --import=${loadedModules}` };
  const off = await startService(t, env);
  t.equal((await off.send('POST', '/v1/events', sampled(1), event)).status, 200);
  await off.server.stop();
  const modules = (log: string) => Number(/opentelemetry modules: (\d+)/.exec(log)?.[1]);
  t.equal(modules(off.server.log()), 0);
  t.notMatch(off.server.log(), 'trace_id');

  const collector = await startCollector(t);
  const on = await startService(t, { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await on.server.stop();
  t.ok(modules(on.server.log()) > 50, 'with one it is: the count is right');
});

t.test('the share is a number from 0 to 1, and one in a hundred by default', (t) => {
  const settings = (share?: string) =>
    tracingSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      ...(share !== undefined && { OTEL_TRACES_SAMPLER_ARG: share }),
    });
  t.same(settings(), { serviceName: 'triggers-api', share: 0.01 });
  t.equal(settings('0.5')?.share, 0.5);
  for (const wrong of ['2', '-1', 'all']) t.throws(() => settings(wrong), { name: 'ConfigError' });
  t.equal(tracingSettings({}), undefined);
  t.end();
});
