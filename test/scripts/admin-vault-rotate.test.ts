import { chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import { lockWait } from '../helper/lock-wait.ts';
import { brokenWay } from '../pipeline/auth/tcp-proxy.ts';
import { runAdmin } from './admin-process.ts';
import { manyPartners, setUpImport, startAdmin } from './import-setup.ts';

const count = 60;

/** Sixty secrets, and a rotation that waits for the lock of their rows. */
async function setUp(t: Test) {
  const world = await setUpImport(t);
  await world.json('partners', 'import', await world.write('p.csv', manyPartners(count)));
  const holder = new pg.Client({ connectionString: world.databaseUrl });
  await holder.connect();
  t.teardown(() => holder.end());
  const old = JSON.parse(await readFile(world.env.VAULT_KEY_FILE as string, 'utf8')).current;
  async function startWaiting(...args: string[]) {
    await holder.query('BEGIN; SELECT FROM vault_secrets FOR UPDATE');
    const rotation = startAdmin(world.env, 'vault', 'rotate', '--yes', ...args);
    await lockWait(holder, 'row');
    return rotation;
  }
  const entries = () =>
    world.db.selectFrom('audit_log').select(['action', 'reason', 'details']).where('subject', '=', 'vault').orderBy('seq').execute();
  return { ...world, holder, old, startWaiting, entries };
}

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`${signal}: a rotation finishes what is under way, its beginning is written down, and the next goes on from there`, async (t) => {
    const { holder, old, startWaiting, entries, json } = await setUp(t);
    const { child, ended } = await startWaiting('--reason', 'leaked', '--json');
    t.match(await entries(), [{ action: 'vault.rotation_started', reason: 'leaked', details: { from: [old], secrets: count } }]);
    child.kill(signal);
    await holder.query('COMMIT');
    t.match(await ended, {
      code: exitCode,
      out: '',
      messages: `admin: stopped by ${signal}; what is done stays done, and the same command goes on from there\n`,
    });
    const [started] = await entries();
    const { master_keys } = await json('vault', 'status');
    const left = master_keys.find(({ master_key }: { master_key: string }) => master_key === old).secrets;
    t.ok(left > 0 && left < count, `${left} are left`);

    const second = await json('vault', 'rotate', '--yes');
    t.match(second, { dry_run: false, from: [old], to: started?.details.to, rewrapped: left, broken: [] });
    t.match(await entries(), [
      { action: 'vault.rotation_started' },
      { action: 'vault.rotation_started', details: { from: [old], to: second.to, secrets: left } },
      { action: 'vault.rotated', details: { from: [old], to: second.to, rewrapped: left, broken: 0 } },
    ]);
    t.match(await json('vault', 'verify'), { ok: true, secrets: count });
  });
}

t.test('whoever asks a second time is obeyed at once', async (t) => {
  const { startWaiting } = await setUp(t);
  const { child, ended } = await startWaiting();
  child.kill('SIGTERM');
  child.kill('SIGINT');
  const { code } = await ended; // the rows are locked all the time
  t.ok(code === 130 || code === 143, `${code}`);
});

t.test('of two rotations at once one is refused, and has made no master key', async (t) => {
  const { env, holder, startWaiting, run, entries } = await setUp(t);
  const { ended } = await startWaiting();
  const kept = await readFile(env.VAULT_KEY_FILE as string, 'utf8');
  t.match(await run('vault', 'rotate', '--yes'), { code: 4, out: '', messages: 'admin: another vault rotate is running\n' });
  t.equal(await readFile(env.VAULT_KEY_FILE as string, 'utf8'), kept);
  t.match(await run('vault', 'rotate', '--dry-run'), { code: 0 });
  await holder.query('COMMIT');
  t.match(await ended, { code: 0, messages: new RegExp(`^${count} secrets are under mk_`) });
  t.match(await entries(), [{ action: 'vault.rotation_started' }, { action: 'vault.rotated', details: { rewrapped: count } }]);
});

t.test('a rotation can follow another at once, also when Postgres has not noticed yet that the first has ended', async (t) => {
  const { env, json, databaseUrl } = await setUpImport(t);
  const way = await brokenWay(databaseUrl);
  t.teardown(way.close);
  way.loseEnds();
  env.DATABASE_URL = way.url;
  const first = await json('vault', 'rotate', '--yes');
  t.ok(way.lostEnds() > 0, 'its sessions are open still');
  t.match(await json('vault', 'rotate', '--yes'), { from: [first.to] });
});

t.test('a dry run has the names of the real one', async (t) => {
  const { json, run } = await setUpImport(t);
  const planned = await json('vault', 'rotate', '--dry-run');
  t.match(await run('vault', 'rotate', '--dry-run'), {
    code: 0,
    out: '',
    messages: '0 secrets would be wrapped anew, under a new master key; nothing was done\n',
  });
  t.same(Object.keys(planned), Object.keys(await json('vault', 'rotate', '--yes')));
});

t.test('a key file that cannot be written: the place and what to do are said, and the database is not blamed', async (t) => {
  const folder = t.testdir({ file: '' });
  const file = path.join(folder, 'none', 'vault.json');
  t.match(await runAdmin({}, ['vault', 'init', file]), {
    code: 2,
    out: '',
    messages: `admin: vault: cannot write ${file}: the folder ${path.dirname(file)} is missing: make it first\n`,
  });
  t.match(await runAdmin({}, ['vault', 'init', path.join(folder, 'file', 'vault.json')]), {
    code: 2,
    messages: /cannot write .*: .*file is no folder: name another place\n$/,
  });
  if (process.getuid?.() === 0) return; // root may write everywhere
  await chmod(folder, 0o500);
  t.match(await runAdmin({}, ['vault', 'init', path.join(folder, 'vault.json')]), {
    code: 2,
    messages: /this user may not write to the folder .*\n$/,
  });
});
