import t from 'tap';
import { insertKey, startTestApp } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent, receive, seedEvents, seedMany, uuidAt } from '../../helper/seed.ts';

const app = await startTestApp(t);

t.test('a receive gives the oldest events, whole, each with a token of its own and a counted delivery', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key, { payload: { n: 1 }, metadata: { a: 'b' } });
  const others = [await postEvent(app, partner.key), await postEvent(app, partner.key)];
  app.clock.stoppedAtMs = Date.now() + 1_000;
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const answer = await app.request('POST', '/v1/inbox/receive', { key: partner.key, body: { max_events: 2, lease_seconds: 5 } });
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('cache-control'), 'no-store');
  t.equal(answer.json.count, 2);
  t.same(idsOf(answer), [id, others[0]]);
  const [first, second] = answer.json.events;
  t.match(first, { payload: { n: 1 }, metadata: { a: 'b' }, delivery: { count: 1, replayed: false } });
  t.equal(first.lease_expires_at, new Date(app.clock.stoppedAtMs + 5_000).toISOString());
  t.match(first.lease_token, /^[0-9a-f-]{36}$/);
  t.not(first.lease_token, second.lease_token);
});

t.test('a leased event is hidden from the next receive and from the inbox until its lease ends; include_leased shows it', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 3);
  t.same(
    (await receive(app, partner, { max_events: 2, lease_seconds: 60 })).map((event) => event.event_id),
    ids.slice(0, 2),
  );
  t.same(idsOf(await poll(app, partner)), ids.slice(2));
  const all = await poll(app, partner, 'limit=500&include_leased=true');
  t.same(idsOf(all), ids);
  t.same(
    all.json.events.map((event: { delivery: unknown }) => event.delivery),
    [1, 1, 0].map((count) => ({ count, replayed: false })),
  );
  t.same(
    (await receive(app, partner)).map((event) => event.event_id),
    ids.slice(2),
  );
  t.same(await receive(app, partner), []);
  app.clock.shiftMs += 59_000;
  t.same(await receive(app, partner), []);
  app.clock.shiftMs += 2_000;
  const again = await receive(app, partner);
  t.same(
    again.map((event) => [event.event_id, event.delivery.count]),
    ids.map((id) => [id, 2]),
  );
  app.clock.shiftMs = 0;
});

t.test('many workers at once: every event goes to exactly one of them', async (t) => {
  const partner = await app.addPartner();
  const replica = await startTestApp(t, { databaseUrl: app.databaseUrl });
  const ids = await seedMany(app.db, partner.id, 600);
  const work = async (worker: number) => {
    const mine: string[] = [];
    for (;;) {
      const events = await receive(worker % 2 ? app : replica, partner, { max_events: 7, lease_seconds: 60 });
      if (events.length === 0) return mine;
      mine.push(...events.map((event) => event.event_id));
    }
  };
  const all = (await Promise.all(Array.from({ length: 12 }, (_, worker) => work(worker)))).flat();
  // A worker may come back empty while others hold locks on what is left; then a later receive has it.
  const left = (await receive(app, partner)).map((event) => event.event_id);
  t.same([...all, ...left].sort(), ids, 'none twice and none never');
  const { rows } = await app.db.query(
    'SELECT deliveries, count(DISTINCT lease_token)::integer AS tokens FROM inbox WHERE partner_id = $1 GROUP BY 1',
    [partner.id],
  );
  t.same(rows, [{ deliveries: 1, tokens: 600 }]);
});

t.test('filters, limits and wrong members', async (t) => {
  const partner = await app.addPartner();
  const now = Date.now();
  const types = ['order.created', 'order.paid', 'customer.new', 'order.created'];
  const ids = types.map((_, index) => uuidAt(now - 100 + index));
  await seedEvents(
    app.db,
    partner.id,
    types.map((type, index) => ({ id: ids[index] as string, type })),
  );
  t.same(
    (await receive(app, partner, { max_events: 1, event_types: ['order.paid', 'customer.*'] })).map((e) => e.event_id),
    [`evt_${ids[1]}`],
  );
  t.same(
    (await receive(app, partner, { event_types: ['order.*'] })).map((e) => e.event_id),
    [`evt_${ids[0]}`, `evt_${ids[3]}`],
  );
  const wrong: [Record<string, unknown>, string][] = [
    [{ max_events: 0 }, 'validation_failed'],
    [{ max_events: 501 }, 'validation_failed'],
    [{ lease_seconds: 4 }, 'validation_failed'],
    [{ lease_seconds: 3601 }, 'validation_failed'],
    [{ wait_seconds: 31 }, 'validation_failed'],
    [{ max_events: '5' }, 'validation_failed'],
    [{ event_types: [] }, 'validation_failed'],
    [{ event_types: ['*'] }, 'validation_failed'],
    [{ receive_id: 'with space' }, 'validation_failed'],
    [{ leaseSeconds: 60 }, 'unknown_field'],
  ];
  for (const [body, code] of wrong) {
    const answer = await app.request('POST', '/v1/inbox/receive', { key: partner.key, body });
    t.same([answer.status, answer.json.code], [400, code], JSON.stringify(body));
  }
  t.equal((await receive(app, partner)).length, 1, 'none of these took anything');
});

t.test('an answer passes 4 MiB in no case but that of its first event', async (t) => {
  const partner = await app.addPartner();
  const payload = JSON.stringify({ text: 'x'.repeat(200_000) });
  await seedMany(app.db, partner.id, 30, { payload });
  const answer = await app.request('POST', '/v1/inbox/receive', { key: partner.key, body: { max_events: 30 } });
  t.ok(answer.json.count > 15 && answer.json.count < 30, `${answer.json.count} events`);
  t.ok(Buffer.byteLength(answer.text) <= 4 * 1024 * 1024);
  t.equal((await receive(app, partner)).length, 30 - answer.json.count, 'the others were not leased');
});

t.test('expired events and those of other partners are not leased', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const other = await app.addPartner();
  const now = Date.now();
  const [old, young] = [uuidAt(now - 3_600_001), uuidAt(now - 3_000_000)];
  await seedEvents(app.db, partner.id, [{ id: old }, { id: young }]);
  await seedMany(app.db, other.id, 2);
  t.same(
    (await receive(app, partner)).map((event) => event.event_id),
    [`evt_${young}`],
  );
  t.equal((await receive(app, other)).length, 2);
});

t.test('a key must have both scopes: it reads and it takes', async (t) => {
  const partner = await app.addPartner();
  for (const [scopes, status] of [
    [['inbox:read'], 403],
    [['inbox:settle'], 403],
    [['inbox:read', 'inbox:settle'], 200],
  ] as const) {
    const key = await insertKey(app.db, partner.id, partner.slug, [...scopes]);
    t.equal((await app.request('POST', '/v1/inbox/receive', { key, body: {} })).status, status, scopes.join());
  }
});

t.test('with 10,000 leases open there is no more, and one below there is one', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 10_003);
  for (let open = 0; open < 9_500; open += 500) await receive(app, partner, { max_events: 500, lease_seconds: 60 });
  t.equal((await receive(app, partner, { max_events: 499, lease_seconds: 60 })).length, 499);
  const [last] = await receive(app, partner, { max_events: 10, lease_seconds: 60 });
  t.ok(last, 'the last one');
  const full = await app.request('POST', '/v1/inbox/receive', { key: partner.key, body: { max_events: 1 } });
  t.same([full.status, full.json.code], [429, 'too_many_leases']);
  t.ok(Number(full.headers.get('retry-after')) >= 1);
  t.same(full.json['violated-policies'], ['leases']);
  const { rows } = await app.db.query('SELECT count(*)::integer AS open FROM inbox WHERE partner_id = $1 AND visible_at IS NOT NULL', [
    partner.id,
  ]);
  t.equal(rows[0].open, 10_000);
  await acknowledge(app, partner, [last?.event_id as string]);
  t.equal((await receive(app, partner, { max_events: 10 })).length, 1);
});
