import path from 'node:path';
import t from 'tap';
import { wholeTables } from '../modules/partners/means.ts';
import { runAdmin, runAdminProcess } from './admin-process.ts';
import { setUpImport } from './import-setup.ts';

t.test('rows come from a pipe, too; paths are those of the caller’s folder', async (t) => {
  const { env, run } = await setUpImport(t);
  const args = ['partners', 'import', '-', '--format', 'yaml', '--json'];
  t.match(await runAdminProcess(env, args, '- slug: acme\n'), { code: 0, out: /"created": 1/ });
  t.match(await run('partners', 'import', 'not-there.csv'), { code: 2, messages: /cannot read not-there\.csv: ENOENT/ });
});

t.test('a file or a command that cannot be used is exit code 2, and nothing is done', async (t) => {
  const { db, env, run, write, folder } = await setUpImport(t);
  const good = await write('p.csv', 'slug\nacme\n');
  const open = await write('open.jsonl', '');
  const withoutVault = { DATABASE_URL: env.DATABASE_URL as string, KEY_PEPPER: env.KEY_PEPPER as string };
  t.match(await run('partners', 'import', await write('q.csv', 'slug,emial\nacme,a\n')), {
    code: 2,
    messages: /q\.csv: line 1: the column "emial" is not known; did you mean "contact_email"\?/,
  });
  t.match(await run('partners', 'import', await write('r.csv', 'slug\n')), { code: 2, messages: /r\.csv: it has no rows/ });
  t.match(await run('partners', 'import', good, '--format', 'xml'), { code: 2, messages: /Allowed choices are csv, json, yaml/ });
  t.match(await run('partners', 'import', good, '--expires', 'soon'), { code: 2, messages: /RFC 3339/ });
  t.match(await run('partners', 'import', good, '--results', open), { code: 2, messages: /others can read it: chmod 600/ });
  for (const more of [[], ['--json']])
    t.match(await runAdmin(withoutVault, ['partners', 'import', good, ...more]), { code: 2, out: '', messages: /there is no vault/ });
  t.same((await wholeTables(db)).partners, []);
  const keysFile = path.join(folder, 'keys.jsonl');
  t.match(await runAdmin(withoutVault, ['partners', 'import', good, '--results', keysFile]), {
    code: 0,
    messages: /keys made: 1; not shown here, but in .*keys\.jsonl\n/,
  });
});

t.test('without KEY_PEPPER or a key file that can be used nothing is done, and what is missing is said', async (t) => {
  const { db, env, write, folder } = await setUpImport(t);
  const file = await write('p.csv', 'slug\nacme\n');
  const withoutPepper = { DATABASE_URL: env.DATABASE_URL as string, VAULT_KEY_FILE: env.VAULT_KEY_FILE as string };
  t.match(await runAdmin(withoutPepper, ['partners', 'import', file]), { code: 5, messages: /KEY_PEPPER is not set/ });
  t.match(await runAdmin({ ...env, VAULT_KEY_FILE: path.join(folder, 'none.json') }, ['partners', 'import', file]), {
    code: 1,
    messages:
      /vault: .*none\.json is missing[\s\S]*0 rows are done and 1 are not: lines 2 \(acme\) to 2 \(acme\); the same command goes on from there/,
  });
  t.same((await wholeTables(db)).partners, []);
  t.match(await runAdmin(withoutPepper, ['partners', 'import', file, '--no-keys']), { code: 0 }, 'no key needs no pepper');
});
