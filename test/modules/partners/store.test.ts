import t, { type Test } from 'tap';
import {
  createPartner,
  findKeyByName,
  issueKey,
  listKeys,
  listPartners,
  resumePartner,
  revokeKey,
  showPartner,
  suspendPartner,
} from '../../../src/modules/partners/store.ts';
import { hashKey, parseKey } from '../../../src/pipeline/auth/key-format.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { createTestDatabase } from '../../helper/database.ts';

const pepper = 'a pepper of at least 32 characters';

async function database(t: Test) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 4, onIdleError: () => {} });
  t.teardown(() => pools.close());
  return pools.db;
}

t.test('a partner gets the next number, and the defaults of the story for what is not said', async (t) => {
  const db = await database(t);
  const { created_at, ...partner } = await createPartner(db, { slug: 'acme' });
  t.same(partner, {
    partner_id: 'beta_000001',
    slug: 'acme',
    partner_name: 'acme',
    status: 'active',
    rate_limit_per_sec: 100,
    rate_limit_burst: 100,
    rate_limit_per_month: 2_592_000_000,
    retention_hours: 72,
    max_deliveries: 10,
    contact_email: null,
    contact_phone: null,
    slack_channel: null,
    primary_contact: null,
    backup_contact: null,
  });
  t.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.equal((await createPartner(db, { slug: 'beta2' })).partner_id, 'beta_000002');
  const { id } = await db.selectFrom('partners').select('id').where('partner_id', '=', 'beta_000002').executeTakeFirstOrThrow();
  t.equal(id, 2, 'the number is that of the row');
});

t.test('what is said about a partner is kept; the burst follows the rate unless it is said', async (t) => {
  const db = await database(t);
  const contacts = {
    contact_email: 'a@b.example',
    contact_phone: '+1-555-0001',
    slack_channel: '#acme-beta',
    primary_contact: 'John',
    backup_contact: 'Jane',
  };
  const limits = { rate_limit_per_sec: 500, rate_limit_per_month: 7, retention_hours: 168 };
  const made = await createPartner(db, { slug: 'acme', fields: { partner_name: "Acme's; DROP TABLE", ...contacts, ...limits } });
  t.match(made, {
    ...contacts,
    partner_name: "Acme's; DROP TABLE",
    rate_limit_per_sec: 500,
    rate_limit_burst: 500,
    rate_limit_per_month: 7,
    retention_hours: 168,
  });
  t.same(await showPartner(db, 'acme'), made);
  t.match(await createPartner(db, { slug: 'other', fields: { rate_limit_per_sec: 500, rate_limit_burst: 20 } }), { rate_limit_burst: 20 });
  t.same(
    (await listPartners(db)).map(({ slug }) => slug),
    ['acme', 'other'],
  );
});

t.test('a slug belongs to one partner, also when ten are made at once; a bad one is refused', async (t) => {
  const db = await database(t);
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => createPartner(db, { slug: 'acme' })));
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const outcome of outcomes) if (outcome.status === 'rejected') t.match(outcome.reason, { name: 'PartnerError', code: 'slug_taken' });
  for (const slug of ['', 'a', 'Acme', 'ac_me', 'ac-me', 'a'.repeat(25), 'é'.repeat(3)]) {
    await t.rejects(createPartner(db, { slug }), { code: 'invalid_slug' });
  }
  t.equal((await listPartners(db)).length, 1);
});

t.test('a partner that does not exist is said to, by every function', async (t) => {
  const db = await database(t);
  const error = { name: 'PartnerError', code: 'unknown_partner' };
  await t.rejects(showPartner(db, 'nobody'), error);
  await t.rejects(suspendPartner(db, 'nobody'), error);
  await t.rejects(resumePartner(db, 'nobody'), error);
  await t.rejects(listKeys(db, 'nobody'), error);
  await t.rejects(issueKey(db, { pepper }, { slug: 'nobody' }), error);
});

t.test('suspending and resuming can be repeated', async (t) => {
  const db = await database(t);
  await createPartner(db, { slug: 'acme' });
  for (const _ of [1, 2]) t.equal((await suspendPartner(db, 'acme')).status, 'suspended');
  for (const _ of [1, 2]) t.equal((await resumePartner(db, 'acme')).status, 'active');
});

t.test('an issued key is seen once: the database has its hash, and no row of it the key', async (t) => {
  const db = await database(t);
  await createPartner(db, { slug: 'acme' });
  const expiresAt = new Date(Date.now() + 3_600_000);
  const { api_key, ...issued } = await issueKey(db, { pepper }, { slug: 'acme', keyClass: 'live', scopes: ['inbox:read'], expiresAt });
  t.same(parseKey(api_key), { keyClass: 'live', slug: 'acme', prefix: issued.key_prefix });
  t.match(issued, {
    partner: 'acme',
    class: 'live',
    scopes: ['inbox:read'],
    status: 'active',
    expires_at: expiresAt.toISOString(),
    revoked_at: null,
  });
  t.same(await listKeys(db, 'acme'), [issued]);
  const stored = await db.selectFrom('api_keys').selectAll().executeTakeFirstOrThrow();
  t.same(stored.key_hash, hashKey(pepper, api_key));
  t.notMatch(JSON.stringify(stored), api_key.slice(issued.key_prefix.length));
});

t.test('unless it is said, a key is a beta key that may do everything and does not expire', async (t) => {
  const db = await database(t);
  await createPartner(db, { slug: 'acme' });
  const key = await issueKey(db, { pepper }, { slug: 'acme' });
  t.match(key, {
    class: 'beta',
    scopes: ['events:write', 'inbox:read', 'inbox:settle', 'account:read', 'account:write'],
    expires_at: null,
  });
});

t.test('a key is revoked by its number or its prefix; again changes nothing', async (t) => {
  const db = await database(t);
  await createPartner(db, { slug: 'acme' });
  const one = await issueKey(db, { pepper }, { slug: 'acme' });
  const two = await issueKey(db, { pepper }, { slug: 'acme' });
  const revoked = await revokeKey(db, `${one.key_id}`);
  t.match(revoked, { key_id: one.key_id, partner: 'acme', status: 'revoked', revoked_at: /Z$/, created_at: one.created_at });
  t.same(await revokeKey(db, one.key_prefix), revoked, 'the time of the first revocation stays');
  t.same(
    (await listKeys(db, 'acme')).map(({ status }) => status),
    ['revoked', 'active'],
  );
  t.same(await findKeyByName(db, two.key_prefix), { id: two.key_id, prefix: two.key_prefix });
});

t.test('a key that does not exist, and a prefix that two keys have, are said to be so', async (t) => {
  const db = await database(t);
  await createPartner(db, { slug: 'acme' });
  const { key_id, key_prefix } = await issueKey(db, { pepper }, { slug: 'acme' });
  for (const name of ['999999', '0', '-1', '99999999999', 'sk_beta_acme_zzzzzz', '', '%']) {
    await t.rejects(revokeKey(db, name), { name: 'PartnerError', code: 'unknown_key' }, name);
  }
  const twin = await issueKey(db, { pepper }, { slug: 'acme' });
  await db.updateTable('api_keys').set({ key_prefix }).where('id', '=', twin.key_id).execute();
  await t.rejects(revokeKey(db, key_prefix), { code: 'ambiguous_key' });
  t.same(
    (await listKeys(db, 'acme')).map(({ status }) => status),
    ['active', 'active'],
  );
  t.match(await revokeKey(db, `${key_id}`), { status: 'revoked' });
});

t.test('a key past its expiry is listed as expired', async (t) => {
  const db = await database(t);
  await createPartner(db, { slug: 'acme' });
  await issueKey(db, { pepper }, { slug: 'acme', expiresAt: new Date(Date.now() - 1) });
  t.match(await listKeys(db, 'acme'), [{ status: 'expired' }]);
});
