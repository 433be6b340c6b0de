import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { lockWait } from '../../helper/lock-wait.ts';

const { request, addPartner, db, app } = await startTestApp(t);
const event = { event_type: 'order.created', payload: { id: 7 } };
const eventId = /^evt_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

t.test('an accepted event is answered 200 with its id, when it was received and when it expires', async (t) => {
  const { key } = await addPartner({ retentionSeconds: 7_200 });
  const before = Date.now();
  const { status, json, headers } = await request('POST', '/v1/events', { key, body: event });
  const after = Date.now();
  t.equal(status, 200);
  t.same(Object.keys(json), ['event_id', 'status', 'duplicate', 'received_at', 'expires_at']);
  t.match(json, { event_id: eventId, status: 'accepted', duplicate: false, received_at: time, expires_at: time });
  const received = Date.parse(json.received_at);
  t.ok(received >= before - 1 && received <= after + 1, 'received_at is now');
  t.equal(Date.parse(json.expires_at) - received, 7_200_000, 'expires_at is the retention later');
  t.match(headers.get('content-type'), /^application\/json/);
  t.equal(headers.get('idempotent-replayed'), null);
});

t.test('it is answered only after the commit: the event is there for every other connection, in history and inbox', async (t) => {
  const { key, id } = await addPartner();
  for (let i = 0; i < 20; i++) {
    const { json } = await request('POST', '/v1/events', { key, body: event });
    const uuid = json.event_id.slice(4);
    const { rows } = await db.query(
      `SELECT (SELECT payload FROM events WHERE partner_id = $1 AND id = $2) AS payload, (SELECT count(*)::int FROM inbox WHERE partner_id = $1 AND id = $2) AS queued`,
      [id, uuid],
    );
    t.same(rows, [{ payload: '{"id":7}', queued: 1 }]);
  }
});

t.test('and not before: while the database cannot store, there is no answer', async (t) => {
  const { key } = await addPartner();
  await db.query('BEGIN; LOCK TABLE inbox IN EXCLUSIVE MODE');
  let answered = false;
  const answer = request('POST', '/v1/events', { key, body: event }).finally(() => {
    answered = true;
  });
  await lockWait(db);
  t.equal(answered, false);
  await db.query('COMMIT');
  t.equal((await answer).status, 200);
});

t.test('the same content twice without a key is two events', async (t) => {
  const { key } = await addPartner();
  const ids = [];
  for (let i = 0; i < 2; i++) ids.push((await request('POST', '/v1/events', { key, body: event })).json.event_id);
  t.not(ids[0], ids[1]);
  t.same(
    (await request('GET', '/v1/inbox', { key })).json.events.map((each: { event_id: string }) => each.event_id),
    ids,
  );
});

t.test('every answer tells the limits; an accepted event takes one from the monthly quota and a refused one takes none', async (t) => {
  const { key } = await addPartner({ monthlyQuota: 10 });
  const remaining = (headers: Headers) => Number(/"monthly";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
  t.equal(remaining((await request('POST', '/v1/events', { key, body: event })).headers), 9);
  t.equal(remaining((await request('POST', '/v1/events', { key, body: {} })).headers), 9);
  t.equal(remaining((await request('POST', '/v1/events', { key, body: event })).headers), 8);
});

t.test('outcomes are counted', async (t) => {
  const { key } = await addPartner();
  const count = async (outcome: string) =>
    (await app.metrics.eventsIngested.get()).values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
  const [accepted, duplicates] = [await count('accepted'), await count('duplicate')];
  for (let i = 0; i < 3; i++) await request('POST', '/v1/events', { key, body: event, headers: { 'idempotency-key': 'counted' } });
  t.equal((await count('accepted')) - accepted, 1);
  t.equal((await count('duplicate')) - duplicates, 2);
});
