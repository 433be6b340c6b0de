import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { createPartner, issueKey, listKeys, showPartner } from '../../src/modules/partners/store.ts';
import { findKey } from '../../src/pipeline/auth/key-store.ts';
import { testPepper as pepper } from '../helper/app.ts';
import { runAdminProcess as run, setUpAdmin } from './admin-process.ts';

const setUp = (t: Test) => setUpAdmin(t, {}, run);

t.test('the life of a partner and a key, in JSON with the names of the story', async (t) => {
  const { db, json } = await setUp(t);
  const contact = ['--contact-email', 'integration@acme.example', '--contact-phone', '+1-555-0001', '--slack-channel', '#acme-beta'];
  const people = ['--primary-contact', 'John Doe', '--backup-contact', 'Jane Smith'];
  const limits = ['--rate', '250', '--burst', '300', '--monthly', '1000000', '--retention-hours', '168'];
  const partner = await json('partners', 'create', 'acme', '--name', 'Acme Corp', ...contact, ...people, ...limits);
  t.match(partner, {
    partner_id: 'beta_000001',
    slug: 'acme',
    partner_name: 'Acme Corp',
    status: 'active',
    rate_limit_per_sec: 250,
    rate_limit_burst: 300,
    rate_limit_per_month: 1_000_000,
    retention_hours: 168,
    contact_email: 'integration@acme.example',
    contact_phone: '+1-555-0001',
    slack_channel: '#acme-beta',
    primary_contact: 'John Doe',
    backup_contact: 'Jane Smith',
    created_at: /Z$/,
  });
  t.same(await json('partners', 'list'), [{ ...partner, key_prefix: null, expires_at: null }]);

  const issued = await json('keys', 'issue', 'acme', '--class', 'test', '--scopes', 'events:write,inbox:read', '--expires', '180d');
  const { api_key: key, ...shown } = issued;
  t.match(shown, { partner: 'acme', class: 'test', scopes: ['events:write', 'inbox:read'], status: 'active' });
  const days = (Date.parse(shown.expires_at) - Date.now()) / 86_400_000;
  t.ok(days > 179.9 && days <= 180, `good for ${days} days`);
  t.same(await json('keys', 'list', 'acme'), [shown]);
  t.same(await json('partners', 'list'), [{ ...partner, key_prefix: shown.key_prefix, expires_at: shown.expires_at }]);
  t.same(await json('partners', 'show', 'acme'), { ...partner, keys: [shown] });

  const found = () => findKey(db, pepper, key, Date.now());
  t.match(await found(), { suspended: false, principal: { slug: 'acme', ratePerSecond: 250, burst: 300 } }, 'servers accept the key');
  t.match(await json('partners', 'suspend', 'acme', '--yes'), { status: 'suspended' });
  t.match(await found(), { suspended: true });
  t.match(await json('partners', 'resume', 'acme'), { status: 'active' });
  t.match(await json('keys', 'revoke', shown.key_prefix, '--yes'), { key_id: shown.key_id, status: 'revoked' });
  t.match(await found(), { refused: 'revoked' });
  t.match(await json('keys', 'revoke', `${shown.key_id}`, '--yes'), { status: 'revoked' }, 'again');
});

t.test('data goes to stdout and messages to stderr: a pipe gets the key alone', async (t) => {
  const { env } = await setUp(t);
  const created = await run(env, ['partners', 'create', 'acme']);
  t.match(created, { code: 0, out: /partner_id +beta_000001\n/, messages: 'next: ./scripts/admin keys issue acme --expires 180d\n' });
  const issued = await run(env, ['keys', 'issue', 'acme']);
  t.match(issued, { code: 0, out: /^sk_beta_acme_[0-9A-Za-z]{36}\n$/, messages: /it is shown this once/ });
  t.match(await run(env, ['partners', 'list']), { code: 0, out: /^partner_id +slug.*\nbeta_000001 +acme .*\n$/, messages: '' });
  t.match(await run(env, ['keys', 'list', 'acme']), { code: 0, out: /^key_id +key_prefix.*\n1 +sk_beta_acme_\w{6} +active .*\n$/ });
  t.match(await run(env, ['partners', 'show', 'acme']), { code: 0, out: /status +active\n[\s\S]*keys +sk_beta_acme_\w{6} \(active\)\n$/ });
});

t.test('the exit code tells what went wrong', async (t) => {
  const { env, db } = await setUp(t);
  await createPartner(db, { slug: 'acme' });
  const cases: [number, RegExp, string[]][] = [
    [2, /Usage/, []],
    [2, /unknown option/, ['partners', 'list', '--jsno']],
    [2, /"Acme" is not a slug/, ['partners', 'create', 'Acme']],
    [2, /'--rate <n>' argument '0' is invalid. It must be a whole number/, ['partners', 'create', 'acme2', '--rate', '0']],
    [3, /no partner "nobody"/, ['partners', 'show', 'nobody']],
    [3, /no key has the number or prefix "17"/, ['keys', 'revoke', '17']],
    [4, /exists already/, ['partners', 'create', 'acme']],
  ];
  for (const [code, messages, args] of cases) t.match(await run(env, args), { code, messages, out: '' }, args.join(' ') || 'no command');
});

t.test('what destroys is not done without a person or --yes', async (t) => {
  const { env, db } = await setUp(t);
  await createPartner(db, { slug: 'acme' });
  const key = await issueKey(db, { pepper }, { slug: 'acme' });
  t.match(await run(env, ['partners', 'suspend', 'acme']), { code: 2, messages: /repeat with --yes/ });
  t.match(await run(env, ['keys', 'revoke', key.key_prefix]), { code: 2, messages: /repeat with --yes/ });
  t.match(await showPartner(db, 'acme'), { status: 'active' });
  t.match(await listKeys(db, 'acme'), [{ status: 'active' }]);
  t.match(await run(env, ['partners', 'suspend', 'acme', '--yes']), { code: 0, out: '', messages: /acme is suspended/ });
  t.match(await run(env, ['keys', 'revoke', key.key_prefix, '--yes']), { code: 0, out: '', messages: /is revoked/ });
});

t.test('it finds the database and the pepper of the start with the same LOCAL_DIR', async (t) => {
  const { databaseUrl, db } = await setUp(t);
  await createPartner(db, { slug: 'acme' });
  const folder = path.join(t.testdir(), 'local');
  await mkdir(folder);
  await writeFile(path.join(folder, 'server.env'), `POSTGRES_PASSWORD=secret\nDATABASE_URL=${databaseUrl}\nKEY_PEPPER=${pepper}\n`);
  const env = { LOCAL_DIR: folder };
  const { out } = await run(env, ['keys', 'issue', 'acme']);
  t.match(await findKey(db, pepper, out.trim(), Date.now()), { principal: { slug: 'acme' } });
});

t.test('without a database it says what to do, and exits 5', async (t) => {
  const { databaseUrl, db } = await setUp(t);
  const nothing = { LOCAL_DIR: t.testdir() };
  t.match(await run(nothing, ['partners', 'list']), { code: 5, messages: /run \.\/scripts\/start/ });
  const stopped = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' };
  t.match(await run(stopped, ['partners', 'list']), { code: 5, messages: /cannot be used .*; check DATABASE_URL\n$/ });
  const noDatabase = { DATABASE_URL: `${databaseUrl}_missing` };
  t.match(await run(noDatabase, ['partners', 'list']), { code: 5, messages: /does not exist/ });
  const noPepper = { DATABASE_URL: databaseUrl };
  await createPartner(db, { slug: 'acme' });
  t.match(await run(noPepper, ['keys', 'issue', 'acme']), { code: 5, out: '', messages: /KEY_PEPPER is not set by the environment/ });
});
