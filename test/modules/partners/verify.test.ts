import { type Kysely, sql } from 'kysely';
import t, { type Test } from 'tap';
import { provision } from '../../../src/modules/partners/provision.ts';
import { createPartner, issueKey, revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
import {
  type CheckName,
  checkNames,
  type Expected,
  listBetaSlugs,
  requirePartners,
  verifyPartners,
} from '../../../src/modules/partners/verify.ts';
import type { KeySecrets } from '../../../src/pipeline/auth/key-issue.ts';
import { scopes } from '../../../src/pipeline/auth/principal.ts';
import type { Database } from '../../../src/platform/schema.ts';
import { pepper, setUpMeans } from './means.ts';

const expected = (): Expected => ({ limits: { rate_limit_per_sec: 100, rate_limit_per_month: 2_592_000_000 }, keyClass: 'beta' });

/** A partner with everything, as after import and onboarding. */
async function setUp(t: Test, slug = 'acme') {
  const means = await setUpMeans(t);
  const { db, secrets } = means;
  const keyId = await launch(means, slug);
  const check = async (overrides: { secrets?: KeySecrets; now?: number; expected?: () => Expected } = {}) => {
    const [partner] = await verifyPartners(db, overrides.secrets ?? secrets, [slug], { expected, ...overrides });
    return partner as NonNullable<typeof partner>;
  };
  return { means, db, secrets, keyId, check };
}

async function launch(means: Awaited<ReturnType<typeof setUpMeans>>, slug: string): Promise<number> {
  const made = await provision(means, { slug, fields: {}, key: { keyClass: 'beta', scopes, expiresAt: new Date('2099-01-01T00:00:00Z') } });
  if (made.outcome === 'failed') throw new Error(made.message);
  await onboard(means.db, slug);
  return made.key?.id as number;
}

/** What the onboarding leaves behind. */
async function onboard(db: Kysely<Database>, slug: string): Promise<void> {
  const input = JSON.stringify({ kickoff: '2026-12-01T15:00:00.000Z' });
  await sql`INSERT INTO onboarding_steps (partner_id, step, status, input, due_at, done_at)
    SELECT id, step, 'done', ${input}::jsonb, now(), now() FROM partners, unnest(ARRAY['slack_channel', 'slack_welcome', 'welcome_email']) AS step
    WHERE slug = ${slug}`.execute(db);
}

type Checked = Awaited<ReturnType<Awaited<ReturnType<typeof setUp>>['check']>>;

/** That this check alone is not ok, and why. */
function onlyMissing(t: Test, { ok, checks }: Checked, name: CheckName, detail: RegExp): void {
  t.notOk(ok);
  t.same(
    checkNames.filter((each) => !checks[each].ok),
    [name],
  );
  t.match(checks[name].detail, detail);
}

t.test('a partner with everything is ok, and looking changes nothing', async (t) => {
  const { db, keyId, check } = await setUp(t);
  const count = () => db.selectFrom('audit_log').select(db.fn.countAll().as('n')).executeTakeFirst();
  const before = await count();
  const fine = Object.fromEntries(checkNames.map((name) => [name, { ok: true }]));
  t.same(await check(), { slug: 'acme', partner_id: 'beta_000001', status: 'active', ok: true, key_id: keyId, checks: fine });
  t.same(await count(), before);
});

t.test('key: one that does not have the published form', async (t) => {
  const { db, check } = await setUp(t);
  await db.updateTable('api_keys').set({ key_prefix: 'sk_beta_other_abc123' }).execute();
  onlyMissing(t, await check(), 'key', /sk_beta_other_abc123 does not begin with sk_beta_acme_/);
});

t.test('key: none, or only revoked ones; then nothing that hangs on it is ok either', async (t) => {
  const { db, keyId, check } = await setUp(t);
  await revokeKey(db, `${keyId}`);
  t.match((await check()).checks, {
    key: { ok: false, detail: /no beta key that is not revoked/ },
    expiry: { ok: false, detail: 'no key' },
    vaulted: { ok: false, detail: 'no key' },
    limits: { ok: true },
  });
  t.match(await check(), { ok: false, key_id: null });
});

t.test('limits: one that is not as expected', async (t) => {
  const { db, check } = await setUp(t);
  await db.updateTable('partners').set({ rate_limit_per_sec: 50 }).execute();
  onlyMissing(t, await check(), 'limits', /^rate_limit_per_sec is 50, not 100$/);
  await db.updateTable('partners').set({ rate_limit_per_month: 7 }).execute();
  onlyMissing(t, await check(), 'limits', /is 50, not 100, rate_limit_per_month is 7, not 2592000000/);
  t.match(await check({ expected: () => ({ limits: { rate_limit_per_sec: 50, rate_limit_burst: undefined }, keyClass: 'beta' }) }), {
    ok: true,
  });
});

t.test('expiry: it has passed, or there is none', async (t) => {
  const { db, check } = await setUp(t);
  onlyMissing(t, await check({ now: Date.parse('2099-01-01T00:00:00Z') }), 'expiry', /it expired at 2099-01-01T00:00:00\.000Z/);
  await db.updateTable('api_keys').set({ expires_at: null }).execute();
  onlyMissing(t, await check(), 'expiry', /it never expires/);
});

t.test('vaulted: the secret is not there, was changed, is another key’s, or the servers do not know it', async (t) => {
  const { means, db, secrets, check } = await setUp(t);
  onlyMissing(t, await check({ secrets: { pepper } }), 'vaulted', /no vault is configured here/);
  onlyMissing(
    t,
    await check({ secrets: { ...secrets, pepper: 'another pepper of 32 characters.' } }),
    'vaulted',
    /under this KEY_PEPPER .* another key/,
  );

  const { sealed } = await db.selectFrom('vault_secrets').select('sealed').executeTakeFirstOrThrow();
  await db
    .updateTable('vault_secrets')
    .set({ sealed: Buffer.concat([sealed.subarray(0, -1), Buffer.from([(sealed.at(-1) as number) ^ 1])]) })
    .execute();
  onlyMissing(t, await check(), 'vaulted', /./);
  const noKey = await secrets.vault?.seal('sk_beta_acme_nothing', { partnerId: 1, keyId: 1, version: 1 });
  await db.updateTable('vault_secrets').set({ sealed: noKey?.sealed, wrapped_data_key: noKey?.wrappedDataKey }).execute();
  onlyMissing(t, await check(), 'vaulted', /what is in the vault is no key/);
  await db.deleteFrom('vault_secrets').execute();
  onlyMissing(t, await check(), 'vaulted', /not in the vault/);
  await issueKey(db, means.secrets, { slug: 'acme', expiresAt: new Date('2099-01-01T00:00:00Z') });
  t.match(await check(), { ok: true, key_id: 2 }, 'the newest key is the one that is looked at');
});

t.test('mailed, channel: a step that was not begun, is pending, or has failed', async (t) => {
  const { db, check } = await setUp(t);
  for (const [name, step] of [
    ['mailed', 'welcome_email'],
    ['channel', 'slack_channel'],
  ] as const) {
    const set = (status: 'done' | 'pending' | 'failed', last_error: string | null = null) =>
      db.updateTable('onboarding_steps').set({ status, last_error }).where('step', '=', step).execute();
    await set('pending');
    onlyMissing(t, await check(), name, /^pending$/);
    await set('failed', 'no such mailbox');
    onlyMissing(t, await check(), name, /^failed: no such mailbox$/);
    await set('done');
  }
  t.match(await check(), { ok: true });
  await db.deleteFrom('onboarding_steps').where('step', '=', 'slack_channel').execute();
  onlyMissing(t, await check(), 'channel', /^not begun$/);
});

t.test('kickoff: the call has no time', async (t) => {
  const { db, check } = await setUp(t);
  await db.updateTable('onboarding_steps').set({ input: '{}' }).where('step', '=', 'welcome_email').execute();
  onlyMissing(t, await check(), 'kickoff', /^no time$/);
});

t.test('a suspended partner is not ok, though nothing is missing; a slug that is nobody’s has nothing', async (t) => {
  const { db, secrets, check } = await setUp(t);
  await suspendPartner(db, 'acme');
  const { ok, status, checks } = await check();
  t.match({ ok, status }, { ok: false, status: 'suspended' });
  t.ok(Object.values(checks).every((each) => each.ok));
  const [nobody] = await verifyPartners(db, secrets, ['nobody'], { expected });
  t.match(nobody, { partner_id: null, status: 'missing', ok: false, checks: { key: { ok: false, detail: 'no such partner' } } });
  await t.rejects(requirePartners(db, ['acme', 'nobody', 'none']), {
    code: 'unknown_partner',
    message: 'there is no partner "nobody", "none"',
  });
});

t.test('of several keys the one in use is looked at: not one that was rotated or has expired', async (t) => {
  const { means, db, keyId, check } = await setUp(t);
  await issueKey(db, means.secrets, { slug: 'acme', expiresAt: new Date('2030-01-01T00:00:00Z') });
  const now = Date.parse('2031-01-01T00:00:00Z');
  t.match(await check({ now }), { ok: true, key_id: keyId }, 'the newest has expired');
  t.match(await check(), { ok: true, key_id: 2 });
  await sql`UPDATE api_keys SET replaced_by = ${keyId} WHERE id = 2`.execute(db);
  t.match(await check(), { ok: true, key_id: keyId }, 'the newest was rotated');
});

t.test('part of the beta is who has or had a beta key, and who has no key yet', async (t) => {
  const { means, db } = await setUp(t);
  await createPartner(db, { slug: 'demo' });
  await issueKey(db, means.secrets, { slug: 'demo', keyClass: 'test' });
  await createPartner(db, { slug: 'fresh' });
  await createPartner(db, { slug: 'former' });
  await revokeKey(db, `${(await issueKey(db, means.secrets, { slug: 'former' })).key_id}`);
  t.same(await listBetaSlugs(db), ['acme', 'fresh', 'former']);
});

t.test('partners come in the order of the slugs, and each is told of as it is checked', async (t) => {
  const { means, db, secrets } = await setUp(t);
  await launch(means, 'globe');
  const told: string[] = [];
  const checked = await verifyPartners(db, secrets, ['globe', 'acme'], { expected, onChecked: ({ slug }) => void told.push(slug) });
  t.match(checked, [
    { slug: 'globe', ok: true },
    { slug: 'acme', ok: true },
  ]);
  t.same(told, ['globe', 'acme']);
  t.same(await verifyPartners(db, secrets, [], { expected }), []);
});
