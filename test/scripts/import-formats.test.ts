import fc from 'fast-check';
import t from 'tap';
import { stringify } from 'yaml';
import { columnNames } from '../../scripts/administration/import-columns.ts';
import { parseRows, type RawRow } from '../../scripts/administration/import-file.ts';
import { seedOf } from '../helper/seed-of.ts';

type Texts = { [column: string]: string };

const seed = seedOf(process.env.IMPORT_SEED);
const withoutLines = (rows: RawRow[]) => rows.map(({ cells, errors }) => ({ cells, errors }));
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

function toCsv(rows: Texts[], lineEnd: string, bom: string): string {
  const columns = columnNames.filter((name) => rows.some((row) => name in row));
  const lines = [columns.join(','), ...rows.map((row) => columns.map((name) => quoted(row[name] ?? '')).join(','))];
  return bom + lines.map((line) => line + lineEnd).join('');
}

/** Any text: quotes, commas, line ends, words and numbers that YAML would read as something else. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'null',
      '~',
      'no',
      'true',
      '0171',
      '+1555',
      '1e3',
      '"',
      "'",
      'a,b',
      '- a',
      '# a',
      'a: b',
      '\r\n',
      ' x ',
      '=1+1',
      '<<',
    ),
  },
);
const row = fc.record(
  { slug: text, partner_name: text, contact_phone: text, contact_email: text, scopes: text },
  { requiredKeys: ['slug'] },
);
// A row of nothing but white space is skipped in a CSV file, as spreadsheets leave them at the end.
const rows = fc.array(row, { minLength: 1, maxLength: 8 }).filter((all) => all.every(({ slug }) => slug.trim() !== ''));

t.test('the same rows as CSV, JSON and YAML are the same rows', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.constantFrom('', '\ufeff'),
      fc.constantFrom(0, 2, '\t'),
      async (rows, lineEnd, bom, indent) => {
        const expected = rows.map((cells) => ({ cells, errors: [] }));
        t.same(withoutLines(await parseRows(toCsv(rows, lineEnd, bom), 'csv')), expected, 'CSV');
        t.same(withoutLines(await parseRows(bom + JSON.stringify(rows, null, indent), 'json')), expected, 'JSON');
        t.same(withoutLines(await parseRows(bom + stringify(rows), 'yaml')), expected, 'YAML');
      },
    ),
    { seed, numRuns: 200 },
  );
});

t.test('any text at all is either rows or a refusal that says why, and never a crash', async (t) => {
  const parts = fc.constantFrom(
    'slug',
    'partner_id',
    ',',
    '"',
    '\n',
    '\r\n',
    '- ',
    ': ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '|',
    '!!int ',
    'acme',
    '\u0000',
    '---\n',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(parts, { maxLength: 40 }), fc.constantFrom('csv', 'json', 'yaml'), async (parts, format) => {
      const outcome = await parseRows(parts.join(''), format).catch((error) => error);
      t.ok(Array.isArray(outcome) || outcome.exitCode === 2, `${outcome}`);
    }),
    { seed, numRuns: 500 },
  );
});

t.test('numbers keep their digits, lists are their texts by commas, and nothing is what has no text', async (t) => {
  const json = '[{"slug": "acme", "rate_limit_per_month": 2592000000, "scopes": ["events:write", "inbox:read"], "contact_phone": null}]';
  const yaml = `
- slug: acme
  rate_limit_per_month: 2592000000
  scopes: [events:write, inbox:read]
  contact_phone:
  contact_email: ~
  partner_name: ""
`;
  const cells = { slug: 'acme', rate_limit_per_month: '2592000000', scopes: 'events:write,inbox:read' };
  t.same(withoutLines(await parseRows(json, 'json')), [{ cells, errors: [] }]);
  t.same(withoutLines(await parseRows(yaml, 'yaml')), [{ cells, errors: [] }]);
});

t.test('in YAML a telephone number keeps its plus, a slug its zero, and "no" is a text', async (t) => {
  const yaml = '- slug: no\n  contact_phone: +15550001\n- slug: 0171\n- &third\n  slug: &name third\n  partner_name: *name\n- *third\n';
  t.same(
    (await parseRows(yaml, 'yaml')).map(({ line, cells }) => ({ line, ...cells })),
    [
      { line: 1, slug: 'no', contact_phone: '+15550001' },
      { line: 3, slug: '0171' },
      { line: 5, slug: 'third', partner_name: 'third' },
      { line: 7, slug: 'third', partner_name: 'third' },
    ],
    'an alias is what it names, on its own line',
  );
});
