import t from 'tap';
import { generateKey, hashKey } from '../src/pipeline/auth/key-format.ts';
import { insertKey, startTestApp, testPepper } from './helper/app.ts';
import { idsOf, poll, postEvent } from './helper/seed.ts';
import { until } from './helper/until.ts';

/** The bound that is promised for a change of keys and partners to hold on every replica. */
const boundMs = 1_000;

const one = await startTestApp(t);
const two = await startTestApp(t, { databaseUrl: one.databaseUrl });
const replicas = [one, two];
await Promise.all(replicas.map(({ app }) => app.keyInvalidation.whenListening()));

const statusesOf = (key: string) => Promise.all(replicas.map(async ({ request }) => (await request('GET', '/v1/account', { key })).status));

/** Resolves with the milliseconds from now until every replica answers a request of the key with `status`. */
async function everywhere(key: string, status: number): Promise<number> {
  const begun = performance.now();
  await until(`every replica answers ${status}`, async () => (await statusesOf(key)).every((each) => each === status));
  return performance.now() - begun;
}

t.test('a revoked key is refused by every replica within a second, and its partner’s other key is not', async (t) => {
  const partner = await one.addPartner();
  const other = await insertKey(one.db, partner.id, partner.slug);
  t.same(
    [await statusesOf(partner.key), await statusesOf(other)],
    [
      [200, 200],
      [200, 200],
    ],
    'both know both',
  );
  await one.db.query('UPDATE api_keys SET revoked_at = now() WHERE key_hash = $1', [hashKey(testPepper, partner.key)]);
  t.ok((await everywhere(partner.key, 401)) < boundMs);
  t.same(await statusesOf(other), [200, 200]);
});

t.test('a deleted key is refused by every replica within a second', async (t) => {
  const partner = await one.addPartner();
  t.same(await statusesOf(partner.key), [200, 200]);
  await one.db.query('DELETE FROM api_keys WHERE key_hash = $1', [hashKey(testPepper, partner.key)]);
  t.ok((await everywhere(partner.key, 401)) < boundMs);
});

t.test('a key that was refused as unknown is good on every replica within a second of its issue', async (t) => {
  const partner = await one.addPartner();
  const key = generateKey('test', partner.slug);
  t.same(await statusesOf(key), [401, 401]);
  await one.db.query('INSERT INTO api_keys (partner_id, key_hash, key_prefix, class, scopes) VALUES ($1, $2, $3, $4, $5)', [
    partner.id,
    hashKey(testPepper, key),
    key.slice(0, 20),
    'test',
    ['account:read'],
  ]);
  t.ok((await everywhere(key, 200)) < boundMs);
});

t.test('a suspended partner is refused by every replica within a second, and let in again as quickly', async (t) => {
  const partner = await one.addPartner();
  t.same(await statusesOf(partner.key), [200, 200]);
  await one.db.query("UPDATE partners SET status = 'suspended' WHERE id = $1", [partner.id]);
  t.ok((await everywhere(partner.key, 403)) < boundMs);
  t.match((await two.request('POST', '/v1/events', { key: partner.key, body: { event_type: 'x', payload: {} } })).json, {
    code: 'partner_suspended',
  });
  await one.db.query("UPDATE partners SET status = 'active' WHERE id = $1", [partner.id]);
  t.ok((await everywhere(partner.key, 200)) < boundMs);
});

t.test('a changed allow list of a key holds on every replica within a second, in both directions', async (t) => {
  const partner = await one.addPartner();
  const allow = (networks: string[] | null) =>
    one.db.query('UPDATE api_keys SET allowed_cidrs = $2 WHERE key_hash = $1', [hashKey(testPepper, partner.key), networks]);
  t.same(await statusesOf(partner.key), [200, 200]);
  await allow(['192.0.2.0/24']);
  t.ok((await everywhere(partner.key, 403)) < boundMs);
  await allow(['192.0.2.0/24', '127.0.0.0/8']);
  t.ok((await everywhere(partner.key, 200)) < boundMs);
  await allow(['2001:db8::/32']);
  t.ok((await everywhere(partner.key, 403)) < boundMs);
  await allow(null);
  t.ok((await everywhere(partner.key, 200)) < boundMs);
});

t.test('a retention changed on one replica holds on the same at once and on the other within a second', async (t) => {
  const partner = await one.addPartner();
  const id = await postEvent(one, partner.key);
  for (const replica of replicas) {
    replica.clock.shiftMs = 2 * 3_600_000;
    t.same(idsOf(await poll(replica, partner)), [id]);
  }
  t.teardown(() => {
    for (const { clock } of replicas) clock.shiftMs = 0;
  });
  await one.request('PATCH', '/v1/account', { key: partner.key, body: { retention_hours: 1 } });
  t.same(idsOf(await poll(one, partner)), []);
  const begun = performance.now();
  await until('the other hides it too', async () => idsOf(await poll(two, partner)).length === 0);
  t.ok(performance.now() - begun < boundMs);
});

t.test('changed limits hold on every replica within a second', async (t) => {
  const partner = await one.addPartner();
  const limitOn = async ({ request }: typeof one) =>
    (await request('GET', '/v1/usage', { key: partner.key })).headers.get('x-ratelimit-limit');
  await Promise.all(replicas.map(limitOn));
  await one.db.query('UPDATE partners SET rate_limit_per_sec = 7, rate_limit_burst = 7 WHERE id = $1', [partner.id]);
  const begun = performance.now();
  await until('both say so', async () => (await Promise.all(replicas.map(limitOn))).every((limit) => limit === '7'));
  t.ok(performance.now() - begun < boundMs);
});

t.test('what one replica acknowledges is gone on the other, and acknowledged there too', async (t) => {
  const partner = await one.addPartner();
  const id = await postEvent(one, partner.key);
  t.same(idsOf(await poll(two, partner)), [id]);
  const first = await two.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key });
  t.same(idsOf(await poll(one, partner)), []);
  const again = await one.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key });
  t.match(again.json, { already_acknowledged: true, acknowledged_at: first.json.acknowledged_at });
});

t.test('a cursor of one replica is good on the other', async (t) => {
  const partner = await one.addPartner();
  const ids = [await postEvent(one, partner.key), await postEvent(two, partner.key), await postEvent(one, partner.key)].sort();
  const { next_cursor } = (await poll(one, partner, 'limit=1')).json;
  t.same(idsOf(await poll(two, partner, `limit=5&cursor=${next_cursor}`)), ids.slice(1));
});

t.test('one idempotency key on two replicas at once is one event', async (t) => {
  const { key } = await one.addPartner();
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) => postEvent(replicas[index % 2] as typeof one, key, { idempotency_key: 'same' })),
  );
  t.equal(new Set(ids).size, 1);
});

t.test('twenty acknowledgements of one event over two replicas: exactly one is not already_acknowledged', async (t) => {
  const { key } = await one.addPartner();
  const id = await postEvent(one, key);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (replicas[index % 2] as typeof one).request('PATCH', `/v1/events/${id}/acknowledge`, { key })),
  );
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal(answers.filter(({ json }) => json.already_acknowledged === undefined).length, 1);
  t.equal(new Set(answers.map(({ json }) => json.acknowledged_at)).size, 1);
});
