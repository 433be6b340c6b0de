import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { startTestApp, type TestApp, type TestPartner } from '../../helper/app.ts';
import { idsOf, postEvent, seedMany } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

/** Far below the ten seconds after which a waiter looks by itself: an answer within it was brought by a wake-up. */
const beforeSafetyPollMs = 1_900;

const app = await startTestApp(t, { READ_POOL_SIZE: 2 });

function wait({ request }: TestApp, { key }: TestPartner, query = 'wait=30', signal?: AbortSignal) {
  return request('GET', `/v1/inbox?${query}`, { key, signal });
}

/** Resolves when that many polls wait and none of them is looking any more. */
async function waiting({ app }: TestApp, count: number): Promise<void> {
  await until(`${count} polls wait`, async () => {
    const [gauge] = (await app.metrics.inboxWaits.get()).values;
    return gauge?.value === count && app.pools.read.waitingCount === 0 && app.pools.read.idleCount === app.pools.read.totalCount;
  });
}

t.test('a wait answers at the first event, woken by its commit', async (t) => {
  const partner = await app.addPartner();
  const begun = performance.now();
  const answer = wait(app, partner);
  await waiting(app, 1);
  const id = await postEvent(app, partner.key);
  t.same(idsOf(await answer), [id]);
  t.ok(performance.now() - begun < beforeSafetyPollMs, 'before it would have looked by itself');
});

t.test('a batch wakes a waiter too', async (t) => {
  const partner = await app.addPartner();
  const begun = performance.now();
  const answer = wait(app, partner);
  await waiting(app, 1);
  await app.request('POST', '/v1/events/batch', { key: partner.key, body: [{ event_type: 'a', payload: {} }] });
  t.equal((await answer).json.count, 1);
  t.ok(performance.now() - begun < beforeSafetyPollMs);
});

t.test('a wait with events at hand answers at once', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 3);
  const begun = performance.now();
  t.same(idsOf(await wait(app, partner)), ids);
  t.ok(performance.now() - begun < beforeSafetyPollMs);
});

t.test('a wait without an event ends with an empty page, not before its time', async (t) => {
  const partner = await app.addPartner();
  const begun = performance.now();
  const answer = await wait(app, partner, 'wait=1');
  t.same([answer.status, answer.json], [200, { events: [], count: 0, has_more: false, next_cursor: null }]);
  t.ok(performance.now() - begun >= 990);
});

t.test("neither another partner's event nor one of another type ends a wait", async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const answer = wait(app, partner, 'wait=30&event_type=order.*');
  await waiting(app, 1);
  await postEvent(app, other.key, { event_type: 'order.created' });
  await postEvent(app, partner.key, { event_type: 'customer.created' });
  const id = await postEvent(app, partner.key, { event_type: 'order.created' });
  t.same(idsOf(await answer), [id]);
});

t.test('sixty waiters hold no database connection: two are enough for them, for polls and for ingestion', async (t) => {
  const partners: TestPartner[] = [];
  for (let index = 0; index < 6; index++) partners.push(await app.addPartner());
  const answers = partners.map((partner) => Array.from({ length: 10 }, () => wait(app, partner)));
  await waiting(app, 60);
  t.equal(app.app.pools.read.totalCount - app.app.pools.read.idleCount, 0, 'no connection is busy');
  const other = await app.addPartner();
  const id = await postEvent(app, other.key);
  t.same(idsOf(await app.request('GET', '/v1/inbox', { key: other.key })), [id], 'others are served');
  const posted = await Promise.all(partners.map((partner) => postEvent(app, partner.key)));
  for (const [index, each] of answers.entries()) {
    for (const answer of await Promise.all(each)) t.same(idsOf(answer), [posted[index]]);
  }
  await waiting(app, 0);
});

t.test(
  'the eleventh wait of a partner is 429 too_many_waits with Retry-After; plain polls and other partners are not refused',
  async (t) => {
    const [partner, other] = [await app.addPartner(), await app.addPartner()];
    const answers = Array.from({ length: 10 }, () => wait(app, partner));
    await waiting(app, 10);
    const refused = await wait(app, partner);
    t.match(refused, { status: 429, json: { code: 'too_many_waits', retryable: true } });
    t.ok(Number(refused.headers.get('retry-after')) >= 1);
    t.equal((await app.request('GET', '/v1/inbox', { key: partner.key })).status, 200);
    const [others] = await Promise.all([wait(app, other, 'wait=1'), postEvent(app, partner.key)]);
    t.equal(others.status, 200);
    for (const answer of await Promise.all(answers)) t.equal(answer.json.count, 1);
    t.equal((await wait(app, partner)).status, 200, 'a wait that has ended leaves its place');
  },
);

t.test('a waiter that goes away leaves its place at once', async (t) => {
  const partner = await app.addPartner();
  const leaving = new AbortController();
  const left = Array.from({ length: 10 }, () => wait(app, partner, 'wait=30', leaving.signal));
  await waiting(app, 10);
  leaving.abort();
  for (const outcome of await Promise.allSettled(left)) t.equal(outcome.status, 'rejected');
  await waiting(app, 0);
  const answer = wait(app, partner);
  await waiting(app, 1);
  await postEvent(app, partner.key);
  t.equal((await answer).status, 200);
});

t.test('close() answers the waiters at once with an empty page, and ends', async (t) => {
  const closing = await startTestApp(t);
  const partner = await closing.addPartner();
  const answers = Array.from({ length: 5 }, () => wait(closing, partner));
  await waiting(closing, 5);
  const begun = performance.now();
  await closing.app.close();
  t.ok(performance.now() - begun < 5_000, 'long before the thirty seconds of the waits');
  for (const { status, json } of await Promise.all(answers)) {
    t.same({ status, json }, { status: 200, json: { events: [], count: 0, has_more: false, next_cursor: null } });
  }
});

t.test('close() answers waiters with the events that are there', async (t) => {
  const closing = await startTestApp(t);
  const partner = await closing.addPartner();
  const answer = wait(closing, partner);
  await waiting(closing, 1);
  const ids = await seedMany(closing.db, partner.id, 2); // behind the server's back: nothing wakes the waiter
  await closing.app.close();
  t.same(idsOf(await answer), ids);
});

t.test('close() does not wait for connections that were opened and never used', async (t) => {
  const closing = await startTestApp(t);
  const unused = connect(Number(new URL(closing.url).port), '127.0.0.1');
  await once(unused, 'connect');
  await until(
    'the server has it',
    () => new Promise<boolean>((resolve) => closing.app.server.getConnections((_error, count) => resolve(count === 1))),
  );
  const ended = once(unused, 'close');
  await closing.app.close();
  await ended;
  t.equal(unused.bytesRead, 0);
});
