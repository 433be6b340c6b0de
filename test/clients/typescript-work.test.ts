import t from 'tap';
import { AuthenticationError, type LeasedEvent, Triggers } from '../../openapi/clients/typescript/src/index.ts';
import { startTestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';
import { problem, startDouble } from './typescript-double.ts';
import { startRelay } from './typescript-relay.ts';

const { url, db, addPartner } = await startTestApp(t);

type Numbered = { n: number };

async function withEvents(count: number, options: { baseUrl?: string; maxAttempts?: number } = {}) {
  const partner = await addPartner();
  const client = new Triggers({ apiKey: partner.key, baseUrl: url, backoff: { baseMs: 1, capMs: 5 }, ...options });
  const events = Array.from({ length: count }, (_, index) => ({ eventType: 'order.created', payload: { n: index + 1 } }));
  if (count > 0) await new Triggers({ apiKey: partner.key, baseUrl: url }).sendBatch(events);
  return { client, partner };
}

async function statusesOf(client: Triggers) {
  const { events } = await client.listEvents<Numbered>({ limit: 500 });
  return events.sort((a, b) => a.payload.n - b.payload.n).map(({ status }) => status);
}

t.test('two workers share an inbox, and each event is handled once', async (t) => {
  const { client } = await withEvents(60);
  const handled: number[] = [];
  const byWorker = [0, 0];
  const stop = new AbortController();
  const workers = [0, 1].map((worker) =>
    client.work<Numbered>(
      async ({ payload }) => {
        await new Promise((resolve) => setImmediate(resolve));
        handled.push(payload.n);
        byWorker[worker] = (byWorker[worker] as number) + 1;
        if (handled.length === 60) stop.abort();
      },
      { concurrency: 4, signal: stop.signal },
    ),
  );
  await Promise.all(workers);
  t.same(
    handled.sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
  t.ok(
    byWorker.every((count) => count > 0),
    `both had work: ${byWorker}`,
  );
  t.same(new Set(await statusesOf(client)), new Set(['acknowledged']));
});

t.test('as many handlers run at once as asked for, and no more is fetched than can be begun', async (t) => {
  const { client } = await withEvents(7);
  const stop = new AbortController();
  const open: (() => void)[] = [];
  const working = client.work(() => new Promise<void>((resolve) => open.push(resolve)), { concurrency: 3, signal: stop.signal });
  await until('three run', () => open.length === 3);
  t.same(await statusesOf(client), ['leased', 'leased', 'leased', 'pending', 'pending', 'pending', 'pending']);
  open[1]?.();
  await until('a fourth runs', () => open.length === 4);
  stop.abort();
  for (const done of open) done();
  await working;
  t.equal(open.length, 4, 'what runs is finished, nothing new is begun');
  t.same((await statusesOf(client)).slice(0, 4), ['acknowledged', 'acknowledged', 'acknowledged', 'acknowledged']);
});

t.test('a handler that crashes releases its event, and another consumer gets it', async (t) => {
  const { client } = await withEvents(1);
  const crash = new Error('the handler is broken');
  const errors: unknown[] = [];
  const stop = new AbortController();
  await client.work(
    () => {
      throw crash;
    },
    {
      retryDelaySeconds: 0,
      signal: stop.signal,
      onError: (error, event) => {
        errors.push(error, event?.delivery.count);
        stop.abort();
      },
    },
  );
  t.same(errors, [crash, 1]);
  const [again] = await client.receive<Numbered>();
  t.match({ ...again }, { payload: { n: 1 }, delivery: { count: 2 } });
});

t.test('an event whose handler crashed comes again later and later', async (t) => {
  const { client } = await withEvents(1);
  const stop = new AbortController();
  const before = Date.now();
  await client.work(
    () => {
      stop.abort();
      throw new Error('not now');
    },
    { signal: stop.signal, retryDelaySeconds: ({ delivery }) => 100 * delivery.count, onError: () => {} },
  );
  t.same(await statusesOf(client), ['delayed']);
  const { rows } = await db.query('SELECT visible_at FROM inbox ORDER BY id DESC LIMIT 1');
  const delayMs = rows[0].visible_at.getTime() - before;
  t.ok(delayMs >= 100_000 && delayMs < 110_000, `${delayMs} ms`);
});

t.test('what `onError` or `retryDelaySeconds` throws does not keep the event from being released', async (t) => {
  const { client } = await withEvents(3);
  const said = t.capture(console, 'error');
  const wrong = new Error('the callback is broken');
  const told: unknown[] = [];
  const stop = new AbortController();
  const failing = async (index: number) => {
    if (index === 2) stop.abort();
    throw new Error(`not now: ${index}`);
  };
  let begun = 0;
  await client.work(() => failing(begun++), {
    signal: stop.signal,
    retryDelaySeconds: () => {
      if (begun === 1) throw wrong;
      return begun === 2 ? Number.NaN : 600;
    },
    onError: (error) => {
      told.push(error);
      if (begun === 2) throw wrong;
      return begun === 3 ? Promise.reject(wrong) : undefined;
    },
  });
  t.same(await statusesOf(client), ['delayed', 'delayed', 'delayed']);
  t.match(
    told,
    [/not now: 0/, wrong, /not now: 1/, /not now: 2/].map((each) => (each === wrong ? wrong : { message: each })),
  );
  t.match(
    said().map(({ args }) => args[1]),
    [wrong, wrong],
  );
});

t.test('a handler may settle its event itself', async (t) => {
  const { client } = await withEvents(3);
  const stop = new AbortController();
  const settle = [
    (event: LeasedEvent) => event.release({ delaySeconds: 600 }),
    (event: LeasedEvent) => event.reject('order without a customer'),
    async (event: LeasedEvent) => {
      await event.acknowledge();
      stop.abort();
      throw new Error('too late to matter');
    },
  ];
  await client.work((event) => settle.shift()?.(event), { signal: stop.signal, onError: () => {} });
  t.same(await statusesOf(client), ['delayed', 'dead_lettered', 'acknowledged']);
});

t.test('a worker outlives an outage', async (t) => {
  const relay = await startRelay(t, url);
  const { client } = await withEvents(1, { baseUrl: relay.url, maxAttempts: 2 });
  relay.refuse('/receive');
  const stop = new AbortController();
  const errors: unknown[] = [];
  const handled: number[] = [];
  await client.work<Numbered>(
    ({ payload }) => {
      handled.push(payload.n);
      stop.abort();
    },
    {
      signal: stop.signal,
      onError: (error) => {
        errors.push((error as Error).name);
        if (errors.length === 3) relay.refuse();
      },
    },
  );
  t.same(errors, ['ConnectionError', 'ConnectionError', 'ConnectionError'], 'each after the attempts of its receive');
  t.same(handled, [1]);
});

t.test('a worker whose key is revoked ends with that error, after what is under way', async (t) => {
  const { client, partner } = await withEvents(1);
  let finish = () => {};
  const working = client.work(() => new Promise<void>((resolve) => (finish = resolve)), {
    concurrency: 2,
    waitSeconds: 1,
    onError: () => {},
  });
  const ended = t.rejects(working, AuthenticationError);
  await until('the handler runs', async () => (await statusesOf(client))[0] === 'leased');
  await db.query('UPDATE api_keys SET revoked_at = now() WHERE partner_id = $1', [partner.id]);
  finish();
  await ended;
});

t.test('a receive that is refused for good ends the worker at once', async (t) => {
  const double = await startDouble(t, problem(400, 'validation_failed'));
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: double.url });
  await t.rejects(
    client.work(() => {}, { eventTypes: ['not a type'] }),
    { code: 'validation_failed' },
  );
  t.equal(double.came.length, 1);
  await t.rejects(
    client.work(() => {}, { concurrency: 0 }),
    TypeError,
  );
});

t.test('what the acknowledgement of a handled event fails with is reported, and the worker goes on', async (t) => {
  const relay = await startRelay(t, url);
  const { client } = await withEvents(2, { baseUrl: relay.url, maxAttempts: 2 });
  relay.refuse('/settle');
  const stop = new AbortController();
  const errors: string[] = [];
  const handled: number[] = [];
  await client.work<Numbered>(
    ({ payload }) => {
      handled.push(payload.n);
      if (handled.length === 2) stop.abort();
    },
    {
      signal: stop.signal,
      onError: (error, event) => {
        errors.push(`${(error as Error).name} ${(event as LeasedEvent<Numbered>).payload.n}`);
        relay.refuse();
      },
    },
  );
  t.same(handled, [1, 2]);
  t.same(errors, ['ConnectionError 1']);
});
