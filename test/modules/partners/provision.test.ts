import t from 'tap';
import { type Means, type Options, planProvision, provision, type Wanted } from '../../../src/modules/partners/provision.ts';
import { createPartner, issueKey, revokeKey, showPartner, suspendPartner } from '../../../src/modules/partners/store.ts';
import { readSecret } from '../../../src/pipeline/auth/key-secrets.ts';
import { findKey } from '../../../src/pipeline/auth/key-store.ts';
import { scopes } from '../../../src/pipeline/auth/principal.ts';
import type { Vault } from '../../../src/platform/vault/vault.ts';
import { pepper, setUpMeans, wholeTables } from './means.ts';

const key = { keyClass: 'beta' as const, scopes, expiresAt: new Date('2099-01-01T00:00:00Z') };
const fields = { partner_name: 'Acme Corp', contact_email: 'integration@acme.example', rate_limit_per_sec: 250 };
const acme: Wanted = { slug: 'acme', fields, key };

/** Provisions, and must not fail. */
async function provisioned(means: Means, wanted: Wanted, options?: Options) {
  const done = await provision(means, wanted, options);
  if (done.outcome === 'failed') throw new Error(done.message);
  return done;
}

t.test('a new partner and its key are made in one transaction, and audited in the name of whoever did it', async (t) => {
  const means = await setUpMeans(t);
  const done = await provisioned(means, { ...acme, key: { ...key, allowedCidrs: ['192.0.2.0/24'] } });
  t.match(done, { outcome: 'created', partnerId: 'beta_000001', apiKey: /^sk_beta_acme_/, changes: [] });
  const apiKey = done.apiKey as string;
  t.match(await showPartner(means.db, 'acme'), {
    ...fields,
    rate_limit_burst: 250,
    rate_limit_per_month: 2_592_000_000,
    retention_hours: 72,
  });
  t.match(await findKey(means.db, pepper, apiKey, Date.now()), { suspended: false, principal: { slug: 'acme' } }, 'servers accept the key');
  t.equal(await readSecret(means.db, means.secrets.vault as Vault, done.key?.id as number), apiKey, 'the vault gives it out');
  const { audit, keys } = await wholeTables(means.db);
  t.match(keys, [{ allowed_cidrs: ['192.0.2.0/24'], expires_at: key.expiresAt, class: 'beta' }]);
  t.match(audit, [
    { actor: 'admin:tess', action: 'partner.created', partner: 'acme' },
    { actor: 'admin:tess', action: 'key.issued', partner: 'acme' },
  ]);
  t.notOk(JSON.stringify(audit).includes(apiKey));
});

t.test('the same again changes nothing, and gives the key that is there', async (t) => {
  const means = await setUpMeans(t);
  const first = await provisioned(means, acme);
  const before = await wholeTables(means.db);
  const again = await provisioned(means, acme);
  t.match(again, { outcome: 'unchanged', partnerId: 'beta_000001', key: { id: first.key?.id }, makesKey: false, changes: [] });
  t.equal(again.apiKey, undefined);
  t.same(await wholeTables(means.db), before);
});

t.test('what the list does not say is not compared', async (t) => {
  const means = await setUpMeans(t);
  await provisioned(means, acme);
  t.match(await provision(means, { slug: 'acme', fields: {} }), { outcome: 'unchanged' });
});

t.test('a partner that differs is left alone, its key too, until that is asked for', async (t) => {
  const means = await setUpMeans(t);
  await provisioned(means, { ...acme, key: undefined });
  const before = await wholeTables(means.db);
  const wanted = { ...acme, fields: { ...fields, rate_limit_per_sec: 500, contact_phone: '+1-555', retention_hours: 24 } };
  const changes = [
    { field: 'rate_limit_per_sec', from: 250, to: 500 },
    { field: 'contact_phone', from: null, to: '+1-555' },
    { field: 'retention_hours', from: 72, to: 24 },
  ];
  t.match(await provision(means, wanted), { outcome: 'differs', changes, makesKey: false, apiKey: undefined });
  t.same(await wholeTables(means.db), before);

  t.match(await provision(means, wanted, { update: true }), { outcome: 'updated', changes, apiKey: /^sk_beta_acme_/ });
  t.match(await showPartner(means.db, 'acme'), { ...wanted.fields, contact_email: fields.contact_email });
  t.match(await provision(means, wanted, { update: true }), { outcome: 'unchanged', changes: [] });
});

t.test('what had expired under the old retention stays expired under a longer one', async (t) => {
  const means = await setUpMeans(t);
  await provisioned(means, acme);
  const now = Date.now();
  await provisioned(means, { ...acme, fields: { retention_hours: 720 } }, { update: true, now: () => now });
  const [partner] = (await wholeTables(means.db)).partners;
  t.equal(partner?.expired_through.getTime(), now - 72 * 3_600_000);
});

t.test('a key is made when there is no active one of its class', async (t) => {
  const means = await setUpMeans(t);
  await createPartner(means.db, { slug: 'acme' });
  const bare: Wanted = { slug: 'acme', fields: {}, key };
  await issueKey(means.db, means.secrets, { slug: 'acme', keyClass: 'test' });
  const first = await provisioned(means, bare);
  t.match(first, { outcome: 'updated', changes: [], apiKey: /^sk_beta_acme_/ }, 'only a test key was there');
  t.match(await provision(means, bare), { outcome: 'unchanged' });
  const afterExpiry = { now: () => key.expiresAt.getTime() };
  t.match(await planProvision(means.db, bare, afterExpiry), { outcome: 'updated', makesKey: true }, 'it has expired');
  await revokeKey(means.db, `${first.key?.id}`);
  t.match(await provision(means, bare), { outcome: 'updated', apiKey: /^sk_beta_acme_/ }, 'it was revoked');
  t.match(await provision(means, { ...bare, key: undefined }), { outcome: 'unchanged', makesKey: false });
});

t.test('a suspended partner is not touched', async (t) => {
  const means = await setUpMeans(t);
  await createPartner(means.db, { slug: 'acme' });
  await suspendPartner(means.db, 'acme');
  const before = await wholeTables(means.db);
  t.match(await provision(means, acme, { update: true }), {
    outcome: 'failed',
    column: 'slug',
    message: /suspended.*partners resume acme/,
  });
  t.same(await wholeTables(means.db), before);
});

t.test('an id that is another partner’s, or not that of the partner, is refused', async (t) => {
  const means = await setUpMeans(t);
  await provisioned(means, { ...acme, partnerId: 'beta_000777' });
  const before = await wholeTables(means.db);
  t.match(await provision(means, { slug: 'globe', partnerId: 'beta_000777', fields: {} }), {
    outcome: 'failed',
    column: 'partner_id',
    message: /the id of the partner "acme"/,
  });
  t.match(await provision(means, { ...acme, partnerId: 'beta_000001' }, { update: true }), {
    outcome: 'failed',
    column: 'partner_id',
    message: /has the id "beta_000777", which never changes/,
  });
  t.same(await wholeTables(means.db), before);
});

t.test('a partner without an id of its own gets none that somebody has, or is to get, by name', async (t) => {
  const means = await setUpMeans(t);
  await provisioned(means, { ...acme, partnerId: 'beta_000002' }); // has the number 1
  const reserved = new Set(['beta_000003']);
  t.match(await provisioned(means, { slug: 'globe', fields: {} }, { reserved }), { partnerId: 'beta_000004' });
});

t.test('a plan says what would be done, and does nothing', async (t) => {
  const means = await setUpMeans(t);
  t.match(await planProvision(means.db, acme), { outcome: 'created', partnerId: null, makesKey: true, key: undefined });
  t.match(await wholeTables(means.db), { partners: [], keys: [], audit: [] });
  await createPartner(means.db, { slug: 'acme' });
  const before = await wholeTables(means.db);
  t.match(await planProvision(means.db, acme), {
    outcome: 'differs',
    changes: [{ field: 'partner_name', from: 'acme', to: 'Acme Corp' }, {}, {}],
  });
  t.match(await planProvision(means.db, acme, { update: true }), { outcome: 'updated', makesKey: true });
  t.same(await wholeTables(means.db), before);
});

t.test('twenty at once make one partner with one key', async (t) => {
  const means = await setUpMeans(t);
  const done = await Promise.all(Array.from({ length: 20 }, () => provisioned(means, acme)));
  t.equal(done.filter(({ outcome }) => outcome === 'created').length, 1);
  t.equal(done.filter(({ apiKey }) => apiKey !== undefined).length, 1);
  const { partners, keys } = await wholeTables(means.db);
  t.equal(partners.length, 1);
  t.equal(keys.length, 1);
  t.same(new Set(done.map((each) => each.key?.id)), new Set([keys[0]?.id]), 'all of them give that key');
});

t.test('twenty at once change a partner that is there once, and make it one key', async (t) => {
  const means = await setUpMeans(t);
  await createPartner(means.db, { slug: 'acme' });
  const done = await Promise.all(Array.from({ length: 20 }, () => provisioned(means, acme, { update: true })));
  t.equal(done.filter(({ apiKey }) => apiKey !== undefined).length, 1);
  const { keys, audit } = await wholeTables(means.db);
  t.equal(keys.length, 1);
  t.same(
    audit.map(({ action }) => action),
    ['partner.created', 'partner.changed', 'key.issued'],
  );
});

t.test('of two partners with one id at once the second is refused', async (t) => {
  const means = await setUpMeans(t);
  const slugs = Array.from({ length: 8 }, (_, index) => `partner${index}`);
  const done = await Promise.all(slugs.map((slug) => provision(means, { slug, partnerId: 'beta_000777', fields: {}, key })));
  t.equal(done.filter(({ outcome }) => outcome === 'created').length, 1);
  t.equal(done.filter(({ outcome }) => outcome === 'failed').length, 7);
  t.equal((await wholeTables(means.db)).keys.length, 1);
});

t.test('a partner without its key is never seen: when the key cannot be stored, neither is', async (t) => {
  const means = await setUpMeans(t);
  const badKey = { ...key, allowedCidrs: ['no network'] };
  await t.rejects(provision(means, { ...acme, key: badKey }), { code: '22P02' });
  t.match(await wholeTables(means.db), { partners: [], keys: [], secrets: [], audit: [] });
});

t.test('a key is told before it is stored, and nothing is stored when that fails', async (t) => {
  const means = await setUpMeans(t);
  const told: string[] = [];
  const prepared = async ({ key }: { key: string }) => {
    told.push(key);
    throw new Error('the disk is full');
  };
  await t.rejects(provision({ ...means, prepared }, acme), { message: 'the disk is full' });
  t.match(told, [/^sk_beta_acme_/]);
  t.match(await wholeTables(means.db), { partners: [], keys: [] });
});
