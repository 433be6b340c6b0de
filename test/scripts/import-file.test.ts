import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { type FileFormat, mostRows, nearestColumn, parseRows, readImportFile } from '../../scripts/administration/import-file.ts';

const errorsOf = async (text: string, format: FileFormat) =>
  (await parseRows(text, format)).map(({ line, cells, errors }) => [
    line,
    cells.slug ?? null,
    ...errors.map((error) => `${error.column}: ${error.message}`),
  ]);

t.test('a row with too many or too few cells costs that row alone', async (t) => {
  const csv = 'slug,partner_name\r\nacme,Acme\r\n\r\nglobe,"two\r\nlines"\r\nbad,1,2\r\nworse\r\n,\r\nlast,Last';
  t.match(await errorsOf(csv, 'csv'), [
    [2, 'acme'],
    [4, 'globe'],
    [6, null, /The row has 3 cells and the first line 2/],
    [7, null, /The row has 1 cells/],
    [9, 'last'],
  ]);
});

t.test('a broken quote costs its own line: the rows after it are read', async (t) => {
  const csv = 'slug,partner_name\nacme,"x" y\nglobe,Fine\nbad,x"y\n"open,\nlast,Last\n';
  t.match(await errorsOf(csv, 'csv'), [
    [2, null, /A quote is not where one may be/],
    [3, 'globe'],
    [4, null, /A quote is not where one may be/],
    [5, null, /A quote is opened and not closed/],
    [6, 'last'],
  ]);
});

t.test('lines are counted through every kind of line end, and cells of several lines', async (t) => {
  const csv = 'slug,partner_name\r\na1,"1\r\n2"\na2,é\ra3,"1\n\n2"\n\n\r\na4,x';
  t.same(await errorsOf(csv, 'csv'), [
    [2, 'a1'],
    [4, 'a2'],
    [5, 'a3'],
    [10, 'a4'],
  ]);
});

t.test('a bad item of a list costs that item alone', async (t) => {
  const yaml = '- slug: acme\n- slug: globe\n  slug: again\n- just text\n- slug: {a: b}\n- ? [a]\n  : b\n  slug: key\n-\n- slug: last\n';
  t.match(await errorsOf(yaml, 'yaml'), [
    [1, 'acme'],
    [2, 'again', 'slug: It is there twice.'],
    [4, null, /must have names and values/],
    [5, null, /slug: It must be a text, a number or a list of texts/],
    [6, 'key', /A name must be a text/],
    [9, null, /must have names and values/],
    [10, 'last'],
  ]);
  const json = '[\n{"slug": "acme"},\n{"slug": "one",\n "slug": "two"},\n17, null\n]';
  t.match(await errorsOf(json, 'json'), [
    [2, 'acme'],
    [3, 'two', 'slug: It is there twice.'],
    [5, null, /must have names and values/],
    [5, null, /must have names and values/],
  ]);
  const unknown = '[{"slug": "acme"},\n{"slug": "b", "emial": "x"},\n{"slug": "c", "__proto__": "x", "favourite colour": "red"}]';
  t.match(await errorsOf(unknown, 'json'), [
    [1, 'acme'],
    [2, 'b', 'emial: This name is not known; did you mean "contact_email"?'],
    [
      3,
      'c',
      /^__proto__: This name is not known; the columns are slug, /,
      /^favourite colour: This name is not known; the columns are slug, /,
    ],
  ]);
  t.match(await errorsOf('- slug: a\n  <<: {partner_name: b}\n', 'yaml'), [[1, 'a', /^<<: This name is not known/]]);
});

t.test('what concerns the whole file is a usage error that says where and what to do', async (t) => {
  const cases: [FileFormat, string, RegExp][] = [
    ['csv', 'slug,name\nacme,Acme\n', /^line 1: the column "name" is not known; did you mean "partner_name"\?$/],
    ['csv', '\n\nslug,Slack channel\n', /^line 3: the column "Slack channel" is not known; did you mean "slack_channel"\?$/],
    ['csv', 'partner_name\nAcme\n', /^the column "slug" is missing/],
    ['csv', 'slug,slug\na,b\n', /^line 1: the column "slug" is there twice/],
    ['csv', 'slug,,\na,b,c\n', /^line 1: the column 2 has no name/],
    ['csv', 'slug;partner_name\nacme;Acme\n', /separated by commas/],
    ['csv', '"slug\nacme\n', /^line 1: A quote is opened/],
    ['csv', `slug\n${'x"\n'.repeat(102)}`, /more than 100 rows have a broken quote/],
    ['csv', 'slug\n', /^it has no rows$/],
    ['csv', '', /^it has no rows$/],
    ['json', ' ', /^it has no rows$/],
    ['json', '[]', /^it has no rows$/],
    ['json', '{"slug": "acme"}', /^it must be an array of objects$/],
    ['json', "[{'slug': 'acme'}]", /^it is not JSON: .*line 1 column 3/],
    ['csv', 'slug,favourite colour\na,b\n', /^line 1: the column "favourite colour" is not known; the columns are slug, partner_id, /],
    ['json', '[{"__proto__": "acme"}]', /^the column "slug" is missing/],
    ['yaml', '# nothing\n', /^it has no rows$/],
    ['yaml', 'slug: acme\n', /^it must be a list of rows/],
    ['yaml', '- slug: a\n b: c\n', /^line 2: it is not YAML: /],
    ['yaml', '- slug: a\n---\n- slug: b\n', /^line 2: it is not YAML: /],
    ['yaml', '- partner_name: a\n', /^the column "slug" is missing/],
    ['yaml', `- slug: ${'['.repeat(5_000)}`, /^line 1: it is not YAML/],
  ];
  for (const [format, text, message] of cases)
    await t.rejects(parseRows(text, format), { exitCode: 2, message }, `${format} ${text.slice(0, 40)}`);
});

t.test('a file has at most 10,000 rows and 10 MiB', async (t) => {
  const most = `slug\n${Array.from({ length: mostRows }, (_, index) => `p${index}`).join('\n')}`;
  t.equal((await parseRows(most, 'csv')).length, mostRows);
  await t.rejects(parseRows(`${most}\none`, 'csv'), { exitCode: 2, message: /10001 rows, and 10000 are the most/ });
  const file = path.join(t.testdir(), 'big.csv');
  await writeFile(file, `slug,partner_name\nacme,${'x'.repeat(10 * 1024 * 1024)}\n`);
  await t.rejects(readImportFile(file), { exitCode: 2, message: /big\.csv: it has more than 10 MiB/ });
});

t.test('the format is that of the name, or the one that is said', async (t) => {
  const folder = t.testdir({
    'a.csv': 'slug\nacme\n',
    'a.JSON': '[{"slug": "acme"}]',
    'a.yml': '- slug: acme\n',
    'a.yaml': '- slug: acme\n',
    'a.txt': 'slug\nacme\n',
    'latin.csv': Buffer.from('slug,partner_name\nacme,J\xfcrgen\n', 'latin1').toString('latin1'),
  });
  for (const name of ['a.csv', 'a.JSON', 'a.yml', 'a.yaml'])
    t.match(await readImportFile(path.join(folder, name)), [{ cells: { slug: 'acme' } }], name);
  t.match(await readImportFile(path.join(folder, 'a.txt'), 'csv'), [{ cells: { slug: 'acme' } }]);
  await t.rejects(readImportFile(path.join(folder, 'a.txt')), { exitCode: 2, message: /Say --format csv, json or yaml/ });
  await t.rejects(readImportFile('-'), { exitCode: 2, message: /what is the standard input\? Say --format/ });
  await t.rejects(readImportFile(path.join(folder, 'none.csv')), { exitCode: 2, message: /cannot read .*none\.csv: ENOENT/ });
  await t.rejects(readImportFile(folder, 'csv'), { exitCode: 2, message: /cannot read .*: EISDIR/ });
  await writeFile(path.join(folder, 'latin.csv'), Buffer.from('slug,partner_name\nacme,J\xfcrgen\n', 'latin1'));
  await t.rejects(readImportFile(path.join(folder, 'latin.csv')), { exitCode: 2, message: /latin\.csv: it is not UTF-8/ });
});

t.test('the nearest known column is found through slips, other words and other letters', (t) => {
  const cases = {
    Slug: 'slug',
    id: 'partner_id',
    name: 'partner_name',
    email: 'contact_email',
    'Contact-Email': 'contact_email',
    slack: 'slack_channel',
  };
  for (const [strange, known] of Object.entries(cases)) t.equal(nearestColumn(strange), known);
  t.equal(nearestColumn('rate_limit_per_second'), 'rate_limit_per_sec');
  t.equal(nearestColumn('expires'), 'expires_at');
  t.equal(nearestColumn('class'), 'key_class');
  t.equal(nearestColumn('cidrs'), 'allowed_cidrs');
  for (const other of ['favourite colour', 'x', 'country', 'zz', '']) t.equal(nearestColumn(other), undefined, other);
  t.end();
});
