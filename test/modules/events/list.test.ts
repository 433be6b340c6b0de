import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent, receive, seedEvents, seedMany, settle, uuidAt } from '../../helper/seed.ts';
import { list, othersEnded, walkList } from './follow.ts';

const app = await startTestApp(t);
const hourMs = 3_600_000;
const refused = async (partner: TestPartner, query: string) => (await app.request('GET', `/v1/events?${query}`, { key: partner.key })).json;

/** A partner with an event in each state; ids by state. */
async function oneOfEach() {
  const partner = await app.addPartner();
  const post = () => postEvent(app, partner.key, { metadata: { a: 'b' } });
  const [leased, delayed, dead] = [await post(), await post(), await post()];
  const tokens = new Map((await receive(app, partner)).map(({ event_id, lease_token }) => [event_id, lease_token]));
  await settle(app, partner, delayed, 'release', { lease_token: tokens.get(delayed), delay_seconds: 600 });
  await settle(app, partner, dead, 'reject', { reason: 'no such order' });
  const [acknowledged, expunged, pending] = [await post(), await post(), await post()];
  await acknowledge(app, partner, [acknowledged]);
  await app.request('DELETE', `/v1/events/${expunged}/payload`, { key: partner.key });
  return { partner, ids: { pending, leased, delayed, acknowledged, dead_lettered: dead, expunged } };
}

t.test('newest first, each once, whatever the page size; the last page has no cursor', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 23);
  for (const limit of [1, 5, 22, 23, 24]) {
    const pages = await walkList(app, partner, `limit=${limit}`);
    t.same(pages.flatMap(idsOf), ids.toReversed(), `limit ${limit}`);
    t.equal(pages.length, Math.ceil(23 / limit), 'no page more than there must be');
    t.equal(pages.at(-1)?.json.next_cursor, null);
  }
  t.same((await list(app, await app.addPartner())).json, { events: [], count: 0, has_more: false, next_cursor: null });
});

t.test('an event is shown as by itself, but for its history', async (t) => {
  const { partner, ids } = await oneOfEach();
  const { json, headers } = await list(app, partner);
  t.equal(headers.get('cache-control'), 'no-store');
  t.equal(json.count, 6);
  for (const event of json.events) {
    const { history, ...shown } = (await app.request('GET', `/v1/events/${event.event_id}`, { key: partner.key })).json;
    t.same(event, shown);
    t.equal(ids[event.status as keyof typeof ids], event.event_id);
  }
});

t.test('each status is listed, and counts the deliveries', async (t) => {
  const { partner, ids } = await oneOfEach();
  await othersEnded(app.db);
  const counts = { pending: 0, leased: 1, delayed: 1, acknowledged: 0, dead_lettered: 1, expunged: 0 };
  for (const [status, id] of Object.entries(ids)) {
    for (const order of ['desc', 'asc']) {
      const pages = await walkList(app, partner, `status=${status}&order=${order}`);
      t.same(pages.flatMap(idsOf), [id], `${status} ${order}`);
      t.match(pages[0]?.json.events[0], { status, delivery: { count: counts[status as keyof typeof counts], replayed: false } });
      t.same((await walkList(app, partner, `status=${status}&order=${order}&event_type=other`)).flatMap(idsOf), []);
      t.same((await walkList(app, partner, `status=${status}&order=${order}&event_type=test.*`)).flatMap(idsOf), [id]);
    }
  }
});

t.test('a lease or delay that has ended makes an event pending; past its last delivery it is leased until it is moved', async (t) => {
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const statusOf = async () => (await list(app, partner)).json.events[0].status;
  await receive(app, partner, { max_events: 1, lease_seconds: 60 });
  t.equal(await statusOf(), 'leased');
  app.clock.shiftMs = 61_000;
  t.equal(await statusOf(), 'pending');
  t.same(idsOf(await list(app, partner, 'status=pending')), [id]);
  await app.db.query('UPDATE inbox SET last_delivery = true WHERE partner_id = $1', [partner.id]);
  t.match(await statusOf(), /leased|dead_lettered/);
});

t.test('types are filtered as in the inbox', async (t) => {
  const partner = await app.addPartner();
  const post = (event_type: string) => postEvent(app, partner.key, { event_type });
  const [a, b, c] = [await post('order.created'), await post('order.paid'), await post('ordering')];
  await othersEnded(app.db);
  for (const order of ['desc', 'asc']) {
    const found = async (types: string) => (await walkList(app, partner, `order=${order}&event_type=${types}`)).flatMap(idsOf).sort();
    t.same(await found('order.created'), [a]);
    t.same(await found('order.*'), [a, b]);
    t.same(await found('order.*,ordering'), [a, b, c]);
    t.same(await found('o.*'), []);
  }
});

t.test('from is included, to is not, to the millisecond', async (t) => {
  const partner = await app.addPartner();
  const start = Date.now() - hourMs;
  const ids = [0, 1, 2, 3].map((n) => uuidAt(start + n));
  await seedEvents(
    app.db,
    partner.id,
    ids.map((id) => ({ id })),
  );
  const time = (n: number) => new Date(start + n).toISOString();
  const found = async (query: string) => idsOf(await list(app, partner, query)).map((id) => ids.indexOf(id.slice(4)));
  t.same(await found(`from=${time(1)}&to=${time(3)}`), [2, 1]);
  t.same(await found(`from=${time(3)}`), [3]);
  t.same(await found(`to=${time(1)}`), [0]);
  t.same(await found(`from=${time(2)}&to=${time(2)}`), []);
  t.same(await found(`from=${time(3)}&to=${time(1)}`), []);
  t.same(await found('from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z'), [3, 2, 1, 0]);
});

t.test('an idempotency key finds its event, if that fits the other filters', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const id = await postEvent(app, partner.key, { idempotency_key: 'a b%1' });
  await postEvent(app, partner.key);
  const found = async (query: string, of = partner) => {
    const { json } = await list(app, of, query);
    t.match(json, { has_more: false, next_cursor: null });
    return idsOf({ json });
  };
  t.same(await found('idempotency_key=a%20b%251'), [id]);
  t.same(await found('idempotency_key=a%20b%251&status=pending&event_type=test.*'), [id]);
  t.same(await found('idempotency_key=a%20b%251&status=leased'), []);
  t.same(await found('idempotency_key=a%20b%251&event_type=order.*'), []);
  t.same(await found('idempotency_key=a%20b%251&from=2999-01-01T00:00:00Z'), []);
  t.same(await found('idempotency_key=another'), []);
  t.same(await found('idempotency_key=a%20b%251', other), [], 'keys belong to the partner');
  const asc = await refused(partner, 'idempotency_key=a&order=asc');
  t.match(asc, { status: 400, code: 'invalid_parameter', errors: [{ pointer: 'order' }] });
  const { next_cursor } = (await list(app, partner, 'limit=1')).json;
  t.match(await refused(partner, `idempotency_key=a&cursor=${next_cursor}`), { status: 400, code: 'invalid_cursor' });
});

t.test('an event is listed until the millisecond of its expiry', async (t) => {
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const now = Date.now();
  const id = uuidAt(now);
  await seedEvents(app.db, partner.id, [{ id }]);
  await othersEnded(app.db);
  for (const query of ['limit=1', 'status=pending', 'order=asc']) {
    app.clock.stoppedAtMs = now + hourMs - 1;
    t.same((await walkList(app, partner, query)).flatMap(idsOf), [`evt_${id}`], query);
    app.clock.stoppedAtMs = now + hourMs;
    t.same((await walkList(app, partner, query)).flatMap(idsOf), [], query);
  }
});

t.test('a page is cut at 4 MiB, and says that there is more', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 20, { payload: JSON.stringify({ text: 'x'.repeat(262_000) }) });
  for (const query of ['limit=500', 'limit=500&status=pending']) {
    const pages = await walkList(app, partner, query);
    t.same(pages.flatMap(idsOf), ids.toReversed());
    t.same(
      pages.map(({ json }) => [json.count, json.has_more]),
      [
        [15, true],
        [5, false],
      ],
    );
    for (const { text } of pages) t.ok(Buffer.byteLength(text) <= 4 * 1024 * 1024);
  }
});

t.test('a filter that matches little of much looks at 5,000 events for a page, and goes on from there', async (t) => {
  const partner = await app.addPartner();
  const id = uuidAt(Date.now() - hourMs);
  const rare = `evt_${id}`;
  await seedEvents(app.db, partner.id, [{ id, type: 'rare' }]);
  for (let n = 0; n < 5; n++) await seedMany(app.db, partner.id, 1_000, { type: 'much' });
  const pages = await walkList(app, partner, 'event_type=rare');
  t.same(
    pages.map(({ json }) => [json.count, json.has_more]),
    [
      [0, true],
      [1, false],
    ],
  );
  t.same(pages.flatMap(idsOf), [rare]);
  await acknowledge(app, partner, [rare]);
  t.same(
    (await list(app, partner, 'status=acknowledged')).json.events.map(({ event_id }: { event_id: string }) => event_id),
    [rare],
    'a status has its own table',
  );
});

t.test('a cursor is good for its partner, order and filters alone, and not for the inbox; a forged one for nothing', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  for (const { id } of [partner, other]) await seedMany(app.db, id, 5);
  const { next_cursor: newest } = (await list(app, partner, 'limit=2')).json;
  const { next_cursor: tail } = (await list(app, partner, 'order=asc&limit=2')).json;
  const { next_cursor: inbox } = (await poll(app, partner, 'limit=2')).json;
  const code = async (query: string, of = partner) => (await refused(of, query)).code;
  for (const query of ['order=asc&', 'status=pending&', 'event_type=test.*&', 'from=2026-01-01T00:00:00Z&', 'to=2999-01-01T00:00:00Z&'])
    t.equal(await code(`${query}cursor=${newest}`), 'invalid_cursor', query);
  t.equal(await code(`cursor=${tail}`), 'invalid_cursor');
  t.equal(await code(`order=asc&status=pending&cursor=${tail}`), 'invalid_cursor');
  for (const cursor of [inbox, 'x', `${newest}A`, newest.slice(1), 'A'.repeat(500)])
    t.equal(await code(`cursor=${cursor}`), 'invalid_cursor');
  t.equal(await code(`cursor=${newest}`, other), 'invalid_cursor');
  t.equal(await code(`order=asc&cursor=${tail}`, other), 'invalid_cursor');
  t.match(await app.request('GET', `/v1/inbox?cursor=${newest}`, { key: partner.key }), { status: 400, json: { code: 'invalid_cursor' } });
  t.equal((await list(app, partner, `limit=500&cursor=${newest}`)).json.count, 3, 'the limit may change');
});

t.test('a parameter that is not valid or not known is named', async (t) => {
  const partner = await app.addPartner();
  const bad = [
    'status=lost',
    'order=up',
    'limit=0',
    'limit=501',
    'limit=x',
    'from=yesterday',
    'to=2026-13-01T00:00:00Z',
    'event_type=a..*%20',
    'idempotency_key=',
    'idempotency_key=%00',
    'cursor=',
    'state=pending',
  ];
  for (const query of bad) {
    const name = query.split('=')[0];
    t.match(await refused(partner, query), { status: 400, code: 'invalid_parameter', errors: [{ pointer: name }] }, query);
  }
});

t.test('a partner sees its own events alone', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const [mine] = await seedMany(app.db, partner.id, 1);
  await seedMany(app.db, other.id, 3);
  await othersEnded(app.db);
  for (const query of ['limit=500', 'order=asc', 'status=pending', 'order=asc&status=pending'])
    t.same((await walkList(app, partner, query)).flatMap(idsOf), [mine], query);
});
