import path from 'node:path';
import t, { type Test } from 'tap';
import { findKey } from '../../src/pipeline/auth/key-store.ts';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { testPepper } from '../helper/app.ts';
import { setUpAdmin } from './admin-process.ts';

async function setUp(t: Test) {
  const file = path.join(t.testdir(), 'vault.json');
  await createKeyFile(file);
  const admin = await setUpAdmin(t, { VAULT_KEY_FILE: file });
  await admin.json('partners', 'create', 'acme');
  const audit = () =>
    admin.db.selectFrom('audit_log').select(['actor', 'action', 'subject', 'partner', 'reason', 'details']).orderBy('seq').execute();
  const state = (key: string) => findKey(admin.db, testPepper, key, Date.now());
  return { ...admin, audit, state };
}

t.test('a key is shown again to whoever says why, and that is written down before', async (t) => {
  const { json, run, audit } = await setUp(t);
  const { api_key: key, key_id: id, key_prefix: prefix } = await json('keys', 'issue', 'acme');
  t.match(await run('keys', 'reveal', prefix), { code: 2, out: '', messages: /required option '--reason <text>'/ });
  t.same(
    (await audit()).filter(({ action }) => action === 'key.revealed'),
    [],
  );
  t.match(await run('keys', 'reveal', `${id}`, '--reason', 'ticket 4711'), { code: 0, out: `${key}\n`, messages: '' });
  t.match(await json('keys', 'reveal', prefix, '--reason', 'again'), { api_key: key, key_id: id, partner: 'acme' });
  const revealed = (await audit()).filter(({ action }) => action === 'key.revealed');
  t.match(revealed, [
    { actor: 'admin:alice', subject: `key:${id}`, partner: 'acme', reason: 'ticket 4711', details: { key_prefix: prefix } },
    { reason: 'again' },
  ]);
  t.notMatch(JSON.stringify(await audit()), key);
});

t.test('a key that is not in the vault cannot be revealed: it is revoked, or was issued without one', async (t) => {
  const { env, json, run, audit } = await setUp(t);
  const { key_id: id } = await json('keys', 'issue', 'acme');
  await json('keys', 'revoke', `${id}`, '--yes', '--reason', 'leaked');
  t.match(await run('keys', 'reveal', `${id}`, '--reason', 'why not'), { code: 3, out: '', messages: /is not in the vault/ });
  t.match((await audit()).at(-1), { action: 'key.revoked', reason: 'leaked' }, 'nothing was revealed, nothing is written');
  t.match(await run('keys', 'reveal', '999', '--reason', 'why not'), { code: 3, messages: /no key has the number/ });
  env.VAULT_KEY_FILE = '';
  const issued = await run('keys', 'issue', 'acme');
  t.match(issued, { code: 0, messages: /there is no vault, so it is shown this once/ });
  t.match(await run('keys', 'reveal', `${id}`, '--reason', 'why not'), {
    code: 1,
    messages: /there is no vault: neither VAULT_KEY_FILE nor/,
  });
});

t.test('a rotated key goes on for its grace, its successor is like it, and it is not rotated twice', async (t) => {
  const { json, run, state, audit } = await setUp(t);
  const old = await json(
    'keys',
    'issue',
    'acme',
    '--class',
    'live',
    '--scopes',
    'inbox:read',
    '--allow',
    '203.0.113.0/24',
    '--expires',
    '180d',
  );
  const fresh = await json('keys', 'rotate', `${old.key_id}`, '--grace', '1h', '--reason', 'quarterly');
  t.match(fresh, {
    class: 'live',
    scopes: ['inbox:read'],
    allowed_cidrs: ['203.0.113.0/24'],
    expires_at: old.expires_at,
    old_key: { key_id: old.key_id },
  });
  const graceMs = Date.parse(fresh.old_key.valid_until) - Date.now();
  t.ok(graceMs > 3_590_000 && graceMs <= 3_600_000, `${graceMs} ms`);
  t.match(await state(old.api_key), { suspended: false });
  t.match(await state(fresh.api_key), { suspended: false });
  t.match(await json('keys', 'show', `${old.key_id}`), { replaced_by: fresh.key_id, status: 'active' });
  t.match(await run('keys', 'rotate', `${old.key_id}`), { code: 4, out: '', messages: new RegExp(`rotate the key ${fresh.key_id}`) });
  t.equal((await json('keys', 'reveal', `${fresh.key_id}`, '--reason', 'lost')).api_key, fresh.api_key, 'the new one is in the vault');
  t.match(
    (await audit()).filter(({ action }) => action === 'key.rotated'),
    [{ subject: `key:${old.key_id}`, actor: 'admin:alice', reason: 'quarterly' }],
  );
});

t.test('a rotation without grace asks first, and ends the old key at once', async (t) => {
  const { json, run, state } = await setUp(t);
  const old = await json('keys', 'issue', 'acme');
  t.match(await run('keys', 'rotate', old.key_prefix, '--grace', '0'), { code: 2, messages: /repeat with --yes/ });
  t.match(await state(old.api_key), { suspended: false });
  await json('keys', 'rotate', old.key_prefix, '--grace', '0', '--yes');
  t.match(await state(old.api_key), { refused: 'expired' });
  t.match(await run('keys', 'rotate', old.key_prefix, '--grace', '0', '--yes'), { code: 4, messages: /no longer good: issue another/ });
  t.match(await run('keys', 'rotate', old.key_prefix, '--grace', '2h'), { code: 2, messages: /must be one of 0, 1h, 24h, 7d/ });
});

t.test('what a key may do, from where and until when can be changed, and the rest stays', async (t) => {
  const { json, run, audit } = await setUp(t);
  const key = await json('keys', 'issue', 'acme');
  const change = (...args: string[]) => json('keys', 'change', `${key.key_id}`, ...args);
  const { api_key, ...shown } = key;
  t.same(await change('--allow', '203.0.113.7,2001:DB8::/32'), { ...shown, allowed_cidrs: ['203.0.113.7/32', '2001:db8::/32'] });
  t.same(await change('--scopes', 'inbox:read'), { ...shown, scopes: ['inbox:read'], allowed_cidrs: ['203.0.113.7/32', '2001:db8::/32'] });
  t.match(await change('--expires', '1d', '--allow', 'everywhere'), { allowed_cidrs: null, expires_at: /Z$/ });
  t.match(await change('--expires', 'never', '--reason', 'contract'), { expires_at: null });
  t.match((await audit()).at(-1), { action: 'key.changed', reason: 'contract', details: { expires_at: { to: null } } });
  t.match(await run('keys', 'change', `${key.key_id}`), { code: 2, messages: /nothing to change/ });
  t.match(
    await run('keys', 'change', `${key.key_id}`, '--allow', '203.0.113.7/24'),
    { code: 2, messages: /203\.0\.113\.0\/24/ },
    'the right form is named',
  );
  await json('keys', 'revoke', `${key.key_id}`, '--yes');
  t.match(await run('keys', 'change', `${key.key_id}`, '--expires', '1d'), { code: 4, messages: /revoked, which cannot be undone/ });
});

t.test("a partner's limits and contacts can be changed, the log says which and not whom", async (t) => {
  const { json, run, audit } = await setUp(t);
  const change = (...args: string[]) => json('partners', 'change', 'acme', ...args);
  t.match(await change('--rate', '500'), { rate_limit_per_sec: 500, rate_limit_burst: 500 }, 'the burst follows the rate');
  t.match(await change('--burst', '900'), { rate_limit_per_sec: 500, rate_limit_burst: 900 });
  t.match(await change('--rate', '600'), { rate_limit_per_sec: 600, rate_limit_burst: 900 }, 'unless it is a number of its own');
  t.match(await change('--retention-hours', '168', '--max-deliveries', '5'), {
    retention_hours: 168,
    max_deliveries: 5,
    rate_limit_per_sec: 600,
  });
  t.match(await change('--contact-email', 'ops@acme.example', '--reason', 'call'), { contact_email: 'ops@acme.example' });
  const last = (await audit()).at(-1);
  t.same(last?.details, { contact_email: 'changed' });
  t.match(last, { action: 'partner.changed', actor: 'admin:alice', reason: 'call' });
  t.match(await run('partners', 'change', 'acme', '--reason', 'none'), { code: 2, messages: /nothing to change/ });
  t.match(await run('partners', 'change', 'nobody', '--rate', '1'), { code: 3, messages: /no partner "nobody"/ });
});

t.test('a partner gets the id that is asked for, once', async (t) => {
  const { json, run } = await setUp(t);
  t.match(await json('partners', 'create', 'zeta', '--partner-id', 'beta_000777'), { partner_id: 'beta_000777', slug: 'zeta' });
  t.match(await run('partners', 'create', 'eta', '--partner-id', 'beta_000777'), {
    code: 4,
    messages: /another partner has the id "beta_000777"/,
  });
  t.match(await run('partners', 'create', 'zeta'), { code: 4, messages: /"zeta" exists already/ });
});
