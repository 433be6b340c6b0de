import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { idsOf, poll, postEvent, receive, settle, uuidAt } from '../../helper/seed.ts';

const app = await startTestApp(t);
const get = (id: string, key: string) => app.request('GET', `/v1/events/${id}`, { key });

t.test('a pending event is shown as on an inbox page, with its status and history', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key, { event_type: 'order.created', metadata: { source: 'shop' }, payload: { a: [1] } });
  const [onPage] = (await poll(app, partner)).json.events;
  const answer = await get(id, partner.key);
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('cache-control'), 'no-store');
  t.same(answer.json, { ...onPage, status: 'pending', history: [{ status: 'received', at: onPage.received_at }] });
});

t.test('an acknowledged event is still shown, with the time of its acknowledgement in the history', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const { json } = await app.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key });
  const shown = (await get(id, partner.key)).json;
  t.equal(shown.status, 'acknowledged');
  t.same(shown.history, [
    { status: 'received', at: shown.received_at },
    { status: 'acknowledged', at: json.acknowledged_at },
  ]);
});

t.test('a leased, a delayed and a dead event say so, with their deliveries; the history names the reason', async (t) => {
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const received = (await get(id, partner.key)).json.received_at;
  const start = Date.now() + 1_000;
  app.clock.stoppedAtMs = start;
  const [leased] = await receive(app, partner);
  t.match((await get(id, partner.key)).json, { status: 'leased', delivery: { count: 1, replayed: false } });
  await settle(app, partner, id, 'release', { lease_token: leased?.lease_token, delay_seconds: 60 });
  t.match((await get(id, partner.key)).json, { status: 'delayed', delivery: { count: 1 } });
  app.clock.stoppedAtMs = start + 60_000;
  t.match((await get(id, partner.key)).json, { status: 'pending', delivery: { count: 1 } });
  await receive(app, partner);
  await settle(app, partner, id, 'reject', { reason: 'no such order' });
  const shown = (await get(id, partner.key)).json;
  t.match(shown, { status: 'dead_lettered', delivery: { count: 2, replayed: false } });
  t.same(shown.history, [
    { status: 'received', at: received },
    { status: 'dead_lettered', at: new Date(start + 60_000).toISOString(), reason: 'rejected' },
  ]);
});

t.test('an acknowledged event keeps its deliveries; a replayed one is pending and says that it was', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const [leased] = await receive(app, partner);
  await settle(app, partner, id, 'acknowledge', { lease_token: leased?.lease_token });
  t.match((await get(id, partner.key)).json, { status: 'acknowledged', delivery: { count: 1, replayed: false } });
  t.equal((await app.request('POST', `/v1/events/${id}/replay`, { key: partner.key })).status, 200);
  const { status, delivery, history } = (await get(id, partner.key)).json;
  t.same([status, delivery], ['pending', { count: 0, replayed: true }]);
  t.same(
    history.map((each: { status: string }) => each.status),
    ['received'],
    'what a replay undoes is gone',
  );
});

t.test('a dead letter whose event has expired is not found here, and still among the dead letters', async (t) => {
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const id = await postEvent(app, partner.key);
  app.clock.shiftMs = 1_800_000;
  await settle(app, partner, id, 'reject');
  t.equal((await get(id, partner.key)).json.status, 'dead_lettered');
  app.clock.shiftMs = 3_600_001;
  t.match((await get(id, partner.key)).json, { status: 404, code: 'event_not_found' });
  t.equal((await app.request('GET', `/v1/dead-letters/${id}`, { key: partner.key })).status, 200);
});

t.test('the payload is given back byte for byte', async (t) => {
  const { key } = await app.addPartner();
  const payload = '{ "n":1.0,"big":9007199254740993, "z":"\\u0000" ,"a":1e400}';
  const posted = await app.request('POST', '/v1/events', { key, body: `{"event_type":"x","payload":${payload}}` });
  t.ok((await get(posted.json.event_id, key)).text.includes(`"payload":${payload},`));
});

t.test('looking an event up changes nothing', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const first = await get(id, partner.key);
  t.equal((await get(id, partner.key)).text, first.text);
  t.same(idsOf(await poll(app, partner)), [id]);
});

t.test("an unknown or malformed id and another partner's event get the same 404, byte for byte", async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const foreign = await postEvent(app, other.key);
  const unknown = `evt_${uuidAt(Date.now())}`;
  const answerTo = async (id: string) => {
    const { status, text } = await get(id, partner.key);
    return { status, text: text.replace(/"instance":"[^"]*"/, '').replace(/"request_id":"[^"]*"/, '') };
  };
  const expected = await answerTo(unknown);
  t.match(expected, { status: 404, text: /"code":"event_not_found"/ });
  for (const id of [foreign, 'x', 'evt_', unknown.slice(4), unknown.toUpperCase(), 'batch', '%20', 'x'.repeat(300)])
    t.same(await answerTo(id), expected, id.slice(0, 50));
});
