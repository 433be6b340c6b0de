import pg from 'pg';
import t, { type Test } from 'tap';
import { type Answer, insertKey, startTestApp, type TestPartner } from '../../helper/app.ts';
import { postEvent, seedMany } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';
import { isProblem } from '../../modules/ingestion/problems.ts';

const server = await startTestApp(t);
const { app, db, request, addPartner } = server;
await app.keyInvalidation.whenListening();

const waits = {
  'a long poll': (key: string) => request('GET', '/v1/inbox?wait=20', { key }),
  'a waiting receive': (key: string) => request('POST', '/v1/inbox/receive', { key, body: { max_events: 10, wait_seconds: 20 } }),
};

/** What is done to the key that waits, and with what it is answered from then on. */
const endings: [string, string, number][] = [
  ['is revoked', 'UPDATE api_keys SET revoked_at = now() WHERE key_prefix = $1', 401],
  ['expires', 'UPDATE api_keys SET expires_at = now() WHERE key_prefix = $1', 401],
  ['is bound to another network', "UPDATE api_keys SET allowed_cidrs = '{203.0.113.0/24}' WHERE key_prefix = $1", 403],
  ['loses its scopes', "UPDATE api_keys SET scopes = '{account:read}' WHERE key_prefix = $1", 403],
];

for (const [name, wait] of Object.entries(waits)) {
  for (const [ending, statement, status] of endings) {
    t.test(`${name} whose key ${ending} meanwhile is given no event that comes after that`, async (t) => {
      const partner = await addPartner();
      const key = await insertKey(db, partner.id, partner.slug);
      const answer = wait(key);
      await until('it waits', async () => (await app.metrics.inboxWaits.get()).values[0]?.value === 1);
      await db.query(statement, [key.slice(0, 14 + partner.slug.length)]);
      await until('the key is refused', async () => (await request('GET', '/v1/inbox', { key })).status === status);
      const begun = performance.now();
      const id = await postEvent(server, partner.key);
      const { status: answered, text } = await answer;
      t.equal(answered, status);
      t.notMatch(text, id);
      t.ok(performance.now() - begun < 5_000, 'the event ends the wait');
      t.equal((await request('GET', '/v1/inbox', { key: partner.key })).json.count, 1, 'and is there for whoever may have it');
    });
  }
}

/** Lets the key of a wait expire while its first look is under way, which finds an event. @returns the answer and the id of the event. */
async function expireWhileLooking(t: Test, partner: TestPartner, wait: (key: string) => Promise<Answer>) {
  const key = await insertKey(db, partner.id, partner.slug, undefined, new Date(Date.now() + 60_000));
  const writer = new pg.Client({ connectionString: server.databaseUrl });
  await writer.connect();
  t.teardown(async () => {
    server.clock.shiftMs = 0;
    await writer.end();
  });
  await writer.query('BEGIN; LOCK TABLE inbox, receives IN ACCESS EXCLUSIVE MODE');
  const [id] = await seedMany(writer, partner.id, 1);
  const answer = wait(key);
  // It has shown its key, and looks: the table is closed to it until the event is there.
  await until('it waits', async () => (await app.metrics.inboxWaits.get()).values[0]?.value === 1);
  server.clock.shiftMs = 60_000;
  await writer.query('COMMIT');
  const answered = await answer;
  server.clock.shiftMs = 0;
  return { id, answered };
}

const leases = async ({ id }: TestPartner) =>
  (
    await db.query(
      'SELECT deliveries, lease_token IS NOT NULL AS leased, (SELECT count(*)::int FROM receives WHERE partner_id = $1) AS receives FROM inbox WHERE partner_id = $1',
      [id],
    )
  ).rows;

for (const [name, wait] of Object.entries({
  ...waits,
  'a waiting receive with an id': (key: string) =>
    request('POST', '/v1/inbox/receive', { key, body: { wait_seconds: 20, receive_id: 'one' } }),
})) {
  t.test(`${name} whose key expires while it looks is not given what the look finds, and leases nothing`, async (t) => {
    const partner = await addPartner();
    const { answered } = await expireWhileLooking(t, partner, wait);
    isProblem(t, answered, 401, 'unauthenticated');
    t.same(await leases(partner), [{ deliveries: 0, leased: false, receives: 0 }], 'as if it had never been given');
  });
}

t.test('a repetition whose key expires while it looks takes nothing away from the worker that has the first answer', async (t) => {
  const partner = await addPartner();
  await postEvent(server, partner.key);
  const body = { receive_id: 'one', wait_seconds: 20 };
  const { json: first } = await request('POST', '/v1/inbox/receive', { key: partner.key, body });
  const { answered } = await expireWhileLooking(t, partner, (key) => request('POST', '/v1/inbox/receive', { key, body }));
  isProblem(t, answered, 401, 'unauthenticated');
  t.same((await request('POST', '/v1/inbox/receive', { key: partner.key, body })).json, first);
});

t.test('the refusal is answered, and a warning logged, when what was claimed cannot be given back', async (t) => {
  const partner = await addPartner();
  await db.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not now''; END';
    CREATE TRIGGER refuse BEFORE DELETE ON receives FOR EACH STATEMENT EXECUTE FUNCTION refuse()`);
  t.teardown(() => db.query('DROP TRIGGER refuse ON receives'));
  const { answered } = await expireWhileLooking(t, partner, waits['a waiting receive']);
  isProblem(t, answered, 401, 'unauthenticated');
  t.match(await leases(partner), [{ deliveries: 1, leased: true }], 'until the lease lapses');
  const warnings = server.logs.filter((line) => line.includes('stay leased')).map((line) => JSON.parse(line));
  t.match(warnings, [{ level: 40, events: 1, err: { code: 'P0001' } }]);
});

t.test('a wait whose key goes on being good is answered as ever', async (t) => {
  const { key } = await addPartner();
  const answer = waits['a long poll'](key);
  await until('it waits', async () => (await app.metrics.inboxWaits.get()).values[0]?.value === 1);
  const id = await postEvent(server, key);
  t.match(await answer, { status: 200, json: { events: [{ event_id: id }] } });
});
