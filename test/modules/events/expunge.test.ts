import pg from 'pg';
import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { lockWait } from '../../helper/lock-wait.ts';
import { acknowledge, idsOf, poll, postEvent, receive, settle, uuidAt } from '../../helper/seed.ts';

const app = await startTestApp(t);
const expunge = (id: string, { key }: Pick<TestPartner, 'key'>) => app.request('DELETE', `/v1/events/${id}/payload`, { key });
const look = async (id: string, { key }: TestPartner) => (await app.request('GET', `/v1/events/${id}`, { key })).json;
const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** Names of the tables in which some row holds the text. */
async function tablesWith(text: string): Promise<string[]> {
  const { rows } = await app.db.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind = 'r' AND nspname = 'public'`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const hits = await app.db.query(`SELECT 1 FROM "${name}" AS row WHERE strpos(row::text, $1) > 0 LIMIT 1`, [text]);
    if (hits.rowCount) found.push(name);
  }
  return found;
}

const states: Record<string, (partner: TestPartner, id: string) => Promise<unknown>> = {
  pending: async () => undefined,
  leased: (partner) => receive(app, partner),
  delayed: async (partner, id) => {
    const [leased] = await receive(app, partner);
    await settle(app, partner, id, 'release', { lease_token: leased?.lease_token, delay_seconds: 60 });
  },
  acknowledged: (partner, id) => acknowledge(app, partner, [id]),
  dead_lettered: (partner, id) => settle(app, partner, id, 'reject', { reason: 'marker-secret cannot be read' }),
};

for (const [state, bring] of Object.entries(states)) {
  t.test(`of an event that is ${state} no byte of the payload or metadata stays in any table`, async (t) => {
    const partner = await app.addPartner();
    const event = {
      event_type: 'order.created',
      timestamp: '2026-11-24T10:30:00.000Z',
      payload: { a: 'marker-secret' },
      metadata: { 'marker-secret': '","trace_parent":"x' },
    };
    const id = await postEvent(app, partner.key, event, { headers: { traceparent: trace } });
    await bring(partner, id);
    const before = await look(id, partner);
    t.equal(before.status, state);
    t.ok((await tablesWith('marker-secret')).length > 0);

    const answer = await expunge(id, partner);
    t.equal(answer.status, 200);
    t.same(answer.json, { event_id: id, status: 'expunged', expunged_at: answer.json.expunged_at });
    t.same(await tablesWith('marker-secret'), []);
    t.same(await look(id, partner), {
      ...before,
      payload: {},
      metadata: null,
      trace_parent: trace,
      status: 'expunged',
      delivery: { count: 0, replayed: false },
      history: [
        ...before.history.filter(({ status }: { status: string }) => status !== 'dead_lettered'),
        { status: 'expunged', at: answer.json.expunged_at },
      ],
    });
    t.same(idsOf(await poll(app, partner, 'include_leased=true')), []);
    t.same(await receive(app, partner), []);
    t.equal((await app.request('GET', `/v1/dead-letters/${id}`, { key: partner.key })).status, 404);
    for (const what of ['acknowledge', 'reject'] as const) {
      if (state === 'acknowledged') continue;
      t.match(await settle(app, partner, id, what), { status: 409, json: { code: 'payload_expunged' } }, what);
    }
    t.match(await app.request('POST', `/v1/events/${id}/replay`, { key: partner.key }), {
      status: 409,
      json: { code: 'payload_expunged' },
    });
  });
}

t.test('of a CloudEvent its attributes go too', async (t) => {
  const partner = await app.addPartner();
  const body = {
    specversion: '1.0',
    id: 'marker-cloud-id',
    source: '/shops/marker-cloud',
    type: 'a.b',
    time: '2026-11-24T10:30:00Z',
    subject: 'marker-cloud',
    data: [1, 'marker-cloud'],
  };
  const headers = { 'content-type': 'application/cloudevents+json', traceparent: trace };
  const { event_id } = (await app.request('POST', '/v1/events', { key: partner.key, body, headers })).json;
  t.match((await look(event_id, partner)).cloudevent, { subject: 'marker-cloud' });
  await expunge(event_id, partner);
  t.same(await tablesWith('marker-cloud'), []);
  const shown = await look(event_id, partner);
  t.match(shown, { event_type: 'a.b', timestamp: '2026-11-24T10:30:00.000Z', trace_parent: trace, payload: {}, metadata: null });
  t.notOk('cloudevent' in shown);
});

t.test('repeating it changes nothing and says when it was done', async (t) => {
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const first = await expunge(id, partner);
  app.clock.shiftMs = 5_000;
  const again = await expunge(id, partner);
  t.same([again.status, again.json], [200, { ...first.json, already_expunged: true }]);
});

t.test('its idempotency key stays: a retry of the request that sent it stores nothing', async (t) => {
  const partner = await app.addPartner();
  const event = { event_type: 'a.b', payload: { secret: 1 }, idempotency_key: 'k' };
  const id = await postEvent(app, partner.key, event);
  await expunge(id, partner);
  const retry = await app.request('POST', '/v1/events', { key: partner.key, body: event });
  t.match(retry, { status: 200, json: { event_id: id, duplicate: true } });
  t.equal((await look(id, partner)).status, 'expunged');
  t.same(idsOf(await poll(app, partner)), []);
});

t.test('an event that is unknown, expired or of another partner is 404', async (t) => {
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  const [partner, other] = [await app.addPartner({ retentionSeconds: 3_600 }), await app.addPartner()];
  const [id, foreign] = [await postEvent(app, partner.key), await postEvent(app, other.key, { payload: { kept: true } })];
  for (const each of [foreign, `evt_${uuidAt(Date.now())}`, 'evt_x'])
    t.match(await expunge(each, partner), { status: 404, json: { code: 'event_not_found' } }, each);
  t.same((await look(foreign, other)).payload, { kept: true });
  app.clock.shiftMs = 3_600_001;
  t.equal((await expunge(id, partner)).status, 404);
});

t.test('a move to the dead letters that is under way does not save the payload', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key, { payload: { a: 'marker-moving' } });
  const mover = new pg.Client({ connectionString: app.databaseUrl });
  await mover.connect();
  t.teardown(() => mover.end());
  await mover.query('BEGIN');
  await mover.query(
    `WITH gone AS (DELETE FROM inbox WHERE partner_id = $1 AND id = $2 RETURNING partner_id, id)
     INSERT INTO dead_letters (partner_id, id, event_type, attributes, payload, reason, deliveries, replayed, dead_at)
     SELECT partner_id, id, event_type, attributes, payload, 'rejected', 1, false, now() FROM gone JOIN events USING (partner_id, id)`,
    [partner.id, id.slice(4)],
  );
  const answer = expunge(id, partner);
  await lockWait(app.db, 'row');
  await mover.query('COMMIT');
  t.equal((await answer).status, 200);
  t.same(await tablesWith('marker-moving'), []);
  t.equal((await look(id, partner)).status, 'expunged');
});

t.test('expunging beside rejections, redrives and replays: no payload is left, and nothing of it in the inbox', async (t) => {
  const partner = await app.addPartner();
  for (let round = 0; round < 15; round++) {
    const id = await postEvent(app, partner.key, { payload: { a: 'marker-race' } });
    await Promise.all([
      settle(app, partner, id, 'reject'),
      app.request('POST', `/v1/dead-letters/${id}/redrive`, { key: partner.key }),
      app.request('POST', `/v1/events/${id}/replay`, { key: partner.key }),
      expunge(id, partner),
      acknowledge(app, partner, [id]),
    ]);
    t.match(await expunge(id, partner), { status: 200, json: { already_expunged: true } });
    t.same(await tablesWith('marker-race'), []);
    t.same(idsOf(await poll(app, partner, 'include_leased=true')), []);
  }
});
