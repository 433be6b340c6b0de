import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { parseRows } from '../../scripts/administration/import-file.ts';
import type { RowResult } from '../../scripts/administration/import-run.ts';
import { createPartner, listPartners, showPartner, suspendPartner } from '../../src/modules/partners/store.ts';
import { findKey } from '../../src/pipeline/auth/key-store.ts';
import { testPepper } from '../helper/app.ts';
import { wholeTables } from '../modules/partners/means.ts';
import { sample, setUpImport } from './import-setup.ts';

const beta = 'slug,partner_name,contact_email\n';

t.test('ten partners of the sample file are provisioned in one go, and again changes nothing', async (t) => {
  const { db, json } = await setUpImport(t);
  const first = await json('partners', 'import', sample);
  t.match(first, { created: 10, unchanged: 0, updated: 0, differs: 0, failed: 0, not_done: [], dry_run: false });
  t.equal(first.results.length, 10);
  for (const [index, { api_key, ...result }] of first.results.entries()) {
    const state = await findKey(db, testPepper, api_key, Date.now());
    const limits = { ratePerSecond: 100, burst: 100, monthlyQuota: 2_592_000_000 };
    t.match(state, { suspended: false, principal: { slug: result.slug, ...limits } }, `servers accept the key of ${result.slug}`);
    t.match(result, { line: index + 2, outcome: 'created', partner_id: `beta_${101 + index}`.replace('_', '_000'), errors: [] });
    t.ok(api_key.startsWith(result.key_prefix) && result.key_prefix.startsWith(`sk_beta_${result.slug}_`));
    const days = (Date.parse(result.expires_at) - Date.now()) / 86_400_000;
    t.ok(days > 179.9 && days <= 180, `good for ${days} days`);
  }
  t.match(await showPartner(db, 'harborlight'), {
    partner_name: 'Harborlight "Fresh" Foods',
    contact_email: 'backend@harborlight.example',
    contact_phone: '+49-30-5550108',
    slack_channel: '#harborlight-beta',
    primary_contact: 'Jürgen Groß',
    backup_contact: 'Marta Nowak',
  });

  const before = await wholeTables(db);
  t.equal(before.audit.length, 20, 'each partner and each key is audited');
  t.ok(before.audit.every(({ actor }) => actor === 'admin:alice'));
  const second = await json('partners', 'import', sample);
  t.match(second, { created: 0, unchanged: 10, failed: 0 });
  t.ok(second.results.every((row: RowResult) => row.api_key === undefined && row.key_prefix !== null));
  t.same(await wholeTables(db), before);
  t.notOk(
    first.results.some(({ api_key }: RowResult) => JSON.stringify(before).includes(api_key as string)),
    'no key is in a table',
  );
});

t.test('each format gives the same partners', async (t) => {
  const rows = (await parseRows(await readFile(sample, 'utf8'), 'csv')).map(({ cells }) => cells);
  const given: unknown[] = [];
  for (const [name, text] of [
    ['p.csv', await readFile(sample, 'utf8')],
    ['p.json', JSON.stringify(rows)],
    ['p.yaml', stringify(rows)],
  ] as const) {
    await t.test(name, async (t) => {
      const { db, json, write } = await setUpImport(t);
      t.match(await json('partners', 'import', await write(name, text)), { created: 10, failed: 0 });
      given.push((await listPartners(db)).map(({ created_at, key_prefix, expires_at, ...partner }) => partner));
    });
  }
  t.same(given[1], given[0]);
  t.same(given[2], given[0]);
});

t.test('a bad row is reported by line, stops nothing else, and makes the exit code 1', async (t) => {
  const { db, run, write } = await setUpImport(t);
  await createPartner(db, { slug: 'asleep' });
  await suspendPartner(db, 'asleep');
  const file = await write('p.csv', `${beta}acme,Acme,a@acme.example\nBad,"",nobody\nacme,Again,\nasleep,,\nshort\nlast,Last,\n`);
  const { code, out, messages } = await run('partners', 'import', file, '--json');
  t.equal(code, 1);
  const { results, ...counts } = JSON.parse(out);
  t.match(counts, { created: 2, failed: 4 });
  t.match(results, [
    { line: 2, slug: 'acme', outcome: 'created', errors: [] },
    { line: 3, slug: 'Bad', outcome: 'failed', errors: [{ column: 'slug' }, { column: 'contact_email' }] },
    { line: 4, slug: 'acme', outcome: 'failed', errors: [{ column: 'slug', message: /on line 2 already/ }] },
    { line: 5, slug: 'asleep', outcome: 'failed', errors: [{ column: 'slug', message: /partners resume asleep/ }] },
    { line: 6, slug: null, outcome: 'failed', errors: [{ column: null, message: /has 1 cells/ }] },
    { line: 7, slug: 'last', outcome: 'created' },
  ]);
  t.match(messages, /^6 rows: 2 created, 4 failed\nadmin: 4 of 6 partners are not as the file says\n$/);
});

t.test('for people there is a table without the keys, and word where they are', async (t) => {
  const { db, run, write, folder, results } = await setUpImport(t);
  const file = await write('p.csv', `${beta}acme,Acme,a@acme.example\nglobe,Globe,\n`);
  const keysFile = path.join(folder, 'keys.jsonl');
  const { code, out, messages } = await run('partners', 'import', file, '--results', keysFile);
  t.equal(code, 0);
  t.match(
    out,
    /^line +slug +outcome +key_prefix +detail\n2 +acme +created +sk_beta_acme_\w{6} +-\n3 +globe +created +sk_beta_globe_\w{6} +-\n$/,
  );
  t.match(messages, /^2 rows: 2 created\nkeys made: 2; not shown here, but in .*keys\.jsonl and by keys reveal\n$/);
  const kept = await results(keysFile);
  t.match(kept, [
    { slug: 'acme', api_key: /^sk_beta_acme_/ },
    { slug: 'globe', api_key: /^sk_beta_globe_/ },
  ]);
  const audit = JSON.stringify((await wholeTables(db)).audit);
  for (const { api_key } of kept) t.notOk([out, messages, audit].some((text) => text.includes(api_key as string)));
  t.match(
    (await run('partners', 'import', await write('q.csv', 'slug\nlast\n'))).messages,
    /^1 row: 1 created\nkeys made: 1; not shown here, but by keys reveal\n$/,
  );
});

t.test('a partner that differs is told field by field, and changed by --update alone', async (t) => {
  const { db, run, write } = await setUpImport(t);
  await run('partners', 'import', await write('p.csv', `${beta}acme,Acme,a@acme.example\n`));
  const before = await wholeTables(db);
  const file = await write('q.csv', 'slug,partner_name,rate_limit_per_sec\nacme,Acme Corp,500\n');
  const differs = await run('partners', 'import', file);
  t.match(differs, {
    code: 1,
    out: /differs .*partner_name: Acme → Acme Corp rate_limit_per_sec: 100 → 500\n/,
    messages: /--update changes those that differ/,
  });
  t.same(await wholeTables(db), before);
  t.match(await run('partners', 'import', file, '--update', '--reason', 'contract of May'), { code: 0, out: /updated/ });
  t.match(await showPartner(db, 'acme'), { partner_name: 'Acme Corp', rate_limit_per_sec: 500, contact_email: 'a@acme.example' });
  t.match((await wholeTables(db)).audit.at(-1), { action: 'partner.changed', reason: 'contract of May', actor: 'admin:alice' });
  t.match(await run('partners', 'import', file, '--update'), { code: 0, out: /unchanged/ });
});

t.test('--dry-run says what would be done, and writes nothing', async (t) => {
  const { db, run, json, write, folder } = await setUpImport(t);
  await createPartner(db, { slug: 'acme', fields: { partner_name: 'Acme' } });
  const before = await wholeTables(db);
  const file = await write('p.csv', `${beta}acme,Acme,a@acme.example\nglobe,Globe,\n`);
  const keysFile = path.join(folder, 'keys.jsonl');
  const planned = await json('partners', 'import', file, '--update', '--dry-run', '--results', keysFile);
  t.match(planned, {
    dry_run: true,
    created: 1,
    updated: 1,
    results: [
      { outcome: 'updated', key_id: null },
      { outcome: 'created', partner_id: null },
    ],
  });
  t.match(await run('partners', 'import', file, '--dry-run'), {
    code: 1,
    messages: /^2 rows \(nothing was done\): 1 created, 1 differs\n/,
  });
  t.same(await wholeTables(db), before);
  await t.rejects(readFile(keysFile), { code: 'ENOENT' });
});

t.test('the keys are as the options say, unless the row says otherwise; or none are made', async (t) => {
  const { db, json, write } = await setUpImport(t);
  const file = await write(
    'p.yaml',
    '- slug: acme\n- slug: globe\n  key_class: test\n  scopes: [inbox:read]\n  expires_at: 2099-01-01T00:00:00Z\n  allowed_cidrs: 192.0.2.0/24\n',
  );
  t.match(await json('partners', 'import', file, '--no-keys'), { created: 2, results: [{ key_id: null }, { key_id: null }] });
  t.same((await wholeTables(db)).keys, []);
  t.match(await json('partners', 'import', file, '--class', 'live', '--expires', 'never', '--scopes', 'events:write'), {
    updated: 2,
  });
  t.match((await wholeTables(db)).keys, [
    { class: 'live', scopes: ['events:write'], expires_at: null, allowed_cidrs: null },
    { class: 'test', scopes: ['inbox:read'], expires_at: new Date('2099-01-01T00:00:00Z'), allowed_cidrs: ['192.0.2.0/24'] },
  ]);
});

t.test('a partner whose id is made of its number does not take one that a later row has by name', async (t) => {
  const { json, write } = await setUpImport(t);
  const file = await write('p.csv', 'slug,partner_id\nacme,\nglobe,beta_000001\nlast,\n');
  const { results } = await json('partners', 'import', file);
  t.match(results, [{ partner_id: 'beta_000002' }, { partner_id: 'beta_000001' }, { partner_id: 'beta_000004' }]);
});
