import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { setUpAdmin } from './admin-process.ts';

const program = fileURLToPath(new URL('../../scripts/admin', import.meta.url));

type Env = Record<string, string>;

/** Runs a command on a full disk. */
async function runOnFullDisk(env: Env, ...args: string[]) {
  const full = await open('/dev/full', 'w');
  const child = spawn(program, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', full.fd, 'pipe'] });
  const [messages, [code]] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), once(child, 'close')]);
  await full.close();
  return { code, messages };
}

/** Runs a command whose reader has gone before it says anything. */
async function runUnread(env: Env, ...args: string[]) {
  const child = spawn(program, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [messages, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { code, messages };
}

async function setUp(t: Test) {
  const file = path.join(t.testdir(), 'vault.json');
  await createKeyFile(file);
  const admin = await setUpAdmin(t, { VAULT_KEY_FILE: file });
  await admin.json('partners', 'create', 'acme');
  return admin;
}

t.test('output that cannot be written is exit code 1, and said in one line', async (t) => {
  const { env } = await setUp(t);
  for (const args of [['partners', 'list'], ['partners', 'show', 'acme', '--json'], ['audit', 'export'], ['--help'], ['audit', 'verify']])
    t.match(await runOnFullDisk(env, ...args), { code: 1, messages: /(^|\n)admin: cannot write: ENOSPC\n$/ }, args.join(' '));
});

t.test('a reader that has gone is exit code 141, without a word', async (t) => {
  const { env } = await setUp(t);
  t.same(await runUnread(env, 'partners', 'list'), { code: 141, messages: '' });
});

t.test('a key that was made and could not be printed is not made in silence', async (t) => {
  const { db, env, json } = await setUp(t);
  const made = (id: number) =>
    new RegExp(`key ${id} of acme was made all the same; \\./scripts/admin keys reveal ${id} --reason … shows it\n`);
  t.match(await runOnFullDisk(env, 'keys', 'issue', 'acme'), { code: 1, messages: made(1) });
  t.match(await runOnFullDisk(env, 'keys', 'issue', 'acme', '--json'), { code: 1, messages: made(2) });
  t.match(await runOnFullDisk(env, 'keys', 'rotate', '1', '--json'), { code: 1, messages: made(3) });
  t.match(await runUnread(env, 'keys', 'rotate', '2'), { code: 141, messages: made(4) });
  t.match(await runOnFullDisk({ ...env, VAULT_KEY_FILE: '' }, 'keys', 'issue', 'acme'), {
    code: 1,
    messages: /key 5 of acme was made all the same; there is no vault to show it again: .*keys revoke 5, and issue another\n/,
  });
  t.equal((await db.selectFrom('api_keys').select('id').execute()).length, 5);
  t.match(await json('keys', 'reveal', '3', '--reason', 'it was not printed'), { key_id: 3, api_key: /^sk_beta_acme_/ });
});
