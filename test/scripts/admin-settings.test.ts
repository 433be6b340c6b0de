import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { createPartner, issueKey } from '../../src/modules/partners/store.ts';
import { testPepper } from '../helper/app.ts';
import { wholeTables } from '../modules/partners/means.ts';
import { runAdmin } from './admin-process.ts';
import { setUpImport } from './import-setup.ts';

const otherPepper = 'another pepper, also of 32 characters';

async function setUp(t: Test) {
  const world = await setUpImport(t);
  await createPartner(world.db, { slug: 'acme' });
  const file = await world.write('p.csv', 'slug\nglobe\n');
  /** Every command that makes a key. */
  const makers = [
    ['keys', 'issue', 'acme'],
    ['keys', 'rotate', '1'],
    ['partners', 'import', file],
  ];
  return { ...world, makers };
}

t.test('under another pepper than that of the servers no key is made', async (t) => {
  const { db, env, json, makers, run } = await setUp(t);
  await json('keys', 'issue', 'acme');
  const before = await wholeTables(db);
  for (const args of makers) {
    const { code, out, messages } = await runAdmin({ ...env, KEY_PEPPER: otherPepper }, args);
    t.match({ code, out, messages }, { code: 2, out: '', messages: /KEY_PEPPER is not that of the servers/ }, args.join(' '));
    t.notMatch(messages, otherPepper);
  }
  t.same(await wholeTables(db), before);
  for (const args of makers) t.match(await run(...args), { code: 0 }, args.join(' '));
});

t.test('the pepper is held against keys that open and that servers know', async (t) => {
  const { db, env, json, run } = await setUp(t);
  const { key_id: broken } = await json('keys', 'issue', 'acme');
  const { key_id: foreign } = await json('keys', 'issue', 'acme');
  await db
    .updateTable('vault_secrets')
    .set({ sealed: Buffer.alloc(80) })
    .where('key_id', '=', broken)
    .execute();
  t.match(await runAdmin({ ...env, KEY_PEPPER: otherPepper }, ['keys', 'issue', 'acme']), { code: 2 }, 'by the second of them');
  await db.deleteFrom('vault_secrets').where('key_id', '=', foreign).execute();
  t.match(await run('keys', 'issue', 'acme'), { code: 0 }, 'one that is broken says nothing');
});

t.test('where nothing is in the vault, or there is none, there is nothing to hold it against', async (t) => {
  const { db, env } = await setUp(t);
  await issueKey(db, { pepper: testPepper }, { slug: 'acme' });
  t.match(await runAdmin({ ...env, KEY_PEPPER: otherPepper, VAULT_KEY_FILE: '' }, ['keys', 'issue', 'acme']), { code: 0 });
  t.match(await runAdmin({ ...env, KEY_PEPPER: otherPepper }, ['keys', 'issue', 'acme']), { code: 0 });
});

t.test('a pepper that servers would not start with is refused', async (t) => {
  const { db, env, makers } = await setUp(t);
  for (const args of [...makers.filter(([, verb]) => verb !== 'rotate'), ['vault', 'verify'], ['partners', 'verify']])
    t.match(
      await runAdmin({ ...env, KEY_PEPPER: 'x'.repeat(31) }, args),
      { code: 2, out: '', messages: /the KEY_PEPPER of the environment is no server's: it has 31 characters, and theirs at least 32/ },
      args.join(' '),
    );
  t.equal((await wholeTables(db)).keys.length, 0);
});

t.test('a DATABASE_URL that is none, or that would give up the role, is refused by name and not repeated', async (t) => {
  const { env, databaseUrl } = await setUp(t);
  for (const url of [
    'localhost:5432/secret',
    'mysql://user:secret@host/db',
    'postgres://user:secret@host:99999/db',
    'postgres://user:secret@[/db',
  ]) {
    const { code, messages } = await runAdmin({ ...env, DATABASE_URL: url }, ['partners', 'list']);
    t.match({ code, messages }, { code: 2, messages: /the DATABASE_URL of the environment is not of the form postgres:\/\// }, url);
    t.notMatch(messages, /secret/, url);
  }
  const options = new URL(databaseUrl);
  options.searchParams.set('options', '-c statement_timeout=5000');
  t.match(await runAdmin({ ...env, DATABASE_URL: options.href }, ['partners', 'list']), {
    code: 2,
    messages: /the DATABASE_URL of the environment has the parameter "options"/,
  });
});

t.test('a database that does not answer: what to look at depends on where the settings came from', async (t) => {
  const folder = path.join(t.testdir(), 'local');
  await mkdir(folder);
  const url = 'postgres://nobody@127.0.0.1:1/nothing';
  await writeFile(path.join(folder, 'server.env'), `DATABASE_URL=${url}\n`);
  const ofStart = await runAdmin({ LOCAL_DIR: folder }, ['partners', 'list']);
  t.match(ofStart, { code: 5, messages: /cannot be used .*; is \.\/scripts\/start running\?\n$/ });
  t.match(await runAdmin({ DATABASE_URL: url }, ['partners', 'list']), { code: 5, messages: /cannot be used .*; check DATABASE_URL\n$/ });
});

t.test('two vaults at once are refused; those of a start are not mixed with one of the environment', async (t) => {
  const { env, databaseUrl, folder } = await setUp(t);
  t.match(await runAdmin({ ...env, VAULT_KMS_KEY: 'alias/one' }, ['vault', 'status']), {
    code: 2,
    messages: /both VAULT_KEY_FILE and VAULT_KMS_KEY are set by the environment/,
  });
  const kept = { DATABASE_URL: databaseUrl, KEY_PEPPER: testPepper, VAULT_KEY_FILE: env.VAULT_KEY_FILE };
  await writeFile(
    path.join(folder, 'server.env'),
    Object.entries(kept)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(''),
  );
  const mixed = await runAdmin({ LOCAL_DIR: folder, VAULT_KMS_KEY: 'alias/one', KEY_PEPPER: 'short' }, ['keys', 'issue', 'acme']);
  t.match(mixed, { code: 0, messages: /keys reveal shows it again/ });
});

t.test('KMS without a region says which variable to set', async (t) => {
  const { env } = await setUp(t);
  const kms = { ...env, VAULT_KEY_FILE: '', VAULT_KMS_KEY: 'alias/one', AWS_CONFIG_FILE: '/dev/null', HOME: t.testdir() };
  t.match(await runAdmin(kms, ['vault', 'status']), { code: 1, messages: /KMS cannot be used .*Region is missing.*; set AWS_REGION\n$/ });
});

t.test('the fields of a partner are read as those of a row of an import', async (t) => {
  const { db, json, run } = await setUp(t);
  const before = await wholeTables(db);
  const wrong: [string, RegExp][] = [
    ['--contact-email=nobody', /It must be one mail address/],
    ['--contact-email=jürgen@acme.example', /in ASCII/],
    ['--contact-email=a@bücher.example', /in ASCII/],
    ['--contact-email=Acme <a@acme.example>', /It must be one mail address/],
    ['--slack-channel=#Acme Beta', /It must be like #acme-beta/],
  ];
  for (const [option, messages] of wrong) {
    t.match(await run('partners', 'create', 'globe', option), { code: 2, out: '', messages }, `create ${option}`);
    t.match(await run('partners', 'change', 'acme', option), { code: 2, out: '', messages }, `change ${option}`);
  }
  t.match(await run('partners', 'create', 'globe', '--partner-id', 'Beta 1'), { code: 2, messages: /It must be like beta_000001/ });
  t.same(await wholeTables(db), before);
  const good = ['--contact-email', "o'neill+beta@xn--bcher-kva.example", '--slack-channel', '#acme-beta'];
  t.match(await json('partners', 'change', 'acme', ...good), { contact_email: good[1], slack_channel: good[3] });
});
