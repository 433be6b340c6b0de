import t from 'tap';
import { Triggers } from '../../openapi/clients/typescript/src/index.ts';
import { FaultProxy } from '../faults/fault-proxy.ts';
import { startTestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';
import { startRelay } from './typescript-relay.ts';

const { url, db, addPartner } = await startTestApp(t);
const proxy = await FaultProxy.open({ host: '127.0.0.1', port: Number(new URL(url).port) });
t.teardown(() => proxy.close());
t.afterEach(() => proxy.set({ kind: 'pass' }));

/** A client of a new partner whose way to the server leads through the proxy. */
async function withClient(baseUrl = `http://127.0.0.1:${proxy.port}`) {
  const { id, key } = await addPartner();
  const client = new Triggers({ apiKey: key, baseUrl, backoff: { baseMs: 20, capMs: 50 }, maxAttempts: 200 });
  const rows = async () => Number((await db.query('SELECT count(*) AS rows FROM events WHERE partner_id = $1', [id])).rows[0].rows);
  return { client, rows };
}

t.test('an answer that is lost on the way back is asked for again, and the event is stored once', async (t) => {
  const relay = await startRelay(t, url);
  const { client, rows } = await withClient(relay.url);
  relay.loseAnswers(2, '/v1/events');
  const { eventId, duplicate } = await client.send('order.created', { n: 1 });
  t.equal(relay.came.length, 3);
  t.equal(duplicate, true, 'the first attempt had stored it');
  t.equal(await rows(), 1);
  t.equal((await client.peek()).events[0]?.eventId, eventId);

  relay.loseAnswers(1, '/batch');
  const events = Array.from({ length: 700 }, (_, n) => ({ eventType: 'order.created', payload: { n } }));
  const summary = await client.sendBatch(events);
  t.match(summary, { accepted: 200, duplicates: 500, failed: 0 });
  t.equal(await rows(), 701);
});

t.test('a connection that is reset before the request arrives is opened again', async (t) => {
  const { client, rows } = await withClient();
  for (let n = 0; n < 8; n += 1) await client.send('order.created', { n });
  t.ok(proxy.connections <= 2, `${proxy.connections}: they are kept while all goes well`);
  proxy.set({ kind: 'reset' });
  const sending = client.send('order.created', { n: 8 });
  await until('the connections are gone', () => proxy.connections === 0);
  proxy.set({ kind: 'pass' });
  await sending;
  t.equal(await rows(), 9);
});

t.test('connections that break again and again lose nothing and double nothing', async (t) => {
  const { client, rows } = await withClient();
  let done = 0;
  const sent = Array.from({ length: 20 }, (_, n) =>
    client.send('order.created', { n }).finally(() => {
      done += 1;
    }),
  );
  for (let storm = 0; storm < 10; storm += 1) {
    const before = done;
    await until('connections are open', () => proxy.connections > 0 || done === 20);
    proxy.set({ kind: 'reset' });
    proxy.set(storm % 2 === 0 ? { kind: 'slice', bytes: 50 } : { kind: 'pass' });
    await until('one more has come through', () => done > before || done === 20);
  }
  const ids = (await Promise.all(sent)).map(({ eventId }) => eventId);
  t.equal(new Set(ids).size, 20);
  t.equal(await rows(), 20);
});

t.test('a network that swallows everything is a timeout, and what was sent meanwhile is stored once', async (t) => {
  const { client, rows } = await withClient();
  proxy.set({ kind: 'blackhole' });
  const begun = performance.now();
  await t.rejects(client.send('order.created', { n: 1 }, { maxAttempts: 1, timeoutMs: 300, idempotencyKey: 'first' }), { code: 'timeout' });
  t.ok(performance.now() - begun >= 290);
  const sending = client.send('order.created', { n: 1 }, { timeoutMs: 1000, idempotencyKey: 'first' });
  proxy.set({ kind: 'pass' });
  await sending;
  t.equal(await rows(), 1);
});

t.test('a loop over the inbox through a network that breaks handles every event once', async (t) => {
  const { client } = await withClient();
  await client.sendBatch(Array.from({ length: 30 }, (_, n) => ({ eventType: 'order.created', payload: { n } })));
  const handled: number[] = [];
  for await (const { payload } of client.inbox<{ n: number }>({ stopWhenEmpty: true })) {
    handled.push(payload.n);
    if (handled.length % 4 === 0) {
      proxy.set({ kind: 'reset' });
      proxy.set({ kind: 'pass' });
    }
  }
  t.same(
    handled,
    Array.from({ length: 30 }, (_, n) => n),
  );
  const { events } = await client.listEvents({ limit: 500 });
  t.same(new Set(events.map(({ status }) => status)), new Set(['acknowledged']));
});
