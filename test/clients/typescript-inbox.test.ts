import t from 'tap';
import { type LeasedEvent, LeaseLostError, Triggers } from '../../openapi/clients/typescript/src/index.ts';
import { startTestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';
import { startRelay } from './typescript-relay.ts';

const { url, clock, addPartner } = await startTestApp(t);

/** A client of a new partner, and so many events in its inbox: `{ n: 1 }` and so on. */
async function withEvents(count: number, baseUrl = url) {
  const { key } = await addPartner();
  const client = new Triggers({ apiKey: key, baseUrl });
  const events = Array.from({ length: count }, (_, index) => ({ eventType: 'order.created', payload: { n: index + 1 } }));
  if (count > 0) await client.sendBatch(events);
  const statuses = async () => {
    const { events: found } = await client.listEvents<{ n: number }>({ limit: 500 });
    return found.sort((a, b) => a.payload.n - b.payload.n).map(({ status }) => status);
  };
  return { client, key, statuses };
}

const lease = { leaseSeconds: 5 };

t.test('a loop gets every event once, oldest first, and each is acknowledged when it asks for the next', async (t) => {
  const { client, statuses } = await withEvents(12);
  const seen: unknown[] = [];
  for await (const { payload } of client.inbox<{ n: number }>({ stopWhenEmpty: true, maxEvents: 4 })) {
    seen.push(payload.n);
    t.not((await statuses())[payload.n - 1], 'acknowledged', 'what is in hand is not acknowledged');
  }
  t.same(
    seen,
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
  t.same(new Set(await statuses()), new Set(['acknowledged']));
});

t.test('a loop that breaks off acknowledges what it finished, and gives back the rest', async (t) => {
  const { client, statuses } = await withEvents(7);
  for await (const { payload } of client.inbox<{ n: number }>()) if (payload.n === 4) break;
  t.same(await statuses(), ['acknowledged', 'acknowledged', 'acknowledged', 'pending', 'pending', 'pending', 'pending']);
});

t.test('an exception in the loop passes through, and what was in hand goes to another consumer at once', async (t) => {
  const { client, statuses } = await withEvents(2);
  const crash = new Error('the consumer is broken');
  const loop = async () => {
    for await (const _ of client.inbox(lease)) throw crash;
  };
  await t.rejects(loop(), crash);
  t.same(await statuses(), ['pending', 'pending']);
  const [again] = await client.receive<{ n: number }>();
  t.match({ ...again }, { payload: { n: 1 }, delivery: { count: 2 } });
});

t.test('an event that was settled by the loop stays so, whatever the loop does then', async (t) => {
  const { client, statuses } = await withEvents(3);
  const settle = [
    (event: LeasedEvent) => event.release({ delaySeconds: 600 }),
    (event: LeasedEvent) => event.reject('order without a customer'),
    (event: LeasedEvent) => event.acknowledge(),
  ];
  for await (const event of client.inbox()) {
    await settle.shift()?.(event);
    if (settle.length === 0) break;
  }
  t.same(await statuses(), ['delayed', 'dead_lettered', 'acknowledged']);
});

t.test('an event on which the process dies does not take its neighbours to the dead letters', async (t) => {
  const { client, statuses } = await withEvents(4);
  for (let crash = 0; crash < 10; crash += 1) {
    // With a filter every receive looks from the beginning; without, one that comes within a second may look behind what was just released.
    for await (const { payload } of client.inbox<{ n: number }>({ eventTypes: ['order.*'] })) {
      t.equal(payload.n, 1);
      break;
    }
  }
  t.same(await statuses(), ['dead_lettered', 'pending', 'pending', 'pending']);
  const events = await client.receive();
  t.same(
    events.map(({ delivery }) => delivery.count),
    [1, 1, 1],
    'they were never given out',
  );
});

t.test('a lease is kept while the consumer works longer than the lease, and the consumer is told when it is lost', async (t) => {
  const { client, statuses } = await withEvents(3);
  const loop = client.inbox<{ n: number }>(lease);
  t.teardown(() => {
    clock.shiftMs = 0;
  });
  await loop.next();
  const { value: event } = (await loop.next()) as { value: LeasedEvent<{ n: number }> };
  const end = event.leaseExpiresAt;
  await until('the lease is extended', () => event.leaseExpiresAt !== end);
  clock.shiftMs = Date.parse(end) + 1 - Date.now();
  t.same(await client.receive(), [], 'after the end of the first lease it is still ours, and so is the one fetched with it');
  t.equal(event.signal.aborted, false);

  clock.shiftMs += 60_000;
  const taken = await client.receive<{ n: number }>();
  t.same(
    taken.map(({ payload }) => payload.n),
    [2, 3],
    'a lease that was not extended in time goes to another',
  );
  await until('the loss is known', () => event.signal.aborted);
  t.ok(event.signal.reason instanceof LeaseLostError);
  await taken[1]?.acknowledge();
  clock.shiftMs = 0;

  const next = loop.next();
  await client.send('order.created', { n: 4 });
  t.match({ ...(await next).value }, { payload: { n: 4 } }, 'the lost one of the buffer is not handed out');
  t.same(await statuses(), ['acknowledged', 'leased', 'acknowledged', 'leased'], 'and the lost one in hand is not acknowledged');
  await loop.return();
});

t.test('settling a lost event rejects with LeaseLostError and aborts its signal', async (t) => {
  const { client } = await withEvents(1);
  const [event] = (await client.receive(lease)) as [LeasedEvent];
  clock.shiftMs = 6_000;
  t.teardown(() => {
    clock.shiftMs = 0;
  });
  await client.receive();
  await t.rejects(event.acknowledge(), LeaseLostError);
  t.equal(event.signal.aborted, true);
  t.equal(event.settled, undefined);
});

t.test('an aborted signal ends a loop that waits, without an error', async (t) => {
  const relay = await startRelay(t, url);
  const { client } = await withEvents(0, relay.url);
  const stop = new AbortController();
  const waiting = client.inbox({ signal: stop.signal, waitSeconds: 30 }).next();
  await until('the poll is open', () => relay.came.length === 1);
  stop.abort();
  t.same(await waiting, { done: true, value: undefined });
});

t.test('a loop that is told to stop finishes what is in hand and gives back the rest', async (t) => {
  const { client, statuses } = await withEvents(7);
  const stop = new AbortController();
  for await (const { payload } of client.inbox<{ n: number }>({ signal: stop.signal })) if (payload.n === 4) stop.abort();
  t.same(await statuses(), ['acknowledged', 'acknowledged', 'acknowledged', 'acknowledged', 'pending', 'pending', 'pending']);
});

t.test('answers that are lost on the way back cost nothing: no event, no second delivery, no acknowledgement', async (t) => {
  const relay = await startRelay(t, url);
  const { client, statuses } = await withEvents(6, relay.url);
  relay.loseAnswers(1, '/receive');
  const counts: number[] = [];
  for await (const { delivery } of client.inbox({ stopWhenEmpty: true })) {
    counts.push(delivery.count);
    relay.loseAnswers(1, counts.length % 2 === 0 ? '/receive' : '/settle');
  }
  t.same(counts, [1, 1, 1, 1, 1, 1]);
  t.same(new Set(await statuses()), new Set(['acknowledged']));
  t.ok(relay.came.length > 10, `${relay.came.length} requests`);
});

t.test('a loop whose acknowledgements fail for good says so, and the event comes again', async (t) => {
  const relay = await startRelay(t, url);
  const { key, statuses } = await withEvents(3);
  const client = new Triggers({ apiKey: key, baseUrl: relay.url, maxAttempts: 2, backoff: { baseMs: 1 } });
  relay.refuse('/settle');
  const loop = async () => {
    for await (const _ of client.inbox(lease));
  };
  await t.rejects(loop(), { name: 'ConnectionError', attempts: 2 });
  t.same(await statuses(), ['leased', 'pending', 'pending'], 'until its lease ends');
});

t.test('settlements that come together go in one request, and a malformed one fails alone', async (t) => {
  const relay = await startRelay(t, url);
  const { client } = await withEvents(9, relay.url);
  const events = await client.receive();
  relay.came.length = 0;
  await Promise.all(events.slice(0, 6).map((event) => event.acknowledge()));
  t.same(relay.came, ['POST /v1/inbox/settle']);
  const [seventh, eighth, ninth] = events.slice(6) as [LeasedEvent, LeasedEvent, LeasedEvent];
  const results = await Promise.allSettled([seventh.acknowledge(), eighth.reject('x'.repeat(501)), ninth.release()]);
  t.same(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});
