import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import t from 'tap';
import {
  AuthenticationError,
  NotFoundError,
  type OutgoingEvent,
  RawJson,
  Triggers,
  TriggersError,
  ValidationError,
  version,
} from '../../openapi/clients/typescript/src/index.ts';
import { rawPayloads } from '../../openapi/clients/typescript/src/raw-payload.ts';
import { startTestApp } from '../helper/app.ts';
import { problem, startDouble, stored } from './typescript-double.ts';

const { url, addPartner } = await startTestApp(t);

async function partnerClient() {
  const { key } = await addPartner();
  return { key, client: new Triggers({ apiKey: key, baseUrl: url }) };
}

t.test('what is sent can be seen, acknowledged, found and replayed', async (t) => {
  const { client } = await partnerClient();
  const happened = new Date('2026-11-24T10:30:00Z');
  const sent = await client.send('order.created', { order: 'order_001' }, { timestamp: happened, metadata: { source: 'shop-eu' } });
  t.match(sent, { eventId: /^evt_/, duplicate: false, receivedAt: /Z$/, expiresAt: /Z$/ });
  const { events, count, hasMore, nextCursor } = await client.peek();
  t.match([count, hasMore, nextCursor], [1, false, null]);
  t.match(events[0], {
    eventId: sent.eventId,
    eventType: 'order.created',
    timestamp: happened.toISOString(),
    payload: { order: 'order_001' },
    metadata: { source: 'shop-eu' },
    traceParent: null,
    delivery: { count: 0, replayed: false },
  });
  t.match(await client.acknowledge(sent.eventId), { eventId: sent.eventId, status: 'acknowledged', acknowledgedAt: /Z$/ });
  t.match(await client.getEvent(sent.eventId), { status: 'acknowledged', payload: { order: 'order_001' }, history: [{}, {}] });
  t.match(await client.replay(sent.eventId), { eventId: sent.eventId, status: 'pending' });
  t.match((await client.listEvents({ status: 'pending' })).events, [{ eventId: sent.eventId, delivery: { replayed: true } }]);
  await client.acknowledge(sent.eventId);
  const hour = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() };
  t.same(await client.replay({ filter: { ...hour, status: 'acknowledged' }, dryRun: true }), { matched: 1, dryRun: true });
  t.same(await client.replay({ filter: { ...hour, eventTypes: ['order.*'] } }), { matched: 1, moved: 1 });
  t.match(await client.usage(), { eventsAccepted: 1, monthly: { limit: Number }, limits: { batch_events: Number } });
  t.match(await client.inboxStats(), { pending: 1 });
  t.match(await client.account(), { partnerId: /^beta_/ });
  t.match(await client.health(), { dependencies: { postgres: { status: String } } });
  await t.rejects(client.acknowledge('evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'), NotFoundError);
});

t.test('dead letters are listed and brought back', async (t) => {
  const { client } = await partnerClient();
  await client.sendBatch([1, 2, 3].map((n) => ({ eventType: 'order.created', payload: { n } })));
  const [first, ...others] = await client.receive();
  await first?.reject('order without a customer');
  const { events } = await client.deadLetters({ reason: 'rejected', eventTypes: ['order.*'] });
  t.match(events, [{ eventId: first?.eventId, detail: 'order without a customer', rawPayload: '{"n":1}' }]);
  t.match(await client.redrive(first?.eventId as string), { status: 'pending' });
  for (const event of others) await event.reject();
  t.same(await client.redrive({ filter: { reason: 'rejected' } }), { matched: 2, moved: 2 });
});

t.test('the same idempotency key and content is stored once; other content is refused', async (t) => {
  const { client } = await partnerClient();
  const first = await client.send('order.created', { n: 1 }, { idempotencyKey: 'order_001-created' });
  const second = await client.send('order.created', { n: 1 }, { idempotencyKey: 'order_001-created' });
  t.match(second, { eventId: first.eventId, duplicate: true });
  const error = await client.send('order.created', { n: 2 }, { idempotencyKey: 'order_001-created' }).catch((reason) => reason);
  t.ok(error instanceof ValidationError);
  t.match(error, { code: 'idempotency_key_reused', problem: { original_event_id: first.eventId } });
  const wrong = await client.send('not a type', {}).catch((reason) => reason);
  t.match(wrong, { code: 'validation_failed', errors: [{ pointer: '/event_type' }] });
});

t.test('a batch of any length is stored, in requests that the API takes', async (t) => {
  const { client } = await partnerClient();
  async function* events(): AsyncGenerator<OutgoingEvent> {
    for (let n = 0; n < 1_203; n += 1) yield { eventType: n === 700 ? 'not a type' : 'order.created', payload: { n } };
  }
  const summary = await client.sendBatch(events(), { idempotencyKey: 'backfill' });
  t.match(summary, { accepted: 1_202, duplicates: 0, failed: 1 });
  t.same(
    summary.results.map(({ index }) => index),
    Array.from({ length: 1_203 }, (_, index) => index),
  );
  t.match(summary.results[700], {
    status: 'failed',
    idempotencyKey: 'backfill:700',
    error: { code: 'validation_failed', retryable: false },
  });
  const again = await client.sendBatch(events(), { idempotencyKey: 'backfill' });
  t.match(again, { accepted: 0, duplicates: 1_202, failed: 1 }, 'the whole again stores nothing twice');
  t.equal(again.results[1_202]?.eventId, summary.results[1_202]?.eventId);
  const ids = summary.results.flatMap(({ eventId }) => eventId ?? []);
  t.match(await client.acknowledge(ids), { acknowledged: 1_202, alreadyAcknowledged: 0, failed: 0 });
  t.match(await client.acknowledge([...ids.slice(0, 1), 'evt_nobody', ids[0] as string]), {
    alreadyAcknowledged: 1,
    failed: 1,
    results: [
      { index: 0, status: 'acknowledged' },
      { index: 1, status: 'failed' },
      { index: 2, status: 'acknowledged' },
    ],
  });
  t.same(await client.sendBatch([]), { accepted: 0, duplicates: 0, failed: 0, results: [] });
});

t.test('a batch is split by its bytes as well, and an event too large for any request fails alone', async (t) => {
  const { client } = await partnerClient();
  const event = (kilobytes: number) => ({ eventType: 'file.stored', payload: { text: 'ä'.repeat(kilobytes * 512) } });
  const events = [...Array.from({ length: 20 }, () => event(240)), event(5_000), event(300), event(1)];
  const { accepted, results } = await client.sendBatch(events);
  t.equal(accepted, 21);
  t.match(
    results.slice(20).map(({ error }) => error?.code),
    ['batch_too_large', 'payload_too_large', undefined],
  );
});

t.test('payloads come back to the last byte as rawPayload, and can be sent so', async (t) => {
  const { client } = await partnerClient();
  const texts = [
    '{"id":9007199254740993,"price":1.0}',
    '{ "b" : [ "\\"}{" , "\\\\" ], "a":{"payload":{"x":null}}, "\\u0000":"\\u0000" }',
    '{}',
  ];
  for (const text of texts) await client.send('exact', new RawJson(text));
  t.same(
    (await client.peek()).events.map(({ rawPayload }) => rawPayload),
    texts,
  );
  const received = await client.receive();
  t.same(
    received.map(({ rawPayload }) => rawPayload),
    texts,
  );
  t.equal((await client.getEvent(received[1]?.eventId as string)).rawPayload, texts[1]);
  t.same(received[1]?.payload, JSON.parse(texts[1] as string));
  for (const wrong of ['{', '[]', '1', 'null', '']) t.throws(() => new RawJson(wrong), TypeError);
  await t.rejects(client.send('exact', { n: 1n }), TypeError, 'what JSON has not is not sent');
});

t.test('the text of a payload is found wherever it stands', (t) => {
  const text =
    ' { "x" : "payload", "events" : [ {"a":[1,{"payload":2}],"payload" : -1.50e3 } , {"b":"\\\\\\"","pay\\u006coad":"\\"]"}, {} ] , "n":null } ';
  t.same(rawPayloads(text, 'events'), ['-1.50e3', '"\\"]"', undefined]);
  t.same(rawPayloads('{"events":[]}', 'events'), []);
  t.end();
});

t.test('the items of a batch that may be taken later are sent again, with the same keys, and only they', async (t) => {
  const busy = { code: 'unavailable', detail: 'not now', retryable: true };
  const quota = { code: 'quota_exceeded', detail: 'not this month', retryable: true };
  const accepted = (index: number) => ({ index, status: 'accepted', event_id: `evt_${index}` });
  const failed = (index: number, error: object) => ({ index, status: 'failed', error });
  const double = await startDouble(
    t,
    { status: 207, body: { results: [accepted(0), failed(1, busy), failed(2, quota), failed(3, busy)] } },
    { status: 207, body: { results: [accepted(0), failed(1, busy)] } },
    { status: 200, body: { results: [{ ...accepted(0), status: 'duplicate' }] } },
  );
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: double.url, backoff: { baseMs: 1 } });
  const summary = await client.sendBatch([0, 1, 2, 3].map((n) => ({ eventType: 'a', payload: { n } })));
  t.match(summary, { accepted: 2, duplicates: 1, failed: 1 });
  t.match(summary.results[2], { status: 'failed', error: quota });
  const keys = double.came.map(({ text }) => JSON.parse(text).events.map((event: { idempotency_key: string }) => event.idempotency_key));
  t.same(keys.slice(1), [[keys[0][1], keys[0][3]], [keys[0][3]]]);
});

t.test('a batch of which a request fails for good tells what became of each event', async (t) => {
  const results = Array.from({ length: 500 }, (_, index) => ({ index, status: 'accepted', event_id: `evt_${index}` }));
  const double = await startDouble(t, { status: 200, body: { results } }, problem(401, 'unauthenticated'));
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: double.url });
  let taken = 0;
  let closed = false;
  const events = async function* () {
    try {
      for (; ; taken += 1) yield { eventType: 'a', payload: { n: taken } };
    } finally {
      closed = true;
    }
  };
  const error = await client.sendBatch(events()).catch((reason) => reason);
  t.ok(error instanceof AuthenticationError);
  t.match(error.batch, { accepted: 500, failed: 501 });
  t.match(error.batch.results[500], { status: 'failed', error: { code: 'unauthenticated' } });
  t.match(error.batch.results[1_000], {
    index: 1_000,
    idempotencyKey: /^[0-9a-f-]{36}$/,
    status: 'failed',
    error: { code: 'not_sent', retryable: true },
  });
  t.equal(double.came.length, 2, 'nothing is sent after that');
  t.match({ taken, closed }, { taken: 1_000, closed: true }, 'and a source without an end is not read on');
});

t.test('a batch whose source fails tells what became of each event that it gave, and sends no more', async (t) => {
  const results = Array.from({ length: 500 }, (_, index) => ({ index, status: 'accepted', event_id: `evt_${index}` }));
  const double = await startDouble(t, { status: 200, body: { results } });
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: double.url });
  const broken = new Error('the cursor is gone');
  const events = function* () {
    for (let n = 0; n < 502; n += 1) yield { eventType: 'a', payload: { n } };
    throw broken;
  };
  const error = await client.sendBatch(events()).catch((reason) => reason);
  t.ok(error instanceof TriggersError);
  t.match(error, { code: 'source_failed', status: undefined, retryable: false, batch: { accepted: 500, failed: 2 } });
  t.equal(error.cause, broken);
  t.match(error.batch.results[501], { index: 501, status: 'failed', error: { code: 'not_sent', retryable: true } });
  t.equal(double.came.length, 1);
  for (const none of [undefined, null, 5, {}]) {
    await t.rejects(client.sendBatch(none as never), {
      name: 'TypeError',
      message: 'events must be an array, or something else that is iterable',
    });
  }
});

t.test('what a source throws while it is closed hides no failure of a request', async (t) => {
  const double = await startDouble(t, problem(401, 'unauthenticated'));
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: double.url });
  const events = function* () {
    try {
      for (;;) yield { eventType: 'a', payload: {} };
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: this is what the test is about.
      throw new Error('cannot be closed');
    }
  };
  const error = await client.sendBatch(events()).catch((reason) => reason);
  t.ok(error instanceof AuthenticationError);
  t.match(error.batch, { accepted: 0, failed: 501 });
});

t.test('a source that ends because the call is aborted rejects it as an abort does', async (t) => {
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: 'http://127.0.0.1:1' });
  const abort = new AbortController();
  const events = async function* () {
    yield { eventType: 'a', payload: {} };
    abort.abort(new Error('enough'));
    throw new Error('the source noticed');
  };
  await t.rejects(client.sendBatch(events(), { signal: abort.signal }), { message: 'enough' });
});

t.test('what is no event fails by itself', async (t) => {
  const { client } = await partnerClient();
  const summary = await client.sendBatch([null, 'text', { eventType: 'a', payload: {} }] as OutgoingEvent[]);
  t.match(summary, { accepted: 1, failed: 2 });
  for (const result of summary.results.slice(0, 2)) {
    t.match(result, { idempotencyKey: /-/, error: { code: 'invalid_event', detail: 'An event must be an object.', retryable: false } });
  }
  await t.rejects(client.send('a', undefined as never), TypeError);
});

t.test('the key is in no error, no inspection and no JSON', async (t) => {
  const { key, client } = await partnerClient();
  const everything = (value: unknown) => inspect(value, { depth: 20, showHidden: true, getters: true }) + JSON.stringify(value);
  t.equal(inspect(client), `Triggers { baseUrl: '${url}' }`);
  const double = await startDouble(t, 'break', problem(500, 'internal'), 'hang');
  const failing = new Triggers({ apiKey: key, baseUrl: double.url, maxAttempts: 1, timeoutMs: 50 });
  for (let call = 0; call < 3; call += 1) {
    const error = await failing.usage().catch((reason) => reason);
    t.ok(error instanceof TriggersError);
    t.notMatch(everything(error) + error.stack, key);
  }
  for (const value of [client, client.api, await client.receive(), client.inbox()]) t.notMatch(everything(value), key);
  const wrong = [{ apiKey: `${key}\n${key}` }, { apiKey: `${key} x` }, { apiKey: key, baseUrl: `https://me:${key}@host` }];
  for (const options of wrong) {
    try {
      new Triggers({ baseUrl: url, ...options });
      t.fail('is taken');
    } catch (error) {
      t.ok(error instanceof TypeError);
      t.notMatch(everything(error), key);
    }
  }
});

t.test('key and address come from the environment when they are not given', async (t) => {
  const double = await startDouble(t, stored);
  const env = { ...process.env };
  t.teardown(() => {
    process.env = env;
  });
  for (const [keyName, urlName] of [
    ['API_KEY', 'API_URL'],
    ['TRIGGERS_API_KEY', 'TRIGGERS_API_URL'],
  ] as const) {
    process.env[keyName] = ` key_of_${keyName}\n`;
    process.env[urlName] = `${double.url}//`;
    await new Triggers({ userAgent: 'orders/1.4' }).send('a', {});
    t.match(double.came.at(-1), {
      path: '/v1/events',
      headers: {
        'x-api-key': `key_of_${keyName}`,
        'user-agent': `orders/1.4 triggers-api-client/${version} node/${process.versions.node}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
    });
  }
  process.env = {};
  t.throws(() => new Triggers({ baseUrl: url }), /TRIGGERS_API_KEY/);
  t.throws(() => new Triggers({ apiKey: 'x' }), /TRIGGERS_API_URL/);
  for (const baseUrl of ['localhost:3000', 'ftp://host', 'https://host?x=1'])
    t.throws(() => new Triggers({ apiKey: 'x', baseUrl }), TypeError);
});

t.test('the version is that of the package', async (t) => {
  const manifest = await readFile(new URL('../../openapi/clients/typescript/package.json', import.meta.url), 'utf8');
  t.equal(version, JSON.parse(manifest).version);
});
