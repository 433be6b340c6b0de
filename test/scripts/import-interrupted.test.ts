import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import type { Connection } from '../../scripts/administration/database.ts';
import { ResultsFile } from '../../scripts/administration/import-results.ts';
import { checkRows } from '../../scripts/administration/import-rows.ts';
import { runImport } from '../../scripts/administration/import-run.ts';
import { findKey } from '../../src/pipeline/auth/key-store.ts';
import { testPepper } from '../helper/app.ts';
import { databaseUrl as urlOf } from '../helper/database.ts';
import { until } from '../helper/until.ts';
import { setUpMeans, wholeTables } from '../modules/partners/means.ts';
import { type ImportSetUp, manyPartners, setUpImport, startImport } from './import-setup.ts';

const count = 200;

async function setUp(t: Test) {
  const world = await setUpImport(t);
  const file = await world.write('p.csv', manyPartners(count));
  const keysFile = path.join(world.folder, 'keys.jsonl');
  return { ...world, file, keysFile, args: [file, '--results', keysFile] };
}

/** Resolves when the import has reported so many rows. */
async function afterRows(keysFile: string, rows: number): Promise<void> {
  await until(
    `${rows} rows are reported`,
    async () => {
      const text = await readFile(keysFile, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line.includes('"outcome"')).length >= rows;
    },
    60_000,
  );
}

/** Every partner has one key that servers accept, and the results of all imports together have it. */
async function allHaveTheirKey(t: Test, { db, results }: ImportSetUp, keysFile: string): Promise<void> {
  const { partners, keys } = await wholeTables(db);
  t.equal(partners.length, count);
  t.equal(keys.length, count);
  t.equal(new Set(keys.map(({ partner_id }) => partner_id)).size, count, 'one key each');
  const kept = new Map((await results(keysFile)).filter(({ api_key }) => api_key).map(({ slug, api_key }) => [slug, api_key as string]));
  t.equal(kept.size, count);
  // One after the other: all at once would wait for a connection longer than a pool lets them on a busy machine.
  const refused: unknown[] = [];
  for (const [slug, key] of kept) {
    const state = await findKey(db, testPepper, key, Date.now());
    if (!('principal' in state) || state.principal.slug !== slug) refused.push(slug);
  }
  t.same(refused, [], 'servers accept every key that was kept');
}

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`${signal}: the row under way is finished, the rest is named, and the same command goes on from there`, async (t) => {
    const world = await setUp(t);
    const { child, ended } = startImport(world.env, ...world.args, '--json');
    await afterRows(world.keysFile, 20);
    child.kill(signal);
    const { code, out, messages } = await ended;
    t.equal(code, exitCode);
    const { results, not_done } = JSON.parse(out);
    t.equal(results.length + not_done.length, count);
    t.ok(results.length >= 20 && not_done.length > 0);
    t.match(not_done[0], { line: results.length + 2, slug: `partner${results.length}` });
    t.match(
      messages,
      new RegExp(`stopped by ${signal}; ${results.length} rows are done and ${not_done.length} are not: lines ${results.length + 2} `),
    );
    t.equal((await wholeTables(world.db)).keys.length, results.length, 'what is done is what was said');

    t.match(await world.run('partners', 'import', ...world.args), {
      code: 0,
      messages: new RegExp(`${not_done.length} created, ${results.length} unchanged`),
    });
    await allHaveTheirKey(t, world, world.keysFile);
  });
}

t.test('kill −9 at any moment loses no key: the next import finishes, and the results of both have all of them', async (t) => {
  const world = await setUp(t);
  for (const rows of [7, 60, 130]) {
    const { child, ended } = startImport(world.env, ...world.args);
    await afterRows(world.keysFile, rows);
    child.kill('SIGKILL');
    t.match(await ended, { signal: 'SIGKILL' });
  }
  t.match(await world.run('partners', 'import', ...world.args), { code: 0 });
  await allHaveTheirKey(t, world, world.keysFile);
});

t.test('a database that goes away in the middle: it stops, says how far it came, and the same command goes on from there', async (t) => {
  const world = await setUp(t);
  const name = new URL(world.databaseUrl).pathname.slice(1);
  const admin = new pg.Client({ connectionString: urlOf(world.databaseUrl, 'postgres') });
  await admin.connect();
  t.teardown(() => admin.end());
  const { ended } = startImport(world.env, ...world.args, '--json');
  await afterRows(world.keysFile, 20);
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'triggers-admin'`, [
    name,
  ]);
  const { code, out, messages } = await ended;
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  t.equal(code, 5);
  const { results, not_done } = JSON.parse(out);
  t.equal(results.length + not_done.length, count);
  t.ok(
    results.every(({ api_key }: { api_key?: string }) => api_key),
    'the keys that were made are not lost',
  );
  t.match(
    messages,
    new RegExp(
      `the database cannot be used [\\s\\S]*\n${results.length} rows are done and ${not_done.length} are not: .*the same command goes on from there`,
    ),
  );

  t.match(await world.run('partners', 'import', ...world.args), { code: 0 });
  await allHaveTheirKey(t, world, world.keysFile);
});

t.test('two imports of one file at once: one partner and one key each, and every key is reported by one of them', async (t) => {
  const world = await setUp(t);
  const files = [path.join(world.folder, 'a.jsonl'), path.join(world.folder, 'b.jsonl')];
  const both = await Promise.all(files.map((keysFile) => startImport(world.env, world.file, '--results', keysFile).ended));
  t.match(both, [{ code: 0 }, { code: 0 }], both.map(({ messages }) => messages).join(''));
  const together = (await Promise.all(files.map((keysFile) => readFile(keysFile, 'utf8')))).join('');
  await allHaveTheirKey(t, world, await world.write('both.jsonl', together));
});

t.test('a process that ends between the commit and its report loses no key', async (t) => {
  const means = await setUpMeans(t);
  const file = path.join(path.dirname(means.keyFile), 'keys.jsonl');
  const rows = checkRows([{ line: 2, cells: { slug: 'acme' }, errors: [] }]);
  const connection = { db: means.db, secrets: () => means.secrets, change: means.change } as unknown as Connection;
  const dying: Connection = {
    ...connection,
    async change(work) {
      await means.change(work);
      throw new Error('the process ends here');
    },
  };
  const first = await ResultsFile.open(file);
  t.match(await runImport({ rows, connection: dying, results: first }), {
    done: [],
    stop: { error: { message: 'the process ends here' } },
  });
  await first.close();

  const second = await ResultsFile.open(file);
  const { done } = await runImport({ rows, connection, results: second });
  await second.close();
  t.match(done, [{ slug: 'acme', outcome: 'unchanged', key_id: 1, api_key: /^sk_beta_acme_/ }]);
  t.match(await findKey(means.db, means.secrets.pepper, done[0]?.api_key as string, Date.now()), { principal: { slug: 'acme' } });
});

t.test('a row in the way of another transaction is tried again; one that the database refuses fails alone', async (t) => {
  const means = await setUpMeans(t);
  const errors = [{ code: '40P01' }, { code: '55P03' }, { code: '22021', message: 'invalid byte sequence' }];
  const connection = {
    db: means.db,
    secrets: () => means.secrets,
    change(work: Parameters<typeof means.change>[0]) {
      const error = errors.shift();
      return error ? Promise.reject(Object.assign(new Error(error.message), error)) : means.change(work);
    },
  } as unknown as Connection;
  const rows = checkRows(['acme', 'globe'].map((slug, index) => ({ line: index + 2, cells: { slug }, errors: [] })));
  t.match(await runImport({ rows, connection }), {
    done: [
      { slug: 'acme', outcome: 'failed', errors: [{ column: null, message: 'The database refuses the row: invalid byte sequence.' }] },
      { slug: 'globe', outcome: 'created' },
    ],
    stop: undefined,
  });
});

t.test('a row whose report cannot be written is done all the same, and the import stops', async (t) => {
  const means = await setUpMeans(t);
  const connection = { db: means.db, secrets: () => means.secrets, change: means.change } as unknown as Connection;
  const rows = checkRows(['acme', 'globe'].map((slug, index) => ({ line: index + 2, cells: { slug }, errors: [] })));
  const full = {
    prepare: async () => {},
    unreported: () => undefined,
    append: () => Promise.reject(new Error('the disk is full')),
  } as unknown as ResultsFile;
  t.match(await runImport({ rows, connection, results: full }), {
    done: [{ slug: 'acme', outcome: 'created', api_key: /^sk_beta_acme_/ }],
    stop: { error: { message: 'the disk is full' } },
  });
  t.equal((await wholeTables(means.db)).partners.length, 1);
});
