import t from 'tap';
import { type Answer, startTestApp } from '../../helper/app.ts';
import { until } from '../../helper/until.ts';
import { isProblem } from './problems.ts';

const { request, addPartner, db, app } = await startTestApp(t, { MAX_QUEUED_ROWS: 6 });
// One partner has at most half of the queue: three rows.
const event = (n: number) => ({ event_type: 'order.created', payload: { n } });

async function gauge(name: 'queuedRows' | 'batchesInFlight'): Promise<number> {
  return (await app.metrics[name].get()).values.find(({ labels }) => labels.queue === 'ingest')?.value ?? 0;
}

/** Makes the database hold every commit, and fills the partner's half of the queue: two batches under way, three rows waiting. */
async function fill(key: string): Promise<Promise<Answer>[]> {
  await db.query('BEGIN; LOCK TABLE inbox IN SHARE MODE');
  const pending: Promise<Answer>[] = [];
  for (const batches of [1, 2]) {
    pending.push(request('POST', '/v1/events', { key, body: event(batches) }));
    await until(`${batches} under way`, async () => (await gauge('batchesInFlight')) === batches);
  }
  for (const rows of [1, 2, 3]) {
    pending.push(request('POST', '/v1/events', { key, body: event(2 + rows) }));
    await until(`${rows} wait`, async () => (await gauge('queuedRows')) === rows);
  }
  return pending;
}

t.test('a full queue is answered 503 with Retry-After before the body is stored, and at once', async (t) => {
  const { key } = await addPartner();
  const pending = await fill(key);
  const refused = await request('POST', '/v1/events', { key, body: event(99), headers: { 'idempotency-key': 'refused' } });
  t.equal(await gauge('queuedRows'), 3, 'it was answered while the queue was still full');
  isProblem(t, refused, 503, 'unavailable');
  t.equal(refused.headers.get('retry-after'), '1');
  t.equal(refused.json.retryable, true);
  await db.query('COMMIT');
  const answers = await Promise.all(pending);
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200],
    'those that were in the queue are stored',
  );
  const { json } = await request('GET', '/v1/inbox', { key });
  t.same(json.events.map((each: { payload: { n: number } }) => each.payload.n).sort(), [1, 2, 3, 4, 5]);
  const retried = await request('POST', '/v1/events', { key, body: event(99), headers: { 'idempotency-key': 'refused' } });
  t.match(retried.json, { status: 'accepted', duplicate: false }, 'a 503 is not remembered');
});

t.test('a partner that has filled its half of the queue does not shut out another', async (t) => {
  const [{ key }, other] = [await addPartner(), await addPartner()];
  const pending = await fill(key);
  isProblem(t, await request('POST', '/v1/events', { key, body: event(99) }), 503, 'unavailable');
  const accepted = request('POST', '/v1/events', { key: other.key, body: event(1) });
  await until('it waits too', async () => (await gauge('queuedRows')) === 4);
  await db.query('COMMIT');
  t.equal((await accepted).status, 200);
  await Promise.all(pending);
});

t.test('of a batch, what does not fit the queue fails as retryable, and the rest is stored', async (t) => {
  const { key } = await addPartner();
  await db.query('BEGIN; LOCK TABLE inbox IN SHARE MODE');
  const answer = request('POST', '/v1/events/batch', {
    key,
    body: Array.from({ length: 5 }, (_, n) => event(n)),
    headers: { 'idempotency-key': 'b' },
  });
  await until('it is under way', async () => (await gauge('batchesInFlight')) > 0);
  await db.query('COMMIT');
  const { status, json } = await answer;
  t.equal(status, 207);
  t.match(json, { accepted: 3, failed: 2 });
  for (const result of json.results.slice(3)) t.match(result, { status: 'failed', error: { code: 'unavailable', retryable: true } });
  const retried = await request('POST', '/v1/events/batch', {
    key,
    body: Array.from({ length: 3 }, (_, n) => event(n)),
    headers: { 'idempotency-key': 'b' },
  });
  t.match(retried.json, { duplicates: 3, failed: 0 });
});

t.test('polls and health are answered while the queue is full', async (t) => {
  const { key } = await addPartner();
  const pending = await fill(key);
  t.equal((await request('GET', '/v1/inbox', { key })).status, 200);
  t.equal((await request('GET', '/health/live')).status, 200);
  await db.query('COMMIT');
  t.same(
    (await Promise.all(pending)).map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
});
