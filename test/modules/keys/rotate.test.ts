import { randomBytes } from 'node:crypto';
import t from 'tap';
import { maxGoodKeys, rotateKey } from '../../../src/modules/keys/store.ts';
import type { MasterKey } from '../../../src/platform/vault/master-key.ts';
import { Vault } from '../../../src/platform/vault/vault.ts';
import { insertKey, startTestApp, testPepper } from '../../helper/app.ts';
import { postEvent } from '../../helper/seed.ts';

const app = await startTestApp(t);
const rotate = (key: string, body?: unknown) => app.request('POST', '/v1/keys/rotate', { key, body });
const statusOf = async (key: string) => (await app.request('GET', '/v1/account', { key })).status;
t.afterEach(() => {
  app.clock.shiftMs = 0;
  app.clock.stoppedAtMs = undefined;
});

t.test('the new key is shown once, works at once and can do what the old one could, no more', async (t) => {
  const partner = await app.addPartner();
  const old = await insertKey(app.db, partner.id, partner.slug, ['account:write', 'account:read']);
  const answer = await rotate(old);
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('cache-control'), 'no-store');
  const { api_key, key_id, key_prefix, expires_at, old_key } = answer.json;
  t.match(api_key, new RegExp(`^sk_test_${partner.slug}_[0-9A-Za-z]{36}$`), 'of the same class and partner');
  t.ok(api_key.startsWith(key_prefix) && api_key.length > key_prefix.length + 20);
  t.equal(expires_at, null);
  t.same(Object.keys(answer.json), ['api_key', 'key_id', 'key_prefix', 'expires_at', 'old_key']);
  const { rows } = await app.db.query('SELECT id, class, scopes, expires_at FROM api_keys WHERE id = ANY ($1) ORDER BY id', [
    [key_id, old_key.key_id],
  ]);
  t.match(rows, [
    { id: old_key.key_id, scopes: ['account:write', 'account:read'] },
    { id: key_id, class: 'test', scopes: ['account:write', 'account:read'], expires_at: null },
  ]);
  t.equal(await statusOf(api_key), 200);
  t.equal((await app.request('GET', '/v1/inbox', { key: api_key })).status, 403);
});

t.test('the old key is good for its grace, a day unless said otherwise, and not a millisecond longer', async (t) => {
  for (const [body, seconds] of [
    [undefined, 86_400],
    [{}, 86_400],
    [{ grace_seconds: 3_600 }, 3_600],
    [{ grace_seconds: 604_800 }, 604_800],
  ] as const) {
    const partner = await app.addPartner();
    const now = Date.now();
    app.clock.stoppedAtMs = now;
    const { json } = await rotate(partner.key, body);
    t.equal(json.old_key.valid_until, new Date(now + seconds * 1000).toISOString());
    app.clock.stoppedAtMs = now + seconds * 1000 - 1;
    t.same([await statusOf(partner.key), await statusOf(json.api_key)], [200, 200]);
    app.clock.stoppedAtMs = now + seconds * 1000;
    t.same([await statusOf(partner.key), await statusOf(json.api_key)], [401, 200]);
    app.clock.stoppedAtMs = undefined;
  }
});

t.test('with no grace the old key is refused from then on', async (t) => {
  const partner = await app.addPartner();
  const { json } = await rotate(partner.key, { grace_seconds: 0 });
  t.same([await statusOf(partner.key), await statusOf(json.api_key)], [401, 200]);
  t.equal((await rotate(partner.key)).status, 401);
});

t.test('the expiry of a key goes over to the new one, and grace does not make the old one’s longer', async (t) => {
  const partner = await app.addPartner();
  const expiresAt = new Date(Date.now() + 7_200_000);
  const old = await insertKey(app.db, partner.id, partner.slug, undefined, expiresAt);
  const { json } = await rotate(old, { grace_seconds: 86_400 });
  t.match(json, { expires_at: expiresAt.toISOString(), old_key: { valid_until: expiresAt.toISOString() } });
  app.clock.shiftMs = 7_200_001;
  t.same([await statusOf(old), await statusOf(json.api_key)], [401, 401]);
});

t.test('a key that was rotated cannot be rotated again in its grace; the new one can', async (t) => {
  const partner = await app.addPartner();
  const first = (await rotate(partner.key)).json;
  const again = await rotate(partner.key);
  t.match(again.json, { status: 403, code: 'forbidden', detail: /was rotated before/ });
  t.equal(await statusOf(partner.key), 200, 'all else it can');
  const second = (await rotate(first.api_key, { grace_seconds: 0 })).json;
  t.same([await statusOf(partner.key), await statusOf(first.api_key), await statusOf(second.api_key)], [200, 401, 200]);
  const keys = await app.db.query('SELECT count(*)::int AS keys FROM api_keys WHERE partner_id = $1', [partner.id]);
  t.equal(keys.rows[0]?.keys, 3, 'a refused rotation leaves nothing behind');
});

t.test('of many rotations at once of one key, one succeeds', async (t) => {
  const partner = await app.addPartner();
  const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await rotate(partner.key)).status));
  t.same(statuses.sort(), [200, 403, 403, 403, 403, 403, 403, 403]);
});

t.test('a key that was revoked meanwhile is not rotated', async (t) => {
  const partner = await app.addPartner();
  t.equal(await statusOf(partner.key), 200, 'it is in the cache');
  await app.db.query('BEGIN');
  await app.db.query('UPDATE api_keys SET revoked_at = now() WHERE partner_id = $1', [partner.id]);
  const answer = rotate(partner.key);
  await app.db.query('COMMIT');
  const { status, headers } = await answer;
  t.equal(status, 401);
  t.ok(headers.get('www-authenticate'));
  t.equal((await app.db.query('SELECT FROM api_keys WHERE partner_id = $1', [partner.id])).rowCount, 1);
});

t.test('other keys of the partner are not touched, and events of the old key belong to the new one too', async (t) => {
  const partner = await app.addPartner();
  const other = await insertKey(app.db, partner.id, partner.slug);
  const id = await postEvent(app, partner.key, { idempotency_key: 'k' });
  const { json } = await rotate(partner.key, { grace_seconds: 0 });
  t.equal(await statusOf(other), 200);
  t.equal(await postEvent(app, json.api_key, { idempotency_key: 'k' }), id);
});

t.test('a grace that is none of the four, or a misspelt member, is refused and changes nothing', async (t) => {
  const { key } = await app.addPartner();
  for (const grace_seconds of [1, -1, 3_601, '3600', null, 1.5]) {
    const { json } = await rotate(key, { grace_seconds });
    t.match(json, { status: 400, code: 'validation_failed', errors: [{ pointer: '/grace_seconds' }] }, `${grace_seconds}`);
  }
  t.match((await rotate(key, { graceSeconds: 0 })).json, { status: 400, code: 'unknown_field' });
  t.equal((await rotate(key)).status, 200);
});

t.test('a new key is in no log line and in no table', async (t) => {
  const { key } = await app.addPartner();
  const { api_key } = (await rotate(key)).json;
  await postEvent(app, api_key);
  t.equal(app.logs.filter((line) => line.includes(api_key)).length, 0);
  t.ok(app.logs.length > 0);
  const { rows } = await app.db.query('SELECT count(*)::int AS found FROM api_keys AS row WHERE strpos(row::text, $1) > 0', [api_key]);
  t.equal(rows[0]?.found, 0);
});

t.test('what is taken from a key while its successor is being sealed is not given back by it', async (t) => {
  const partner = await app.addPartner();
  const key = await insertKey(app.db, partner.id, partner.slug);
  const { rows } = await app.db.query('SELECT max(id) AS id FROM api_keys');
  const keyId = rows[0].id as number;
  const [begun, sealed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  /** A service for master keys that takes its time. */
  const slow: MasterKey = {
    current: async () => 'slow',
    async generateDataKey() {
      begun.resolve();
      await sealed.promise;
      return { masterKey: 'slow', plain: randomBytes(32), wrapped: randomBytes(60) };
    },
    unwrap: () => Promise.reject(new Error('not asked for')),
    rewrap: () => Promise.reject(new Error('not asked for')),
  };
  const secrets = { pepper: testPepper, vault: new Vault(slow) };
  const rotation = rotateKey(app.app.pools.db, secrets, { keyId, graceMs: 3_600_000, now: Date.now() });
  await begun.promise;
  await app.db.query("UPDATE api_keys SET scopes = '{inbox:read}', allowed_cidrs = '{10.0.0.0/8}' WHERE id = $1", [keyId]);
  sealed.resolve();
  t.match(await rotation, { row: { scopes: ['inbox:read'], allowed_cidrs: ['10.0.0.0/8'] } });
  t.equal(await statusOf(key), 403);
});

t.test('rotations with a grace end at fifty good keys; one without a grace is always possible', async (t) => {
  const partner = await app.addPartner();
  let { key } = partner;
  for (let good = 1; good < maxGoodKeys; good += 1) {
    const { status, json } = await rotate(key, { grace_seconds: 604_800 });
    if (status !== 200) throw new Error(`rotation ${good}: ${status}`);
    key = json.api_key;
  }
  const refused = await rotate(key, { grace_seconds: 604_800 });
  t.match(refused, { status: 403, json: { code: 'forbidden', detail: /50 keys are good at once already: wait .* grace_seconds 0/ } });
  const { json } = await rotate(key, { grace_seconds: 0 });
  t.equal(await statusOf(json.api_key), 200);
  t.equal(await statusOf(key), 401);
});
