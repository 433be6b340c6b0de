import pg from 'pg';
import t from 'tap';
import { insertKey, startTestApp } from '../../helper/app.ts';
import { postEvent, seedMany } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';
import { lockWait } from '../../modules/ingestion/lock-wait.ts';
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

for (const [name, wait] of Object.entries(waits)) {
  t.test(`${name} whose key expires while it looks is not given what the look finds, and leases nothing`, async (t) => {
    const partner = await addPartner();
    const key = await insertKey(db, partner.id, partner.slug, undefined, new Date(Date.now() + 60_000));
    const writer = new pg.Client({ connectionString: server.databaseUrl });
    await writer.connect();
    t.teardown(() => writer.end());
    await writer.query('BEGIN; LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE');
    const [id] = await seedMany(writer, partner.id, 1);
    const answer = wait(key);
    await lockWait(db);
    server.clock.shiftMs = 60_000;
    await writer.query('COMMIT');
    isProblem(t, await answer, 401, 'unauthenticated');
    server.clock.shiftMs = 0;
    const { json } = await request('POST', '/v1/inbox/receive', { key: partner.key, body: {} });
    t.match(
      json,
      { count: 1, events: [{ event_id: id, delivery: { count: 1 } }] },
      'it is there for whoever may have it, as if never given',
    );
  });
}

t.test('a wait whose key goes on being good is answered as ever', async (t) => {
  const { key } = await addPartner();
  const answer = waits['a long poll'](key);
  await until('it waits', async () => (await app.metrics.inboxWaits.get()).values[0]?.value === 1);
  const id = await postEvent(server, key);
  t.match(await answer, { status: 200, json: { events: [{ event_id: id }] } });
});
