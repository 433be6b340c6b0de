import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { acknowledge, idsOf, type Leased, poll, receive, seedMany, settle } from '../../helper/seed.ts';

const app = await startTestApp(t);
const unknown = 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a';
const noToken = '01234567-89ab-4cde-8f01-23456789abcd';

async function leased(count: number, body: Record<string, unknown> = { max_events: 500, lease_seconds: 60 }) {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, count);
  return { partner, ids: ids as [string, ...string[]], events: (await receive(app, partner, body)) as [Leased, ...Leased[]] };
}
const row = async (id: string) => (await app.db.query('SELECT * FROM inbox WHERE id = $1', [id.slice(4)])).rows[0];
const token = (event: Leased | undefined) => event?.lease_token as string;

t.test('a superseded token settles nothing, and a late one that is still the latest settles', async (t) => {
  const { partner, ids, events } = await leased(4, { max_events: 4, lease_seconds: 5 });
  app.clock.shiftMs += 6_000;
  const [second] = await receive(app, partner, { max_events: 1, lease_seconds: 60 });
  t.equal(second?.event_id, ids[0]);
  for (const [what, more] of [
    ['acknowledge', {}],
    ['release', {}],
    ['reject', {}],
    ['extend', { lease_seconds: 60 }],
  ] as const) {
    const answer = await settle(app, partner, ids[0], what, { lease_token: token(events[0]), ...more });
    t.same([answer.status, answer.json.code], [409, 'lease_lost'], what);
  }
  t.equal((await row(ids[0])).lease_token, second?.lease_token, 'nothing was changed');
  t.equal((await settle(app, partner, ids[0], 'acknowledge', { lease_token: token(second) })).status, 200);
  const late = [
    await settle(app, partner, ids[1] as string, 'acknowledge', { lease_token: token(events[1]) }),
    await settle(app, partner, ids[2] as string, 'extend', { lease_token: token(events[2]), lease_seconds: 60 }),
    await settle(app, partner, ids[3] as string, 'release', { lease_token: token(events[3]) }),
  ];
  t.same(
    late.map(({ status, json }) => [status, json.status]),
    [
      [200, 'acknowledged'],
      [200, 'extended'],
      [200, 'released'],
    ],
  );
  app.clock.shiftMs = 0;
});

t.test('an acknowledgement with a token can be repeated with it, and by nobody with another', async (t) => {
  const { partner, ids, events } = await leased(1);
  const first = await settle(app, partner, ids[0], 'acknowledge', { lease_token: token(events[0]) });
  t.notOk(first.json.already_acknowledged);
  const again = await settle(app, partner, ids[0], 'acknowledge', { lease_token: token(events[0]) });
  t.same(again.json, { ...first.json, already_acknowledged: true });
  t.equal((await settle(app, partner, ids[0], 'acknowledge')).json.already_acknowledged, true, 'without one too');
  t.equal((await settle(app, partner, ids[0], 'acknowledge', { lease_token: noToken })).json.code, 'lease_lost');
  for (const what of ['release', 'reject']) {
    t.equal((await settle(app, partner, ids[0], what, { lease_token: token(events[0]) })).json.code, 'lease_lost', what);
  }
});

t.test('who leases nothing may acknowledge what others hold: the base routes know no leases', async (t) => {
  const { partner, ids } = await leased(2);
  t.equal((await settle(app, partner, ids[0], 'acknowledge')).status, 200);
  t.equal((await acknowledge(app, partner, ids)).json.acknowledged, 1);
});

t.test('a release gives the event back, at once or after its delay, and can be repeated', async (t) => {
  const { partner, ids, events } = await leased(2);
  app.clock.stoppedAtMs = Date.now() + 1_000;
  const now = app.clock.stoppedAtMs;
  const atOnce = await settle(app, partner, ids[0], 'release', { lease_token: token(events[0]) });
  t.same(atOnce.json, { event_id: ids[0], status: 'released', available_at: new Date(now).toISOString() });
  t.same(idsOf(await poll(app, partner)), [ids[0]]);
  t.same((await settle(app, partner, ids[0], 'release', { lease_token: token(events[0]) })).json, atOnce.json);
  const delayed = await settle(app, partner, ids[1] as string, 'release', { lease_token: token(events[1]), delay_seconds: 43_200 });
  t.equal(delayed.json.available_at, new Date(now + 43_200_000).toISOString());
  t.same(idsOf(await poll(app, partner)), [ids[0]], 'not seen before');
  app.clock.stoppedAtMs = now + 43_199_999;
  t.same(idsOf(await poll(app, partner)), [ids[0]]);
  app.clock.stoppedAtMs = now + 43_200_000;
  t.same(idsOf(await poll(app, partner)), ids);
  const [first] = await receive(app, partner, { max_events: 1 });
  t.equal(first?.delivery.count, 2, 'a release counts the delivery');
  app.clock.stoppedAtMs = undefined;
});

t.test('an extension counts from now, and twelve hours from the receive are the most', async (t) => {
  const { partner, ids, events } = await leased(1);
  const begun = Date.now() + 1_000;
  app.clock.stoppedAtMs = begun;
  const extend = (seconds: number) => settle(app, partner, ids[0], 'extend', { lease_token: token(events[0]), lease_seconds: seconds });
  t.same((await extend(3_600)).json, {
    event_id: ids[0],
    status: 'extended',
    lease_expires_at: new Date(begun + 3_600_000).toISOString(),
  });
  const leasedAt = (await row(ids[0])).leased_at.getTime();
  app.clock.stoppedAtMs = leasedAt + 43_200_000 - 3_600_000;
  t.equal((await extend(3_600)).status, 200, 'to the last second');
  app.clock.stoppedAtMs += 1;
  const beyond = await extend(3_600);
  t.same([beyond.status, beyond.json.code], [409, 'lease_limit']);
  t.equal((await extend(3_599)).status, 200);
  app.clock.stoppedAtMs = undefined;
});

t.test('a rejected event is a dead letter with its reason; a repetition says the same, and it comes no more', async (t) => {
  const { partner, ids, events } = await leased(3);
  const first = await settle(app, partner, ids[0], 'reject', { lease_token: token(events[0]), reason: 'no such “order”\n\t' });
  t.match(first.json, { event_id: ids[0], status: 'dead_lettered', reason: 'rejected' });
  const again = await settle(app, partner, ids[0], 'reject', { lease_token: token(events[0]) });
  t.same(again.json, { ...first.json, already_dead_lettered: true });
  t.equal((await settle(app, partner, ids[0], 'reject', { lease_token: noToken })).json.code, 'lease_lost');
  t.equal((await settle(app, partner, ids[0], 'extend', { lease_token: token(events[0]), lease_seconds: 5 })).json.code, 'lease_lost');
  t.equal((await settle(app, partner, ids[1] as string, 'reject')).status, 200, 'without a token');
  const { rows } = await app.db.query(
    'SELECT reason, detail, deliveries, lease_token FROM dead_letters WHERE partner_id = $1 ORDER BY id',
    [partner.id],
  );
  t.same(rows[0], { reason: 'rejected', detail: 'no such “order”\n\t', deliveries: 1, lease_token: token(events[0]) });
  t.equal(rows[1].detail, null);
  t.same(idsOf(await poll(app, partner, 'limit=10&include_leased=true')), [ids[2]]);
});

t.test('a release on the last delivery is a dead letter, and can be repeated', async (t) => {
  const partner = await app.addPartner();
  await app.db.query('UPDATE partners SET max_deliveries = 1 WHERE id = $1', [partner.id]);
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  const [event] = await receive(app, partner);
  const released = await settle(app, partner, id, 'release', { lease_token: token(event), delay_seconds: 60 });
  t.match(released.json, { event_id: id, status: 'dead_lettered', reason: 'max_deliveries_exceeded' });
  t.match((await settle(app, partner, id, 'release', { lease_token: token(event) })).json, { already_dead_lettered: true });
});

t.test('an event that was never leased cannot be released or extended', async (t) => {
  const partner = await app.addPartner();
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  t.equal((await settle(app, partner, id, 'release', { lease_token: noToken })).json.code, 'event_not_leased');
  t.equal((await settle(app, partner, id, 'extend', { lease_token: 'x', lease_seconds: 5 })).json.code, 'event_not_leased');
  t.equal((await settle(app, partner, id, 'acknowledge', { lease_token: noToken })).json.code, 'lease_lost');
  t.equal((await settle(app, partner, id, 'reject', { lease_token: 'x'.repeat(100) })).json.code, 'lease_lost');
});

t.test('another partner’s event is answered as one that does not exist', async (t) => {
  const { ids, events } = await leased(1);
  const stranger = await app.addPartner();
  for (const [what, body] of [
    ['acknowledge', { lease_token: token(events[0]) }],
    ['release', { lease_token: token(events[0]) }],
    ['reject', { lease_token: token(events[0]) }],
    ['extend', { lease_token: token(events[0]), lease_seconds: 60 }],
  ] as const) {
    const [foreign, none] = [await settle(app, stranger, ids[0], what, body), await settle(app, stranger, unknown, what, body)];
    const same = (text: string, id: string) => text.replaceAll(id, '').replace(/req_\w+/, '');
    t.equal(foreign.status, 404);
    t.equal(same(foreign.text, ids[0]), same(none.text, unknown), what);
  }
  t.ok(await row(ids[0]));
});

t.test('settle does all four at once, each event by itself, in the order of the lists', async (t) => {
  const { partner, ids, events } = await leased(6);
  const item = (index: number, more = {}) => ({ event_id: ids[index], lease_token: token(events[index]), ...more });
  const answer = await app.request('POST', '/v1/inbox/settle', {
    key: partner.key,
    body: {
      extend: [item(5, { lease_seconds: 600 })],
      acknowledge: [item(0), { event_id: ids[1] }, { event_id: unknown }],
      release: [item(2, { delay_seconds: 60 }), { event_id: ids[3], lease_token: noToken }],
      reject: [item(4, { reason: 'bad' })],
    },
  });
  t.equal(answer.status, 207);
  t.match(answer.json, { settled: 5, failed: 2 });
  t.same(
    answer.json.results.map((result: { list: string; index: number; status: string; error?: { code: string } }) => [
      result.list,
      result.index,
      result.status,
      result.error?.code,
    ]),
    [
      ['acknowledge', 0, 'acknowledged', undefined],
      ['acknowledge', 1, 'acknowledged', undefined],
      ['acknowledge', 2, 'failed', 'event_not_found'],
      ['release', 0, 'released', undefined],
      ['release', 1, 'failed', 'lease_lost'],
      ['reject', 0, 'dead_lettered', undefined],
      ['extend', 0, 'extended', undefined],
    ],
  );
  const left = await app.db.query('SELECT id FROM inbox WHERE partner_id = $1 ORDER BY id', [partner.id]);
  t.same(
    left.rows.map(({ id }) => `evt_${id}`),
    [ids[2], ids[3], ids[5]],
  );
});

t.test('settle takes 1 to 500 events, each once', async (t) => {
  const { partner, ids, events } = await leased(500);
  const item = (index: number) => ({ event_id: ids[index], lease_token: token(events[index]) });
  const send = (body: unknown) => app.request('POST', '/v1/inbox/settle', { key: partner.key, body });
  for (const body of [{}, { acknowledge: [] }, { release: [], reject: [] }]) t.equal((await send(body)).json.code, 'empty_batch');
  const twice = await send({ acknowledge: [item(0), item(1)], release: [item(1)] });
  t.same([twice.status, twice.json.code], [400, 'duplicate_event_in_request']);
  t.equal(twice.json.errors[0].pointer, '/release/0/event_id');
  const many = ids.map((_, index) => item(index));
  t.equal((await send({ acknowledge: many, reject: [{ event_id: unknown }] })).json.code, 'batch_too_many');
  t.equal((await send({ acknowledge: [item(0)], releases: [] })).json.code, 'unknown_field');
  t.equal((await send({ extend: [item(0)] })).json.code, 'validation_failed');
  t.equal((await send({ reject: [{ ...item(0), reason: 'x'.repeat(501) }] })).json.code, 'validation_failed');
  t.equal((await send({ reject: [{ ...item(0), reason: '\u0000' }] })).json.code, 'validation_failed');
  const half = await send({ release: many.slice(0, 250), acknowledge: many.slice(250) });
  t.match(half.json, { settled: 500, failed: 0 });
  t.equal(idsOf(await poll(app, partner)).length, 250);
});

t.test('claims and settlements of one inbox at once agree: each event ends once', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 300);
  const acknowledged: string[] = [];
  const rejected: string[] = [];
  await Promise.all(
    Array.from({ length: 6 }, async (_, worker) => {
      for (;;) {
        const events = await receive(app, partner, { max_events: 11, lease_seconds: 60 });
        if (events.length === 0) return;
        const take = (part: number) =>
          events.filter((_event, index) => (index + worker) % 3 === part).map(({ event_id, lease_token }) => ({ event_id, lease_token }));
        const answer = await app.request('POST', '/v1/inbox/settle', {
          key: partner.key,
          body: { acknowledge: take(0), reject: take(1), release: take(2) },
        });
        for (const result of answer.json.results) {
          if (result.status === 'acknowledged') acknowledged.push(result.event_id);
          if (result.status === 'dead_lettered') rejected.push(result.event_id);
          if (result.status === 'failed') t.fail(JSON.stringify(result));
        }
      }
    }),
  );
  for (const event of await receive(app, partner)) acknowledged.push(event.event_id);
  t.same([...acknowledged, ...rejected].sort(), ids);
});
