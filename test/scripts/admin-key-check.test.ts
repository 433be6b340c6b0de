import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { createPartner, issueKey, revokeKey } from '../../src/modules/partners/store.ts';
import { generateKey, keyPrefix } from '../../src/pipeline/auth/key-format.ts';
import { createPools } from '../../src/platform/postgres.ts';
import { createTestDatabase } from '../helper/database.ts';

const program = fileURLToPath(new URL('../../scripts/admin', import.meta.url));
const pepper = 'a pepper of at least 32 characters';
const hourMs = 3_600_000;

type Env = Record<string, string>;

/** `admin keys check`, as a person or a pipeline runs it; `input` comes on its standard input. */
async function check(env: Env, input: string, ...args: string[]) {
  const child = spawn(program, ['keys', 'check', ...args], { env: { PATH: process.env.PATH ?? '', ...env }, stdio: 'pipe' });
  child.stdin.on('error', () => {}); // it may end without having read
  child.stdin.end(input);
  const [out, messages, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, messages };
}

async function setUp(t: Test) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 1, onIdleError: () => {} });
  t.teardown(() => pools.close());
  await createPartner(pools.db, { slug: 'acme' });
  const issue = (expiresAt: Date | null = null) => issueKey(pools.db, { pepper }, { slug: 'acme', expiresAt });
  return { db: pools.db, issue, env: { DATABASE_URL: databaseUrl, KEY_PEPPER: pepper } };
}

const mistyped = (key: string) => key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');

t.test('of every string of our form in a text it says whose it is and what it is good for, and shows none of them', async (t) => {
  const { db, issue, env } = await setUp(t);
  const [good, revoked, expired] = [await issue(), await issue(), await issue(new Date(Date.now() - hourMs))];
  await revokeKey(db, `${revoked.key_id}`);
  await db
    .updateTable('api_keys')
    .set({ last_used_at: new Date('2026-11-24T12:00:00Z') })
    .where('id', '=', good.key_id)
    .execute();
  const unknown = generateKey('live', 'other');
  const typo = mistyped(good.api_key);
  const log = `key=${good.api_key}\n"${revoked.api_key}" ${good.api_key}\n${expired.api_key}\n${unknown}\n${typo}\n${good.api_key}x`;
  const file = path.join(t.testdir(), 'leaked.log');
  await writeFile(file, log);

  const ofFile = await check(env, '', '--file', file, '--json');
  t.equal(ofFile.code, 0);
  const common = { occurrences: 1, checksum: 'valid', partner: 'acme', last_used_at: null };
  const nobody = { partner: null, key_id: null, last_used_at: null };
  t.same(JSON.parse(ofFile.out), [
    {
      ...common,
      key_prefix: good.key_prefix,
      line: 1,
      occurrences: 2,
      status: 'active',
      key_id: good.key_id,
      last_used_at: '2026-11-24T12:00:00.000Z',
    },
    { ...common, key_prefix: revoked.key_prefix, line: 2, status: 'revoked', key_id: revoked.key_id },
    { ...common, key_prefix: expired.key_prefix, line: 3, status: 'expired', key_id: expired.key_id },
    { ...common, ...nobody, key_prefix: keyPrefix(unknown), line: 4, status: 'unknown' },
    { ...common, ...nobody, key_prefix: keyPrefix(typo), line: 5, checksum: 'invalid', status: 'unknown' },
  ]);
  t.equal(ofFile.messages, `still good: ${good.key_id}; end a key that has leaked with ./scripts/admin keys revoke <key_id>\n`);

  const ofInput = await check(env, log);
  t.match(ofInput, { code: 0, out: /^key_prefix +line +occurrences +checksum +status +partner +key_id +last_used_at\nsk_beta_acme_/ });
  t.equal(ofInput.out.split('\n').length, 7);
  for (const { out, messages } of [ofFile, ofInput])
    for (const secret of [good.api_key, revoked.api_key, expired.api_key, unknown, typo]) t.notOk((out + messages).includes(secret));
});

t.test('the exit code is 3 when none is ours, and when there is none', async (t) => {
  const { env } = await setUp(t);
  const unknown = generateKey('beta', 'acme');
  const stranger = await check(env, unknown, '--json');
  t.match(stranger, { code: 3, messages: /1 of the form of a key, and none was issued here/ });
  t.match(JSON.parse(stranger.out), [{ status: 'unknown', key_id: null }], 'what was found is shown all the same');
  t.match(await check(env, 'nothing here', '--json'), { code: 3, out: '[]\n', messages: /nothing in the text has the form/ });
  t.match(await check(env, 'nothing here'), { code: 3, out: '', messages: /nothing in the text has the form/ });
  t.match(await check({ ...env, KEY_PEPPER: 'another pepper, also of 32 characters' }, unknown), { code: 3 });
});

t.test('offline it says what the checksum says, without any database', async (t) => {
  const nothing = { LOCAL_DIR: t.testdir() };
  const key = generateKey('live', 'acme');
  const { code, out } = await check(nothing, `${mistyped(key)}\n${key}\n`, '--offline', '--json');
  t.equal(code, 0);
  const unasked = { occurrences: 1, status: null, partner: null, key_id: null, last_used_at: null };
  t.same(JSON.parse(out), [
    { ...unasked, key_prefix: keyPrefix(key), line: 1, checksum: 'invalid' },
    { ...unasked, key_prefix: keyPrefix(key), line: 2, checksum: 'valid' },
  ]);
  t.match(await check(nothing, mistyped(key), '--offline'), { code: 3, messages: /the checksum of none holds/ });
});

t.test('without a database it exits 5 and says that --offline needs none', async (t) => {
  const key = generateKey('live', 'acme');
  for (const env of [{ LOCAL_DIR: t.testdir() }, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing', KEY_PEPPER: pepper }] as Env[])
    t.match(await check(env, key), { code: 5, out: '', messages: /; --offline needs none/ });
});

t.test('a file that cannot be read, and a key as an argument, are mistakes of usage; the key is not repeated', async (t) => {
  const { env } = await setUp(t);
  t.match(await check(env, '', '--file', '/nowhere/at/all'), { code: 2, messages: /cannot read \/nowhere\/at\/all: ENOENT/ });
  t.match(await check(env, '', '--offline', '--file', t.testdir()), { code: 2, messages: /cannot read .*EISDIR/ });
  const key = generateKey('live', 'acme');
  const given = await check(env, '', key);
  t.match(given, { code: 2, out: '', messages: /that is a whole key/ });
  t.notOk(given.messages.includes(key));
  t.match(await check(env, '', 'leaked.log'), { code: 2, messages: /the text comes from --file or standard input/ });
});
