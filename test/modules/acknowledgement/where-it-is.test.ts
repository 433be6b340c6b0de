import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { idsOf, type Leased, poll, receive, seedMany, settle } from '../../helper/seed.ts';

/** What a settlement comes to when the event is not in the inbox, or is there in an uncommon state. */
const app = await startTestApp(t);
const noToken = '01234567-89ab-4cde-8f01-23456789abcd';

t.afterEach(() => {
  app.clock.shiftMs = 0;
  app.clock.stoppedAtMs = undefined;
});

async function leased(count: number, { maxDeliveries = 10, leaseSeconds = 60 } = {}) {
  const partner = await app.addPartner();
  await app.db.query('UPDATE partners SET max_deliveries = $2 WHERE id = $1', [partner.id, maxDeliveries]);
  await seedMany(app.db, partner.id, count);
  const events = (await receive(app, partner, { max_events: count, lease_seconds: leaseSeconds })) as [Leased, ...Leased[]];
  return { partner, events };
}

/** `[status, code]` of each way to settle an event. */
async function everyWay(partner: TestPartner, id: string, lease_token: string | undefined) {
  const bodies = { acknowledge: {}, release: {}, reject: {}, extend: { lease_seconds: 60 } };
  const answers: Record<string, [number, string]> = {};
  for (const [what, more] of Object.entries(bodies)) {
    const { status, json } = await settle(app, partner, id, what, { lease_token, ...more });
    answers[what] = [status, json.code ?? json.status];
  }
  return answers;
}
const count = async (table: string, partner: TestPartner) =>
  Number((await app.db.query(`SELECT count(*) FROM ${table} WHERE partner_id = $1`, [partner.id])).rows[0].count);

t.test('a dead letter that is acknowledged after all is one no more: with the token of its last lease, or without one', async (t) => {
  const { partner, events } = await leased(3);
  const [a, b, c] = events as [Leased, Leased, Leased];
  for (const { event_id, lease_token } of events) await settle(app, partner, event_id, 'reject', { lease_token });
  const withToken = await settle(app, partner, a.event_id, 'acknowledge', { lease_token: a.lease_token });
  t.same([withToken.status, withToken.json.status, withToken.json.already_acknowledged], [200, 'acknowledged', undefined]);
  t.equal((await settle(app, partner, b.event_id, 'acknowledge')).status, 200);
  t.match((await settle(app, partner, c.event_id, 'acknowledge', { lease_token: noToken })).json, { status: 409, code: 'lease_lost' });
  const dead = await app.db.query('SELECT id FROM dead_letters WHERE partner_id = $1', [partner.id]);
  t.same(dead.rows, [{ id: c.event_id.slice(4) }]);
  const again = await settle(app, partner, a.event_id, 'acknowledge', { lease_token: a.lease_token });
  t.same(again.json, { ...withToken.json, already_acknowledged: true });
  const { rows } = await app.db.query('SELECT deliveries, lease_token FROM acknowledgements WHERE partner_id = $1 ORDER BY id', [
    partner.id,
  ]);
  t.same(
    rows,
    [a, b].map(({ lease_token }) => ({ deliveries: 1, lease_token })),
  );
});

t.test('a dead letter is not released and not extended, and rejecting it again keeps its reason and its time', async (t) => {
  const { partner, events } = await leased(1, { maxDeliveries: 1 });
  const { event_id, lease_token } = events[0];
  const first = await settle(app, partner, event_id, 'release', { lease_token });
  app.clock.shiftMs = 5_000;
  const rejected = await settle(app, partner, event_id, 'reject', { lease_token, reason: 'too late' });
  t.same(rejected.json, { ...first.json, already_dead_lettered: true });
  t.same((await settle(app, partner, event_id, 'reject')).json, rejected.json);
  t.equal((await settle(app, partner, event_id, 'extend', { lease_token, lease_seconds: 60 })).json.code, 'lease_lost');
  const { partner: another, events: held } = await leased(1);
  await settle(app, another, held[0].event_id, 'reject');
  const released = await settle(app, another, held[0].event_id, 'release', { lease_token: held[0].lease_token });
  t.match(released.json, { status: 409, code: 'lease_lost' });
});

t.test('what was expunged is 409 payload_expunged in every way, with a token and without', async (t) => {
  const { partner, events } = await leased(1);
  const { event_id, lease_token } = events[0];
  await app.db.query('UPDATE events SET expunged_at = $2 WHERE id = $1', [event_id.slice(4), new Date()]);
  await app.db.query('DELETE FROM inbox WHERE id = $1', [event_id.slice(4)]);
  const refused = [409, 'payload_expunged'];
  for (const token of [lease_token, noToken]) {
    t.same(await everyWay(partner, event_id, token), { acknowledge: refused, release: refused, reject: refused, extend: refused });
  }
  for (const what of ['acknowledge', 'reject']) t.equal((await settle(app, partner, event_id, what)).json.code, 'payload_expunged', what);
});

t.test('an acknowledgement can be repeated though the payload was expunged since: it was done', async (t) => {
  const { partner, events } = await leased(1);
  const { event_id, lease_token } = events[0];
  const first = await settle(app, partner, event_id, 'acknowledge', { lease_token });
  await app.db.query('UPDATE events SET expunged_at = $2 WHERE id = $1', [event_id.slice(4), new Date()]);
  const again = await settle(app, partner, event_id, 'acknowledge', { lease_token });
  t.same(again.json, { ...first.json, already_acknowledged: true });
});

t.test('who finishes after the last lease has lapsed, but before the event was moved, still settles it', async (t) => {
  const { partner, events } = await leased(3, { maxDeliveries: 1, leaseSeconds: 5 });
  const [a, b, c] = events as [Leased, Leased, Leased];
  // Of the server's clock only, at a moment at which the sweep has not come yet: each call is one statement of that time.
  const late = async (event: Leased, what: string, more = {}) => {
    app.clock.stoppedAtMs = Date.parse(event.lease_expires_at) + 1;
    const answer = await settle(app, partner, event.event_id, what, { lease_token: event.lease_token, ...more });
    app.clock.stoppedAtMs = undefined;
    return answer.json.status;
  };
  t.equal(await late(a, 'acknowledge'), 'acknowledged');
  t.equal(await late(b, 'release', { delay_seconds: 600 }), 'dead_lettered');
  t.equal(await late(c, 'reject'), 'dead_lettered');
  t.same([await count('inbox', partner), await count('dead_letters', partner), await count('acknowledgements', partner)], [0, 2, 1]);
});

t.test('after a release its token still counts until the next receive: the delay can be changed, the lease taken up again', async (t) => {
  const { partner, events } = await leased(2);
  const [a, b] = events as [Leased, Leased];
  const now = Date.now() + 60_000;
  app.clock.stoppedAtMs = now;
  for (const { event_id, lease_token } of events) await settle(app, partner, event_id, 'release', { lease_token, delay_seconds: 600 });
  const changed = await settle(app, partner, a.event_id, 'release', { lease_token: a.lease_token, delay_seconds: 1 });
  t.equal(changed.json.available_at, new Date(now + 1_000).toISOString());
  const extended = await settle(app, partner, b.event_id, 'extend', { lease_token: b.lease_token, lease_seconds: 3_600 });
  t.equal(extended.json.lease_expires_at, new Date(now + 3_600_000).toISOString());
  const { rows } = await app.db.query('SELECT leased_at FROM inbox WHERE id = $1', [b.event_id.slice(4)]);
  t.same(rows, [{ leased_at: new Date(now) }], 'the twelve hours count anew');
  app.clock.stoppedAtMs = now + 1_000;
  t.same(idsOf(await poll(app, partner)), [a.event_id]);
  await receive(app, partner, { max_events: 1 });
  t.equal((await settle(app, partner, a.event_id, 'acknowledge', { lease_token: a.lease_token })).json.code, 'lease_lost');
});

t.test('an event that came back, redriven, has no lease: tokens from before count for nothing', async (t) => {
  const { partner, events } = await leased(1);
  const { event_id, lease_token } = events[0];
  await app.db.query('UPDATE inbox SET deliveries = 0, leased_at = NULL, visible_at = NULL, lease_token = NULL WHERE id = $1', [
    event_id.slice(4),
  ]);
  t.same(await everyWay(partner, event_id, lease_token), {
    acknowledge: [409, 'lease_lost'],
    release: [409, 'event_not_leased'],
    reject: [409, 'lease_lost'],
    extend: [409, 'event_not_leased'],
  });
});

t.test('an expired event is 404 in every way, to the millisecond, whoever holds it', async (t) => {
  const { partner, events } = await leased(1);
  const { event_id, lease_token } = events[0];
  const received = Number.parseInt(event_id.slice(4, 17).replace('-', ''), 16);
  app.clock.stoppedAtMs = received + 259_200_000;
  const missing = [404, 'event_not_found'];
  t.same(await everyWay(partner, event_id, lease_token), { acknowledge: missing, release: missing, reject: missing, extend: missing });
  app.clock.stoppedAtMs -= 1;
  t.equal((await settle(app, partner, event_id, 'acknowledge', { lease_token })).status, 200);
});
