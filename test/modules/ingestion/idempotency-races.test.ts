import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { until } from '../../helper/until.ts';

const here = await startTestApp(t);
const there = await startTestApp(t, { databaseUrl: here.databaseUrl });
const event = { event_type: 'order.created', payload: { id: 7 } };

t.test('one key 50 times in parallel: one event, 50 times its id', async (t) => {
  const { key } = await here.addPartner();
  const send = () => here.request('POST', '/v1/events', { key, body: event, headers: { 'idempotency-key': 'same' } });
  const answers = await Promise.all(Array.from({ length: 50 }, send));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal(new Set(answers.map(({ json }) => json.event_id)).size, 1);
  t.equal(answers.filter(({ json }) => !json.duplicate).length, 1, 'exactly one of them was the first');
  t.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 49);
  t.equal((await here.request('GET', '/v1/inbox?limit=500', { key })).json.count, 1);
});

t.test('also across two replicas on one database', async (t) => {
  const { key, id } = await here.addPartner();
  for (let round = 0; round < 5; round++) {
    const send = (index: number) =>
      (index % 2 === 0 ? here : there).request('POST', '/v1/events', {
        key,
        body: event,
        headers: { 'idempotency-key': `round ${round}` },
      });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => send(index)));
    t.same(
      new Set(answers.map(({ status }) => status)),
      new Set([200]),
      JSON.stringify(answers.find(({ status }) => status !== 200)?.json),
    );
    t.equal(new Set(answers.map(({ json }) => json.event_id)).size, 1);
    t.equal(answers.filter(({ json }) => !json.duplicate).length, 1);
  }
  t.same((await here.db.query('SELECT count(*)::int AS n FROM events WHERE partner_id = $1', [id])).rows, [{ n: 5 }]);
  t.same((await here.db.query('SELECT count(*)::int AS n FROM idempotency_keys WHERE partner_id = $1', [id])).rows, [{ n: 5 }]);
});

t.test('other contents under one key in parallel: one is stored, all others are told of it', async (t) => {
  const { key } = await here.addPartner();
  const send = (index: number) =>
    (index % 2 === 0 ? here : there).request('POST', '/v1/events', {
      key,
      body: { ...event, payload: { index } },
      headers: { 'idempotency-key': 'one' },
    });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => send(index)));
  const stored = answers.filter(({ status }) => status === 200);
  t.equal(stored.length, 1);
  const refused = answers.filter(({ status }) => status === 422);
  t.equal(refused.length, 29);
  t.same(new Set(refused.map(({ json }) => json.original_event_id)), new Set([stored[0]?.json.event_id]));
});

t.test('a twin request waits for the first, which another replica has not committed yet, and gets its id', async (t) => {
  const { key, id } = await here.addPartner();
  const uuid = (await here.request('POST', '/v1/events', { key, body: event })).json.event_id.slice(4);
  // The other replica's transaction, held open.
  await here.db.query('BEGIN');
  await here.db.query("INSERT INTO idempotency_keys VALUES ($1, 'held', $2, sha256('other content'))", [id, uuid]);
  let answered = false;
  const twin = there.request('POST', '/v1/events', { key, body: event, headers: { 'idempotency-key': 'held' } }).finally(() => {
    answered = true;
  });
  await waitsForLock();
  t.equal(answered, false);
  await here.db.query('COMMIT');
  const answer = await twin;
  t.equal(answer.status, 422, 'no 409 in flight: it has waited and knows');
  t.equal(answer.json.original_event_id, `evt_${uuid}`);
});

t.test('when the first is rolled back, the twin becomes the event', async (t) => {
  const { key, id } = await here.addPartner();
  await here.db.query('BEGIN');
  await here.db.query("INSERT INTO idempotency_keys VALUES ($1, 'held', gen_random_uuid(), sha256('x'))", [id]);
  const twin = there.request('POST', '/v1/events', { key, body: event, headers: { 'idempotency-key': 'held' } });
  await waitsForLock();
  await here.db.query('ROLLBACK');
  t.match((await twin).json, { status: 'accepted', duplicate: false });
});

t.test('batches with the same keys in opposite orders, from two replicas, do not wait for each other for ever', async (t) => {
  const { key } = await here.addPartner();
  const items = Array.from({ length: 100 }, (_, index) => ({ ...event, idempotency_key: `k${index}` }));
  const batches = [items, items.toReversed(), items, items.toReversed()];
  const answers = await Promise.all(
    batches.map((body, index) => (index < 2 ? here : there).request('POST', '/v1/events/batch', { key, body })),
  );
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  t.equal(
    answers.reduce((sum, { json }) => sum + json.accepted, 0),
    100,
  );
  t.equal((await here.request('GET', '/v1/inbox?limit=500', { key })).json.count, 100);
});

/** Waits until some statement of this database waits for a lock. Asked over another connection: the test's own holds the transaction. */
async function waitsForLock() {
  return until('the twin waits', async () => {
    const result = await there.db.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'triggers-api'",
    );
    return result.rows.length > 0;
  });
}
