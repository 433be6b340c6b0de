import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import t, { type Test } from 'tap';
import type { Database } from '../../src/platform/schema.ts';
import { kmsEnvironment, startKms } from '../helper/kms.ts';
import { runAdmin, setUpAdmin } from './admin-process.ts';

async function setUp(t: Test) {
  const file = path.join(t.testdir(), 'vault.json');
  t.match(await runAdmin({}, ['vault', 'init', file, '--json']), { code: 0, out: /"created": true/ });
  const admin = await setUpAdmin(t, { VAULT_KEY_FILE: file });
  for (const slug of ['acme', 'other']) {
    await admin.json('partners', 'create', slug);
    await admin.json('keys', 'issue', slug);
  }
  return { ...admin, file };
}

t.test('a key file is made once; asked for only if it is missing, it is left alone', async (t) => {
  const file = path.join(t.testdir(), 'vault.json');
  t.match(await runAdmin({}, ['vault', 'init', file]), {
    code: 0,
    out: '',
    messages: /holds the master key mk_\w+; .*keep a copy elsewhere/,
  });
  const made = await readFile(file, 'utf8');
  t.match(await runAdmin({}, ['vault', 'init', file]), { code: 4, messages: /is there already/ });
  t.match(await runAdmin({}, ['vault', 'init', file, '--if-missing', '--json']), { code: 0, out: /"created": false/ });
  t.equal(await readFile(file, 'utf8'), made);
  await writeFile(file, 'damaged');
  t.match(await runAdmin({}, ['vault', 'init', file, '--if-missing']), { code: 1, messages: /damaged/ }, 'damaged is not missing');
  t.equal(await readFile(file, 'utf8'), 'damaged');
});

t.test('a rotation changes the master key, wraps everything anew, and is written down', async (t) => {
  const { db, json, run } = await setUp(t);
  const before = await json('vault', 'status');
  t.match(before, { kind: 'file', last_key_rotation: null, master_keys: [{ current: true, secrets: 2 }] });
  t.match(await json('vault', 'rotate', '--dry-run'), {
    dry_run: true,
    from: [before.master_keys[0].master_key],
    to: null,
    rewrapped: 2,
  });
  t.same(await json('vault', 'status'), before, 'a dry run changes nothing');
  t.match(await run('vault', 'rotate'), { code: 2, messages: /repeat with --yes/ });
  const rotation = await json('vault', 'rotate', '--yes', '--reason', 'yearly');
  t.match(rotation, { from: [before.master_keys[0].master_key], rewrapped: 2, broken: [], removed_master_keys: [] });
  const after = await json('vault', 'status');
  t.match(after, { last_key_rotation: /Z$/, master_keys: [{ master_key: rotation.to, current: true, secrets: 2 }] });
  t.match(await json('vault', 'verify'), { ok: true, secrets: 2, faults: [] });
  const entry = await db.selectFrom('audit_log').selectAll().where('action', '=', 'vault.rotated').executeTakeFirstOrThrow();
  t.match(entry, { actor: 'admin:alice', subject: 'vault', reason: 'yearly', details: { to: rotation.to, rewrapped: 2 } });
});

t.test('a rotation that broke off is gone on with, under the master key that it had made', async (t) => {
  const { db, file, json } = await setUp(t);
  const kept = JSON.parse(await readFile(file, 'utf8'));
  const first = await json('vault', 'rotate', '--yes');
  // As if it had been killed after the first secret.
  await db.updateTable('vault_secrets').set({ master_key: kept.current }).where('key_id', '=', 2).execute();
  t.match(await json('vault', 'rotate', '--dry-run'), { from: [kept.current], to: first.to, rewrapped: 1 });
  const second = await json('vault', 'rotate', '--yes').catch((error) => error);
  t.match(second, { message: /1 secrets do not open/ }, 'here the row says a master key that did not wrap it');
  const { wrapped_data_key } = await db.selectFrom('vault_secrets').selectAll().where('key_id', '=', 2).executeTakeFirstOrThrow();
  await db.updateTable('vault_secrets').set({ master_key: first.to, wrapped_data_key }).where('key_id', '=', 2).execute();
  t.match(await json('vault', 'verify'), { ok: true });
});

t.test('a retired master key that wraps nothing is taken out of the file by a later rotation', async (t) => {
  const { file, json } = await setUp(t);
  const first = await json('vault', 'rotate', '--yes');
  const kept = JSON.parse(await readFile(file, 'utf8'));
  kept.keys[first.from[0]].retired_at = new Date(Date.now() - 3_601_000).toISOString();
  await writeFile(file, JSON.stringify(kept));
  const second = await json('vault', 'rotate', '--yes');
  t.same(second.removed_master_keys, first.from);
  t.same(Object.keys(JSON.parse(await readFile(file, 'utf8')).keys), [first.to, second.to], 'the one that was retired just now stays');
  t.match(await json('vault', 'verify'), { ok: true });
});

t.test('verify fails, names the key, and says what is wrong', async (t) => {
  const { db, run } = await setUp(t);
  await db
    .updateTable('vault_secrets')
    .set({ sealed: Buffer.alloc(80) })
    .where('key_id', '=', 2)
    .execute();
  const found = await run('vault', 'verify', '--json');
  t.equal(found.code, 1);
  t.match(JSON.parse(found.out), { ok: false, secrets: 2, faults: [{ key_id: 2, partner: 'other', fault: 'broken' }] });
  t.match(await run('vault', 'verify'), {
    code: 1,
    out: /^key_id .*\n2 +sk_beta_other_\w{6} +other +broken /,
    messages: /1 keys are not as they should be/,
  });
});

t.test('KMS: keys are sealed under it, and another key of it takes over', async (t) => {
  const kms = await startKms(t);
  const admin = await setUpAdmin(t, { ...kmsEnvironment, AWS_ENDPOINT_URL_KMS: kms.endpoint, VAULT_KMS_KEY: 'alias/one' });
  await admin.json('partners', 'create', 'acme');
  const { api_key: key, key_id: id } = await admin.json('keys', 'issue', 'acme');
  t.match(await admin.json('vault', 'status'), { kind: 'kms', master_keys: [{ master_key: kms.arn('alias/one'), secrets: 1 }] });
  t.match(await admin.run('vault', 'rotate', '--yes'), { code: 4, messages: /name another key by VAULT_KMS_KEY/ });
  t.match(await admin.json('vault', 'rotate', '--all', '--yes'), { rewrapped: 1, to: kms.arn('alias/one') });
  admin.env.VAULT_KMS_KEY = 'alias/two';
  t.match(await admin.json('vault', 'rotate', '--yes'), { from: [kms.arn('alias/one')], to: kms.arn('alias/two'), rewrapped: 1 });
  t.equal((await admin.json('keys', 'reveal', `${id}`, '--reason', 'test')).api_key, key);
  kms.failures.push({ status: 400, type: 'AccessDeniedException' });
  t.match(await admin.run('keys', 'reveal', `${id}`, '--reason', 'test'), {
    code: 1,
    out: '',
    messages: /vault: KMS cannot be used \(AccessDenied/,
  });
});

t.test('no key and no data key is anywhere in the database', async (t) => {
  const { databaseUrl, db, json } = await setUp(t);
  const { api_key: key } = await json('keys', 'issue', 'acme');
  await json('keys', 'reveal', '3', '--reason', 'test');
  await json('keys', 'rotate', '3');
  await json('vault', 'rotate', '--yes');
  const { rows } = await tables(db);
  for (const { name } of rows) {
    const dump = await wholeTable(db, name);
    t.notMatch(dump, key, `${name} does not hold the key`);
    t.notMatch(dump, Buffer.from(key).toString('hex'), `${name} does not hold its bytes`);
  }
  t.ok(rows.length > 10, databaseUrl);
});

function tables(db: Kysely<Database>) {
  return sql<{ name: string }>`
    SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT LIKE 'kysely%'`.execute(db);
}

async function wholeTable(db: Kysely<Database>, name: string): Promise<string> {
  const { rows } = await sql<{ line: string }>`SELECT t::text AS line FROM ${sql.raw(name)} t`.execute(db);
  return rows.map(({ line }) => line).join('\n');
}
