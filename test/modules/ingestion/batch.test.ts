import t, { type Test } from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { isProblem } from './problems.ts';

const { request, addPartner, db } = await startTestApp(t);
const event = (n: number) => ({ event_type: `type.${n}`, payload: { n } });
const events = (count: number) => Array.from({ length: count }, (_, index) => event(index));
type Result = {
  index: number;
  status: string;
  event_id?: string;
  error?: { code: string; pointer?: string; detail: string; retryable: boolean };
};
const post = (key: string, body: unknown, headers: Record<string, string> = {}) =>
  request('POST', '/v1/events/batch', { key, body, headers });

async function inboxOf(key: string): Promise<{ event_id: string; payload: { n: number } }[]> {
  return (await request('GET', '/v1/inbox?limit=500', { key })).json.events;
}

t.test('a batch of accepted events is answered 200 with a result for each, in request order', async (t) => {
  for (const body of [{ events: events(3) }, events(3)]) {
    const { key } = await addPartner();
    const { status, json } = await post(key, body);
    t.equal(status, 200);
    t.same(Object.keys(json), ['accepted', 'duplicates', 'failed', 'results']);
    t.match(json, { accepted: 3, duplicates: 0, failed: 0 });
    t.same(
      json.results.map(({ index, status }: Result) => [index, status]),
      [
        [0, 'accepted'],
        [1, 'accepted'],
        [2, 'accepted'],
      ],
    );
    const stored = await inboxOf(key);
    t.same(
      stored.map(({ event_id }) => event_id),
      json.results.map(({ event_id }: Result) => event_id),
    );
    t.same(
      stored.map(({ payload }) => payload.n),
      [0, 1, 2],
      'the inbox has them in the order of the request',
    );
  }
});

t.test('1 to 500 events are a batch; none is empty_batch, 501 are batch_too_many, and nothing of them is stored', async (t) => {
  const { key, id } = await addPartner();
  for (const count of [1, 64, 500]) t.match((await post(key, { events: events(count) })).json, { accepted: count, failed: 0 });
  t.equal((await db.query('SELECT count(*)::int AS n FROM events WHERE partner_id = $1', [id])).rows[0].n, 565);
  for (const wrap of [(items: unknown[]) => items, (items: unknown[]) => ({ events: items })]) {
    isProblem(t, await post(key, wrap([])), 400, 'empty_batch');
    isProblem(t, await post(key, wrap(events(501))), 400, 'batch_too_many');
  }
  t.equal((await db.query('SELECT count(*)::int AS n FROM inbox WHERE partner_id = $1', [id])).rows[0].n, 565);
});

t.test('members beside events are ignored, and of repeated events the last counts', async (t) => {
  const { key } = await addPartner();
  const body = `{"more":[1],"events":[],"events":${JSON.stringify(events(2))},"event":[]}`;
  t.match((await post(key, body)).json, { accepted: 2 });
});

t.test('one bad item never fails its neighbours: 207, each with its own result, in request order', async (t) => {
  const { key } = await addPartner();
  const bad: [unknown, string, string][] = [
    [null, 'validation_failed', ''],
    [7, 'validation_failed', ''],
    ['text', 'validation_failed', ''],
    [[], 'validation_failed', ''],
    [{}, 'validation_failed', '/event_type'],
    [{ event_type: 'a' }, 'validation_failed', '/payload'],
    [{ event_type: 'a', payload: [] }, 'validation_failed', '/payload'],
    [{ event_type: 'a\u0000', payload: {} }, 'validation_failed', '/event_type'],
    [{ event_type: 'a', payload: {}, timestamp: '0000-01-01T00:00:00Z' }, 'validation_failed', '/timestamp'],
    [{ event_type: 'a', payload: {}, metadata: { a: 1 } }, 'validation_failed', '/metadata/a'],
    [{ event_type: 'a', payload: {}, idempotency_key: 'ü' }, 'validation_failed', '/idempotency_key'],
    [{ event_type: 'a', payload: { v: 'x'.repeat(262_144) } }, 'payload_too_large', ''],
    [{ event_type: 'a', payload: JSON.parse(`{"a":${'['.repeat(100)}${']'.repeat(100)}}`) }, 'json_too_deep', ''],
  ];
  const items = bad.flatMap(([item], index) => [event(index), item]).concat(event(bad.length));
  for (const [body, base] of [
    [items, ''],
    [{ events: items }, '/events'],
  ] as const) {
    const { status, json } = await post(key, body);
    t.equal(status, 207);
    t.match(json, { accepted: bad.length + 1, duplicates: 0, failed: bad.length });
    t.same(
      json.results.map(({ index }: Result) => index),
      items.map((_, index) => index),
    );
    for (const [index, [item, code, pointer]] of bad.entries()) {
      const result: Result = json.results[index * 2 + 1];
      t.same(Object.keys(result), ['index', 'status', 'error']);
      t.match(
        result,
        { status: 'failed', error: { code, detail: String, retryable: false, pointer: `${base}/${index * 2 + 1}${pointer}` } },
        JSON.stringify(item)?.slice(0, 80),
      );
      t.match(json.results[index * 2], { status: 'accepted', event_id: /^evt_/ });
    }
  }
  t.equal((await inboxOf(key)).length, 2 * (bad.length + 1));
});

t.test('a batch of which every item failed is 207 too', async (t) => {
  const { key } = await addPartner();
  const { status, json } = await post(key, [{}, {}]);
  t.equal(status, 207);
  t.match(json, { accepted: 0, failed: 2 });
});

t.test('an item of 64 levels is accepted as it is alone, one of 65 fails alone', async (t) => {
  const { key } = await addPartner();
  const nested = (depth: number) => `{"event_type":"a","payload":{"a":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}}`;
  for (const body of [`[${nested(64)},${nested(65)},${nested(3)}]`, `{"events":[${nested(64)},${nested(65)},${nested(3)}]}`]) {
    const { status, json } = await post(key, body);
    t.equal(status, 207);
    t.same(
      json.results.map((result: Result) => result.error?.code ?? result.status),
      ['accepted', 'json_too_deep', 'accepted'],
    );
  }
  isProblem(t, await post(key, `[${nested(5_000)}]`), 400, 'json_too_deep');
});

t.test('an item’s own idempotency key holds, also twice in one batch: the second is a duplicate or reused', async (t) => {
  const { key } = await addPartner();
  const keyed = (n: number, idempotency_key: string) => ({ ...event(n), idempotency_key });
  const { status, json } = await post(key, [keyed(1, 'a'), keyed(1, 'a'), keyed(2, 'a'), keyed(1, 'b'), event(3)]);
  t.equal(status, 207);
  t.match(json, { accepted: 3, duplicates: 1, failed: 1 });
  const [first, second, third] = json.results;
  t.equal(second.status, 'duplicate');
  t.equal(second.event_id, first.event_id);
  t.match(third.error, { code: 'idempotency_key_reused', original_event_id: first.event_id, retryable: false });
  t.equal((await inboxOf(key)).length, 3);
  const again = await post(key, [keyed(1, 'a')]);
  t.equal(again.status, 200, 'accepted or duplicate is 200');
  t.match(again.json, { accepted: 0, duplicates: 1, failed: 0, results: [{ status: 'duplicate', event_id: first.event_id }] });
});

t.test('of several items with a key that is held already, each is compared with the event that holds it', async (t) => {
  const { key } = await addPartner();
  const keyed = (n: number) => ({ ...event(n), idempotency_key: 'held' });
  const first = (await post(key, [keyed(1)])).json.results[0];
  const { json } = await post(key, [keyed(2), keyed(1), keyed(2), keyed(3)]);
  t.match(json, { accepted: 0, duplicates: 1, failed: 3 });
  t.match(json.results[1], { status: 'duplicate', event_id: first.event_id });
  for (const index of [0, 2, 3]) {
    t.match(json.results[index].error, { code: 'idempotency_key_reused', original_event_id: first.event_id });
  }
});

t.test('a repeated key takes the quota of one event, and its twins are answered also where the quota ends', async (t) => {
  const { key } = await addPartner({ monthlyQuota: 2 });
  const keyed = (n: number, idempotency_key: string) => ({ ...event(n), idempotency_key });
  const { json } = await post(key, [keyed(1, 'a'), keyed(1, 'a'), event(2), event(3), keyed(1, 'a'), keyed(4, 'd'), keyed(4, 'd')]);
  t.same(
    json.results.map((result: Result) => result.error?.code ?? result.status),
    ['accepted', 'duplicate', 'accepted', 'quota_exceeded', 'duplicate', 'quota_exceeded', 'quota_exceeded'],
  );
});

t.test('header key K gives item i the key K:i, so that a whole batch can be retried safely', async (t) => {
  const { key } = await addPartner();
  const headers = { 'idempotency-key': '"K"' };
  const first = await post(key, events(3), headers);
  t.match(first.json, { accepted: 3, duplicates: 0 });
  const retried = await post(key, events(3), headers);
  t.equal(retried.status, 200);
  t.match(retried.json, { accepted: 0, duplicates: 3, failed: 0 });
  t.same(
    retried.json.results.map(({ event_id }: Result) => event_id),
    first.json.results.map(({ event_id }: Result) => event_id),
  );
  const longer = await post(key, events(5), headers);
  t.match(longer.json, { accepted: 2, duplicates: 3 });
  const single = await request('POST', '/v1/events', { key, body: event(1), headers: { 'idempotency-key': 'K:1' } });
  t.match(single.json, { duplicate: true, event_id: first.json.results[1].event_id }, 'K:1 is the key of item 1');
  t.equal((await inboxOf(key)).length, 5);
});

t.test('a retry after some items were corrected stores just these', async (t) => {
  const { key } = await addPartner();
  const headers = { 'idempotency-key': 'partly' };
  t.match((await post(key, [event(0), {}, event(2)], headers)).json, { accepted: 2, failed: 1 });
  t.match((await post(key, [event(0), event(1), event(2)], headers)).json, { accepted: 1, duplicates: 2, failed: 0 });
});

t.test('an item whose own key differs from K:i fails alone; the header must be 1 to 251 printable characters', async (t) => {
  const { key } = await addPartner();
  const { json } = await post(
    key,
    [
      { ...event(0), idempotency_key: 'own' },
      { ...event(1), idempotency_key: 'K:1' },
    ],
    { 'idempotency-key': 'K' },
  );
  t.match(json.results, [{ status: 'failed', error: { code: 'idempotency_key_mismatch' } }, { status: 'accepted' }]);
  t.equal((await post(key, events(500), { 'idempotency-key': 'k'.repeat(251) })).json.accepted, 500);
  for (const header of ['k'.repeat(252), '""', 'ü']) {
    isProblem(t, await post(key, events(1), { 'idempotency-key': header }), 400, 'idempotency_key_invalid');
  }
});

t.test('more events than the quota has left: as many as fit are stored, in order, and the rest fails with quota_exceeded', async (t) => {
  const { key } = await addPartner({ monthlyQuota: 5 });
  const { status, json } = await post(key, [event(0), {}, event(1), event(2), event(3), event(4), event(5), event(6)]);
  t.equal(status, 207);
  t.match(json, { accepted: 5, failed: 3 });
  t.same(
    json.results.map((result: Result) => result.error?.code ?? result.status),
    ['accepted', 'validation_failed', 'accepted', 'accepted', 'accepted', 'accepted', 'quota_exceeded', 'quota_exceeded'],
  );
  t.equal(json.results[7].error.retryable, true);
  isOverQuota(t, await post(key, events(2)));
  isOverQuota(t, await request('POST', '/v1/events', { key, body: event(1) }));
  t.equal((await inboxOf(key)).length, 5);

  function isOverQuota(t: Test, answer: Awaited<ReturnType<typeof post>>) {
    isProblem(t, answer, 429, 'quota_exceeded');
    t.ok(Number(answer.headers.get('retry-after')) >= 1);
    t.match(answer.json, { type: /#quota-exceeded$/, 'violated-policies': ['monthly'] });
  }
});

t.test('duplicates and rejects are free: they take nothing from the quota', async (t) => {
  const { key } = await addPartner({ monthlyQuota: 4 });
  const headers = { 'idempotency-key': 'free' };
  for (let i = 0; i < 5; i++)
    t.match((await post(key, events(2), headers)).json, { accepted: i === 0 ? 2 : 0, duplicates: i === 0 ? 0 : 2 });
  t.match((await post(key, [{}, {}, event(8), event(9)])).json, { accepted: 2, failed: 2 });
});
