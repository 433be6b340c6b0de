import t from 'tap';
import { insertKey, startTestApp } from '../../helper/app.ts';
import { postEvent } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

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

t.test('a wait whose key goes on being good is answered as ever', async (t) => {
  const { key } = await addPartner();
  const answer = waits['a long poll'](key);
  await until('it waits', async () => (await app.metrics.inboxWaits.get()).values[0]?.value === 1);
  const id = await postEvent(server, key);
  t.match(await answer, { status: 200, json: { events: [{ event_id: id }] } });
});
