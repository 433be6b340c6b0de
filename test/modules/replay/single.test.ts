import t from 'tap';
import { bringBack } from '../../../src/modules/replay/move-store.ts';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent, uuidAt } from '../../helper/seed.ts';
import { seedAcknowledged, seedDead } from '../../helper/settled.ts';

const app = await startTestApp(t);
const hour = 3_600_000;

t.afterEach(() => {
  app.clock.stoppedAtMs = undefined;
});

const replay = ({ key }: TestPartner, id: string, body?: unknown) => app.request('POST', `/v1/events/${id}/replay`, { key, body });
const redrive = ({ key }: TestPartner, id: string, body?: unknown) => app.request('POST', `/v1/dead-letters/${id}/redrive`, { key, body });
const receive = async ({ key }: TestPartner) => (await app.request('POST', '/v1/inbox/receive', { key, body: {} })).json.events;
const countOf = async (table: string, id: string) => (await app.db.query(`SELECT FROM ${table} WHERE id = $1`, [id.slice(4)])).rowCount;

t.test('a replayed event is back in the inbox, byte for byte, says so, and can be acknowledged again', async (t) => {
  const partner = await app.addPartner();
  const body = '{"event_type":"order.created","payload":{"n":1.0},"metadata":{"source":"shop"}}';
  const id = (await app.request('POST', '/v1/events', { key: partner.key, body })).json.event_id;
  const before = (await poll(app, partner)).json.events[0];
  await acknowledge(app, partner, [id]);
  const answer = await replay(partner, id);
  t.equal(answer.status, 200);
  t.same(answer.json, { event_id: id, status: 'pending' });
  const page = await poll(app, partner);
  t.same(page.json.events, [{ ...before, delivery: { count: 0, replayed: true } }]);
  t.match(page.text, '"payload":{"n":1.0}');
  t.equal(await countOf('acknowledgements', id), 0);
  const again = await acknowledge(app, partner, [id]);
  t.match(again.json, { acknowledged: 1, already_acknowledged: 0 });
});

t.test('repeating a replay or a redrive changes nothing', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  await acknowledge(app, partner, [id]);
  await replay(partner, id);
  t.same((await replay(partner, id)).json, { event_id: id, status: 'pending', already_pending: true });
  const dead = uuidAt(Date.now());
  await seedDead(app.db, partner.id, [{ id: dead }]);
  t.same((await redrive(partner, `evt_${dead}`)).json, { event_id: `evt_${dead}`, status: 'pending' });
  t.same((await redrive(partner, `evt_${dead}`)).json, { event_id: `evt_${dead}`, status: 'pending', already_pending: true });
  t.equal((await poll(app, partner)).json.count, 2);
});

t.test('ten replays of an event at once bring it back once', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  await acknowledge(app, partner, [id]);
  const answers = await Promise.all(Array.from({ length: 10 }, () => replay(partner, id)));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal(answers.filter(({ json }) => json.already_pending === undefined).length, 1);
  t.equal(await countOf('inbox', id), 1);
});

t.test('a redriven event begins anew: no deliveries, and older lease tokens are lost', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const [leased] = await receive(partner);
  await app.request('PATCH', `/v1/events/${id}/reject`, { key: partner.key, body: { lease_token: leased.lease_token } });
  t.equal((await redrive(partner, id)).status, 200);
  t.match((await poll(app, partner)).json.events, [{ event_id: id, delivery: { count: 0, replayed: false } }]);
  const late = await app.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key, body: { lease_token: leased.lease_token } });
  t.match(late, { status: 409, json: { code: 'lease_lost' } });
  t.match(await receive(partner), [{ event_id: id, delivery: { count: 1, replayed: false } }]);
  t.equal((await app.request('GET', `/v1/dead-letters/${id}`, { key: partner.key })).status, 404);
});

t.test('a replay takes dead letters too, and such an event says that it was replayed, also after its next death', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  await app.request('PATCH', `/v1/events/${id}/reject`, { key: partner.key });
  t.same((await replay(partner, id)).json, { event_id: id, status: 'pending' });
  t.match((await poll(app, partner)).json.events, [{ delivery: { count: 0, replayed: true } }]);
  await app.request('PATCH', `/v1/events/${id}/reject`, { key: partner.key });
  await redrive(partner, id);
  t.match((await poll(app, partner)).json.events, [{ delivery: { count: 0, replayed: true } }]);
});

t.test('a replay of an event under a lease leaves the lease alone', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const [leased] = await receive(partner);
  for (const answer of [await replay(partner, id), await redrive(partner, id)])
    t.same(answer.json, { event_id: id, status: 'pending', already_pending: true });
  t.equal((await poll(app, partner)).json.count, 0, 'it is still leased');
  const body = { lease_token: leased.lease_token };
  t.equal((await app.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key, body })).status, 200);
});

t.test('an event past its last delivery that nobody has moved yet is redriven as the dead letter that it is', async (t) => {
  const partner = await app.addPartner();
  const now = Date.now() + hour; // when its lease has lapsed; the sweep of the application does not see that yet
  for (const kind of ['redrive', 'replay'] as const) {
    const id = (await postEvent(app, partner.key)).slice(4);
    await app.db.query(
      `UPDATE inbox SET deliveries = 10, last_delivery = true, leased_at = $2, visible_at = $2, lease_token = gen_random_uuid() WHERE id = $1`,
      [id, new Date(now).toISOString()],
    );
    const move = { partnerId: partner.id, ids: [id], floor: uuidAt(0), sources: 'dead_lettered' as const, kind };
    t.same(await bringBack(app.app.pools.read, { ...move, now: now - 1 }), [], 'its lease goes on');
    t.same(await bringBack(app.app.pools.read, { ...move, now }), [id]);
    t.same(await bringBack(app.app.pools.read, { ...move, now }), []);
    t.match((await receive(partner)).at(-1), { event_id: `evt_${id}`, delivery: { count: 1, replayed: kind === 'replay' } });
  }
});

t.test('only a dead letter is redriven: an acknowledged event is not one', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  await acknowledge(app, partner, [id]);
  t.match(await redrive(partner, id), { status: 404, json: { code: 'event_not_found' } });
  t.equal(await countOf('acknowledgements', id), 1);
});

t.test('unknown events and what is no id are 404', async (t) => {
  const partner = await app.addPartner();
  for (const id of [`evt_${uuidAt(Date.now())}`, 'evt_x', 'x'])
    for (const how of [replay, redrive]) t.match(await how(partner, id), { status: 404, json: { code: 'event_not_found' } }, id);
});

t.test('an event is brought back until it expires, to the millisecond; then its dead letter is only there to read', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const at = Date.now() - hour / 2;
  const [acknowledged, dead, later] = [uuidAt(at, 1), uuidAt(at, 2), uuidAt(at, 3)];
  await seedAcknowledged(app.db, partner.id, [{ id: acknowledged }]);
  await seedDead(app.db, partner.id, [{ id: dead }, { id: later }], { deadAtMs: at + 1_000 });
  app.clock.stoppedAtMs = at + hour - 1;
  t.equal((await replay(partner, `evt_${acknowledged}`)).status, 200);
  t.equal((await redrive(partner, `evt_${dead}`)).status, 200);
  app.clock.stoppedAtMs = at + hour;
  for (const [how, id] of [
    [replay, acknowledged],
    [replay, later],
    [redrive, later],
  ] as const)
    t.match(await how(partner, `evt_${id}`), { status: 404, json: { code: 'event_not_found' } });
  t.equal((await app.request('GET', `/v1/dead-letters/evt_${later}`, { key: partner.key })).status, 200);
});

t.test('an event whose payload was expunged is not brought back', async (t) => {
  const partner = await app.addPartner();
  const [acknowledged, dead] = [uuidAt(Date.now()), uuidAt(Date.now())];
  await seedAcknowledged(app.db, partner.id, [{ id: acknowledged }]);
  await seedDead(app.db, partner.id, [{ id: dead }]);
  await app.db.query('UPDATE events SET expunged_at = $2 WHERE partner_id = $1', [partner.id, new Date().toISOString()]);
  for (const [how, id] of [
    [replay, acknowledged],
    [replay, dead],
    [redrive, dead],
  ] as const)
    t.match(await how(partner, `evt_${id}`), { status: 409, json: { code: 'payload_expunged' } });
  t.equal((await poll(app, partner)).json.count, 0);
});

t.test("another partner's events are answered as unknown ones, and stay where they are", async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const [acknowledged, dead, unknown] = [uuidAt(Date.now()), uuidAt(Date.now()), uuidAt(Date.now())];
  await seedAcknowledged(app.db, other.id, [{ id: acknowledged }]);
  await seedDead(app.db, other.id, [{ id: dead }]);
  const textOf = async (how: typeof replay, id: string) =>
    (await how(partner, `evt_${id}`)).text.replaceAll(id, '<id>').replace(/"request_id":"[^"]*"/, '');
  for (const how of [replay, redrive]) {
    const none = await textOf(how, unknown);
    t.match(none, '"code":"event_not_found"');
    for (const id of [acknowledged, dead]) t.equal(await textOf(how, id), none);
  }
  t.equal((await poll(app, partner)).json.count, 0);
  t.equal(await countOf('acknowledgements', `evt_${acknowledged}`), 1);
  t.equal(await countOf('dead_letters', `evt_${dead}`), 1);
});

t.test('a command with a member that it does not know is refused', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  for (const how of [replay, redrive]) {
    t.match(await how(partner, id, { delaySeconds: 3 }), { status: 400, json: { code: 'unknown_field' } });
    t.equal((await how(partner, id, {})).status, 200, 'an empty object is none');
  }
});

t.test('what comes back wakes who waits for it', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  for (const [how, away] of [
    [replay, () => acknowledge(app, partner, [id])],
    [redrive, () => app.request('PATCH', `/v1/events/${id}/reject`, { key: partner.key })],
  ] as const) {
    await away();
    const begun = performance.now();
    const waiting = poll(app, partner, 'wait=30');
    await how(partner, id);
    t.same(idsOf(await waiting), [id]);
    t.ok(performance.now() - begun < 1_500, 'sooner than by a look of its own');
  }
});

t.test('replays and redrives do not count against the monthly quota', async (t) => {
  const partner = await app.addPartner({ monthlyQuota: 1 });
  const id = await postEvent(app, partner.key);
  await acknowledge(app, partner, [id]);
  t.equal((await replay(partner, id)).status, 200);
  await app.request('PATCH', `/v1/events/${id}/reject`, { key: partner.key });
  t.equal((await redrive(partner, id)).status, 200);
  t.match(await app.request('POST', '/v1/events', { key: partner.key, body: { event_type: 'a.b', payload: {} } }), { status: 429 });
});

t.test('what came back is counted by what brought it back', async (t) => {
  const partner = await app.addPartner();
  const counted = async (kind: string) =>
    Number(
      new RegExp(`^events_returned_total\\{kind="${kind}",version="[^"]*"\\} (\\d+)$`, 'm').exec(
        await app.app.metrics.registry.metrics(),
      )?.[1],
    );
  const before = [await counted('redrive'), await counted('replay')] as const;
  const id = await postEvent(app, partner.key);
  await acknowledge(app, partner, [id]);
  await replay(partner, id);
  await replay(partner, id);
  t.same([await counted('redrive'), await counted('replay')], [before[0], before[1] + 1]);
});
