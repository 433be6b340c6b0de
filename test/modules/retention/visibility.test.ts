import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent } from '../../helper/seed.ts';

const app = await startTestApp(t);
const hour = 3_600_000;

t.afterEach(() => {
  app.clock.stoppedAtMs = undefined;
});

/** An event received at exactly `app.clock.stoppedAtMs`, which is set to now. */
async function receivedNow(partner: TestPartner, event = {}): Promise<{ id: string; at: number }> {
  const at = Date.now();
  app.clock.stoppedAtMs = at;
  const id = await postEvent(app, partner.key, event);
  return { id, at: Number.parseInt(id.slice(4, 12) + id.slice(13, 17), 16) };
}

/** In how many of the ways of seeing an event it is seen: two ways of polling, by look-up, by acknowledging (which is the last thing done). */
async function seen(partner: TestPartner, id: string): Promise<boolean[]> {
  return [
    idsOf(await poll(app, partner)).includes(id),
    idsOf(await poll(app, partner, 'event_type=test.*')).includes(id),
    (await app.request('GET', `/v1/events/${id}`, { key: partner.key })).status === 200,
    (await acknowledge(app, partner, [id])).json.failed === 0,
  ];
}
const everywhere = [true, true, true, true];
const nowhere = [false, false, false, false];

t.test('an event is visible at 71:59:59.999 after its receipt, everywhere', async (t) => {
  const partner = await app.addPartner();
  const { id, at } = await receivedNow(partner);
  app.clock.stoppedAtMs = at + 72 * hour - 1;
  t.same(await seen(partner, id), everywhere);
});

for (const [name, past] of [
  ['72:00:00.000', 0],
  ['72:00:00.001', 1],
] as const) {
  t.test(`an event is hidden at ${name} after its receipt, everywhere`, async (t) => {
    const partner = await app.addPartner();
    const { id, at } = await receivedNow(partner);
    app.clock.stoppedAtMs = at + 72 * hour + past;
    t.same(await seen(partner, id), nowhere);
    const answer = await app.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key });
    t.match(answer, { status: 404, json: { code: 'event_not_found' } });
  });
}

t.test('expires_at is the first moment at which the event is hidden', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 5 * 3600 });
  const { id } = await receivedNow(partner);
  const expiresAt = Date.parse((await poll(app, partner)).json.events[0].expires_at);
  app.clock.stoppedAtMs = expiresAt - 1;
  t.same(idsOf(await poll(app, partner)), [id]);
  app.clock.stoppedAtMs = expiresAt;
  t.same(idsOf(await poll(app, partner)), []);
});

t.test('a cursor does not bring an expired event back', async (t) => {
  const partner = await app.addPartner();
  const first = await receivedNow(partner);
  await postEvent(app, partner.key);
  const { next_cursor } = (await poll(app, partner, 'limit=1')).json;
  app.clock.stoppedAtMs = first.at + 73 * hour;
  t.same(idsOf(await poll(app, partner, `limit=1&cursor=${next_cursor}`)), []);
});

t.test('an acknowledged event is looked up until it expires, and no longer', async (t) => {
  const partner = await app.addPartner();
  const { id, at } = await receivedNow(partner);
  await acknowledge(app, partner, [id]);
  const status = async () => (await app.request('GET', `/v1/events/${id}`, { key: partner.key })).status;
  app.clock.stoppedAtMs = at + 72 * hour - 1;
  t.equal(await status(), 200);
  app.clock.stoppedAtMs = at + 72 * hour;
  t.equal(await status(), 404);
});

t.test('a retention lowered by PATCH hides what is older at once', async (t) => {
  const partner = await app.addPartner();
  const old = await receivedNow(partner);
  app.clock.stoppedAtMs = old.at + 2 * hour;
  const young = await postEvent(app, partner.key);
  t.equal((await poll(app, partner)).json.count, 2);
  const { status } = await app.request('PATCH', '/v1/account', { key: partner.key, body: { retention_hours: 1 } });
  t.equal(status, 200);
  t.same(idsOf(await poll(app, partner)), [young]);
  t.same(await seen(partner, old.id), nowhere);
});

t.test('a retention raised by PATCH keeps what has not expired yet, at once', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3600 });
  const { id, at } = await receivedNow(partner);
  app.clock.stoppedAtMs = at + hour - 1;
  await app.request('PATCH', '/v1/account', { key: partner.key, body: { retention_hours: 2 } });
  app.clock.stoppedAtMs = at + 2 * hour - 1;
  const [event] = (await poll(app, partner)).json.events;
  t.equal(event?.event_id, id);
  t.equal(Date.parse(event?.expires_at), at + 2 * hour);
  app.clock.stoppedAtMs = at + 2 * hour;
  t.same(await seen(partner, id), nowhere);
});

t.test('raising the retention does not bring back what has expired, not even what expired at that very millisecond', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3600 });
  const expired = await receivedNow(partner);
  app.clock.stoppedAtMs = expired.at + 1;
  const nearly = await postEvent(app, partner.key);
  app.clock.stoppedAtMs = expired.at + hour;
  t.same(idsOf(await poll(app, partner)), [nearly]);
  await app.request('PATCH', '/v1/account', { key: partner.key, body: { retention_hours: 720 } });
  t.same(idsOf(await poll(app, partner)), [nearly]);
  t.same(await seen(partner, expired.id), nowhere);
});

t.test('lowering and raising again does not bring back what the lower one had hidden', async (t) => {
  const partner = await app.addPartner();
  const { id, at } = await receivedNow(partner);
  app.clock.stoppedAtMs = at + 3 * hour;
  const kept = await postEvent(app, partner.key);
  for (const retention_hours of [2, 72]) await app.request('PATCH', '/v1/account', { key: partner.key, body: { retention_hours } });
  t.same(idsOf(await poll(app, partner)), [kept]);
  t.same(await seen(partner, id), nowhere);
});

t.test("one partner's retention says nothing about another's", async (t) => {
  const [short, long] = [await app.addPartner({ retentionSeconds: 3600 }), await app.addPartner({ retentionSeconds: 7_200 })];
  const { at } = await receivedNow(short);
  const id = await postEvent(app, long.key);
  app.clock.stoppedAtMs = at + hour;
  t.same([idsOf(await poll(app, short)), idsOf(await poll(app, long))], [[], [id]]);
});

t.test('a clock that is an hour fast or slow hides nothing young and serves nothing old when it is right again', async (t) => {
  const partner = await app.addPartner();
  for (const shiftMs of [hour, -hour, 0]) {
    app.clock.shiftMs = shiftMs;
    await postEvent(app, partner.key);
    app.clock.shiftMs = 0;
    t.equal((await poll(app, partner)).json.has_more, false);
  }
  t.equal((await poll(app, partner)).json.count, 3, 'also those whose ids lie ahead');
});
