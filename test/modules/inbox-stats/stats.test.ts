import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { acknowledge, postEvent, receive, seedEvents, seedMany, settle, uuidAt } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

const app = await startTestApp(t);
const stats = async ({ key }: TestPartner) => (await app.request('GET', '/v1/inbox/stats', { key })).json;
const empty = {
  pending: 0,
  leased: 0,
  delayed: 0,
  dead_letters: 0,
  oldest_pending_at: null,
  oldest_pending_seconds: null,
  next_available_at: null,
};
t.afterEach(() => {
  app.clock.shiftMs = 0;
  app.clock.stoppedAtMs = undefined;
});

t.test('an empty inbox is counted as empty', async (t) => {
  const partner = await app.addPartner();
  const answer = await app.request('GET', '/v1/inbox/stats', { key: partner.key });
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('cache-control'), 'no-store');
  t.same(answer.json, { ...empty, counted_at: answer.json.counted_at });
});

t.test('each event is in the count of its state, from the moment on that it is in it', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 6);
  t.match(await stats(partner), { pending: 6, leased: 0, delayed: 0, dead_letters: 0, next_available_at: null });
  const leased = await receive(app, partner, { max_events: 4, lease_seconds: 60 });
  t.match(await stats(partner), { pending: 2, leased: 4, next_available_at: leased[0]?.lease_expires_at });
  await settle(app, partner, ids[0] as string, 'release', { lease_token: leased[0]?.lease_token, delay_seconds: 600 });
  t.match(await stats(partner), { pending: 2, leased: 3, delayed: 1 });
  await settle(app, partner, ids[1] as string, 'reject');
  t.match(await stats(partner), { pending: 2, leased: 2, delayed: 1, dead_letters: 1 });
  await acknowledge(app, partner, [ids[2] as string]);
  t.match(await stats(partner), { pending: 2, leased: 1, delayed: 1, dead_letters: 1 });
  app.clock.shiftMs = 61_000;
  t.match(await stats(partner), { pending: 3, leased: 0, delayed: 1, dead_letters: 1 });
  app.clock.shiftMs = 601_000;
  t.match(await stats(partner), { pending: 4, leased: 0, delayed: 0, dead_letters: 1, next_available_at: null });
});

t.test('the oldest pending event and its age: leased ones are not pending', async (t) => {
  const partner = await app.addPartner();
  const now = Date.now();
  await seedEvents(app.db, partner.id, [{ id: uuidAt(now - 90_500) }, { id: uuidAt(now - 30_500) }]);
  app.clock.stoppedAtMs = now;
  t.match(await stats(partner), {
    oldest_pending_at: new Date(now - 90_500).toISOString(),
    oldest_pending_seconds: 90,
    counted_at: new Date(now).toISOString(),
  });
  await receive(app, partner, { max_events: 1 });
  t.match(await stats(partner), { oldest_pending_at: new Date(now - 30_500).toISOString(), oldest_pending_seconds: 30 });
});

t.test('an event past its last delivery is counted once: as leased, and then as a dead letter', async (t) => {
  const partner = await app.addPartner();
  await app.db.query('UPDATE partners SET max_deliveries = 1 WHERE id = $1', [partner.id]);
  await postEvent(app, partner.key);
  await until('the cap is in force', async () => (await app.request('GET', '/v1/account', { key: partner.key })).json.max_deliveries === 1);
  await receive(app, partner, { max_events: 1, lease_seconds: 5 });
  app.clock.shiftMs = 6_000;
  await until('it is a dead letter', async () => {
    const { pending, leased, dead_letters } = await stats(partner);
    t.same([pending, leased + dead_letters], [0, 1]);
    return dead_letters === 1;
  });
});

t.test('expired events and dead letters are not counted, to the millisecond', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const now = Date.now();
  const ids = [uuidAt(now), uuidAt(now, 1)];
  await seedEvents(
    app.db,
    partner.id,
    ids.map((id) => ({ id })),
  );
  app.clock.stoppedAtMs = now + 1_000;
  await settle(app, partner, `evt_${ids[1]}`, 'reject');
  app.clock.stoppedAtMs = now + 3_599_999;
  t.match(await stats(partner), { pending: 1, dead_letters: 1 });
  app.clock.stoppedAtMs = now + 3_600_000;
  t.match(await stats(partner), { pending: 0, dead_letters: 1, oldest_pending_at: null });
  app.clock.stoppedAtMs = now + 3_600_999;
  t.match(await stats(partner), { dead_letters: 1 });
  app.clock.stoppedAtMs = now + 3_601_000;
  t.match(await stats(partner), empty);
});

t.test('a partner counts its own events alone', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  await seedMany(app.db, other.id, 3);
  t.match(await stats(partner), empty);
});

t.test('no answer is older than its request, also in a storm of them', async (t) => {
  const partner = await app.addPartner();
  let storming = true;
  const storm = Array.from({ length: 8 }, async () => {
    while (storming) await stats(partner);
  });
  for (let posted = 1; posted <= 20; posted++) {
    await postEvent(app, partner.key);
    t.equal((await stats(partner)).pending, posted);
  }
  storming = false;
  await Promise.all(storm);
});
