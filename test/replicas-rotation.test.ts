import t, { type Test } from 'tap';
import { hashKey } from '../src/pipeline/auth/key-format.ts';
import { startTestApp, type TestApp, type TestPartner, testPepper } from './helper/app.ts';
import { until } from './helper/until.ts';

/** The bound that is promised for a change of keys to hold on every replica. */
const boundMs = 1_000;
const hourMs = 3_600_000;

const one = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1_000_000 });
const two = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1_000_000, databaseUrl: one.databaseUrl });
const replicas: [TestApp, TestApp] = [one, two];
await Promise.all(replicas.map(({ app }) => app.keyInvalidation.whenListening()));

/** What every replica answers to `times` requests of the key at once. */
async function statusesOf(key: string, times = 1): Promise<number[]> {
  const requests = replicas.flatMap(({ request }) => Array.from({ length: times }, () => request('GET', '/v1/account', { key })));
  return (await Promise.all(requests)).map(({ status }) => status);
}

const everyOne = (status: number) => [status, status];

/** Stops the clocks of all replicas at that moment, until the test ends. */
function standAt(t: Test, ms: number): void {
  for (const { clock } of replicas) clock.stoppedAtMs = ms;
  t.teardown(() => {
    for (const { clock } of replicas) delete clock.stoppedAtMs;
  });
}

const rotate = ({ request }: TestApp, key: string, graceSeconds: number) =>
  request('POST', '/v1/keys/rotate', { key, body: { grace_seconds: graceSeconds } });

/** Rotates, and gives the new key. */
async function rotated(replica: TestApp, key: string, graceSeconds: number): Promise<string> {
  const { status, json } = await rotate(replica, key, graceSeconds);
  if (status !== 200) throw new Error(`the rotation was answered ${status}: ${json.detail}`);
  return json.api_key;
}

/**
 * Waits until every replica has heard of what was changed before: changes are heard of in the order of their commits, so when it knows of the
 * new limit that is set here, it knows of all before. `key` is a good one.
 */
async function allHeard(partner: TestPartner, key: string): Promise<void> {
  await one.db.query('UPDATE partners SET rate_limit_burst = rate_limit_burst + 1 WHERE id = $1', [partner.id]);
  const { rows } = await one.db.query('SELECT rate_limit_burst FROM partners WHERE id = $1', [partner.id]);
  const burstOn = async ({ request }: TestApp) => (await request('GET', '/v1/account', { key })).json.rate_limit_burst;
  await until('every replica knows the new limit', async () =>
    (await Promise.all(replicas.map(burstOn))).every((burst) => burst === rows[0].rate_limit_burst),
  );
}

t.test('with an hour of grace a client may change keys at any moment of it, on any replica, and sees no failure', async (t) => {
  const start = Date.now();
  const moments = [0, 1, 999, 1_000, 30_000, 60_000, hourMs / 2, hourMs - 1_000, hourMs - 1];
  for (const [index, replica] of replicas.entries()) {
    const partner = await one.addPartner({ slug: `grace${index}` });
    standAt(t, start - 60_000);
    t.same(await statusesOf(partner.key), everyOne(200), 'every replica has cached the old one');
    standAt(t, start);
    // A fleet that goes on working while one of it rotates; then one after the other takes the new key, each at its moment.
    const [newKey, ...meanwhile] = await Promise.all([
      rotated(replica, partner.key, 3_600),
      ...Array.from({ length: 10 }, () => statusesOf(partner.key)),
    ]);
    t.same(new Set(meanwhile.flat()), new Set([200]), 'the old one during the rotation');
    for (const [changed, moment] of moments.entries()) {
      standAt(t, start + moment);
      const fleet = moments.map((_, client) => (client <= changed ? newKey : partner.key));
      const statuses = await Promise.all(fleet.map((key) => statusesOf(key, 3)));
      t.same(new Set(statuses.flat()), new Set([200]), `${moment} ms into the grace, ${changed + 1} have changed`);
      t.same(await statusesOf(partner.key, 3), Array(6).fill(200), 'and whoever has not is served too');
    }
    standAt(t, start + hourMs);
    t.same(await statusesOf(newKey, 3), Array(6).fill(200), 'the new one after the grace');
    t.same(await statusesOf(partner.key, 3), Array(6).fill(401), 'the old one after the grace');
  }
});

t.test('the old key is good up to the last millisecond of the grace, and refused from its end on', async (t) => {
  const start = Date.now();
  const partner = await one.addPartner({ slug: 'exact' });
  standAt(t, start);
  t.same(await statusesOf(partner.key), everyOne(200), 'every replica has cached it, without an end');
  const newKey = await rotated(one, partner.key, 3_600);
  await allHeard(partner, newKey);
  for (const [offset, status] of [
    [-1, 200],
    [0, 401],
    [1, 401],
  ] as const) {
    standAt(t, start + hourMs + offset);
    t.same(await statusesOf(partner.key), everyOne(status), `${offset} ms from the end`);
    t.same(await statusesOf(newKey), everyOne(200));
  }
});

t.test('without grace the old key is refused on every replica within the bound, and never taken again', async (t) => {
  const partner = await one.addPartner({ slug: 'nograce' });
  t.same(await statusesOf(partner.key), everyOne(200), 'every replica has cached it');
  const newKey = await rotated(one, partner.key, 0);
  const begun = performance.now();
  t.same(await statusesOf(newKey, 5), Array(10).fill(200), 'the new one is good at once');
  t.equal((await one.request('GET', '/v1/account', { key: partner.key })).status, 401, 'where it was rotated the old one ends at once');
  await until('every replica refuses the old one', async () => (await statusesOf(partner.key)).every((status) => status === 401));
  const tookMs = performance.now() - begun;
  t.ok(tookMs < boundMs, `it took ${Math.round(tookMs)} ms`);
  t.same(await statusesOf(partner.key, 20), Array(40).fill(401));
  t.same(await statusesOf(newKey, 20), Array(40).fill(200));
});

t.test('a key that is revoked in its grace is refused within the bound, and the one in its place is not', async (t) => {
  const partner = await one.addPartner({ slug: 'revoked' });
  const newKey = await rotated(one, partner.key, 86_400);
  t.same(await statusesOf(partner.key), everyOne(200));
  await one.db.query('UPDATE api_keys SET revoked_at = now() WHERE key_hash = $1', [hashKey(testPepper, partner.key)]);
  const begun = performance.now();
  await until('every replica refuses it', async () => (await statusesOf(partner.key)).every((status) => status === 401));
  t.ok(performance.now() - begun < boundMs);
  t.same(await statusesOf(newKey), everyOne(200));
  t.match(await rotate(two, partner.key, 0), { status: 401, json: { code: 'unauthenticated' } }, 'nor can it be rotated');
});

t.test('a key that was replaced works until its end, and is not replaced again on any replica', async (t) => {
  const partner = await one.addPartner({ slug: 'replaced' });
  const second = await rotated(one, partner.key, 3_600);
  for (const replica of replicas) t.match(await rotate(replica, partner.key, 0), { status: 403, json: { code: 'forbidden' } });
  t.same(await statusesOf(partner.key), everyOne(200), 'the attempt has not ended it');
  const third = await rotated(two, second, 3_600);
  for (const key of [partner.key, second, third]) t.same(await statusesOf(key), everyOne(200));
});

t.test('of a rotation on two replicas at once one succeeds, and the old key has one successor', async (t) => {
  const partner = await one.addPartner({ slug: 'twice' });
  const answers = await Promise.all([...replicas, ...replicas].map((replica) => rotate(replica, partner.key, 3_600)));
  t.same(answers.map(({ status }) => status).sort(), [200, 403, 403, 403]);
  const { rows } = await one.db.query('SELECT count(*)::int AS keys FROM api_keys WHERE partner_id = $1', [partner.id]);
  t.same(rows, [{ keys: 2 }]);
});

t.test('a key ends when it was to end, however long the grace; so does the one in its place, and neither is rotated then', async (t) => {
  const start = Date.now();
  const partner = await one.addPartner({ slug: 'expiring' });
  const endsAt = start + hourMs / 2;
  await one.db.query('UPDATE api_keys SET expires_at = $2 WHERE key_hash = $1', [hashKey(testPepper, partner.key), new Date(endsAt)]);
  standAt(t, start);
  const newKey = await rotated(one, partner.key, 86_400);
  await allHeard(partner, newKey);
  standAt(t, endsAt - 1);
  for (const key of [partner.key, newKey]) t.same(await statusesOf(key), everyOne(200));
  standAt(t, endsAt);
  for (const key of [partner.key, newKey]) t.same(await statusesOf(key), everyOne(401));
  for (const key of [partner.key, newKey]) t.equal((await rotate(two, key, 3_600)).status, 401);
});
