import t from 'tap';
import { checkRows, type RowDefaults } from '../../scripts/administration/import-rows.ts';
import { scopes as allScopes } from '../../src/pipeline/auth/principal.ts';

const row = (cells: { [column: string]: string }, line = 2) => ({ line, cells, errors: [] });
const wantedOf = (cells: { [column: string]: string }, defaults?: RowDefaults) => checkRows([row(cells)], defaults)[0]?.wanted;

t.test('a row says how a partner and its key are to be; what it does not say is left to the options', (t) => {
  const expiresAt = new Date('2999-01-01T00:00:00Z');
  t.same(wantedOf({ slug: 'acme' }, { keyClass: 'live', scopes: ['inbox:read'], expiresAt }), {
    slug: 'acme',
    partnerId: undefined,
    fields: {},
    key: { keyClass: 'live', scopes: ['inbox:read'], expiresAt, allowedCidrs: null },
  });
  const cells = {
    slug: ' acme ',
    partner_id: 'beta_000001',
    partner_name: 'Acme Corp',
    contact_email: 'integration@acme.example',
    contact_phone: '+1-555-0001',
    slack_channel: '#acme-beta',
    primary_contact: 'John Doe',
    backup_contact: '   ',
    rate_limit_per_sec: '250',
    rate_limit_burst: '300',
    rate_limit_per_month: '2592000000',
    retention_hours: '168',
    expires_at: '2099-01-01T00:00:00Z',
    key_class: 'test',
    scopes: 'events:write, inbox:read',
    allowed_cidrs: '203.0.113.0/24, 2001:DB8::/32',
  };
  t.same(wantedOf(cells, { keyClass: 'live', scopes: allScopes, expiresAt }), {
    slug: 'acme',
    partnerId: 'beta_000001',
    fields: {
      partner_name: 'Acme Corp',
      contact_email: 'integration@acme.example',
      contact_phone: '+1-555-0001',
      slack_channel: '#acme-beta',
      primary_contact: 'John Doe',
      rate_limit_per_sec: 250,
      rate_limit_burst: 300,
      rate_limit_per_month: 2_592_000_000,
      retention_hours: 168,
    },
    key: {
      keyClass: 'test',
      scopes: ['events:write', 'inbox:read'],
      expiresAt: new Date('2099-01-01T00:00:00Z'),
      allowedCidrs: ['203.0.113.0/24', '2001:db8::/32'],
    },
  });
  t.equal(wantedOf({ slug: 'acme', expires_at: 'never' }, { expiresAt })?.key?.expiresAt, null);
  t.equal(wantedOf({ slug: 'acme', key_class: 'test' }, { withKeys: false })?.key, undefined);
  t.end();
});

t.test('every bad cell of a row is reported, each with what to do', (t) => {
  const bad: [string, string, RegExp][] = [
    ['slug', 'Acme', /2 to 24 lower-case letters and digits/],
    ['slug', 'a', /2 to 24/],
    ['partner_id', 'beta 1', /like beta_000001/],
    ['partner_id', 'x'.repeat(41), /up to 40/],
    ['partner_name', 'x'.repeat(201), /1 to 200 characters/],
    ['partner_name', 'Acme\u0000', /control character/],
    ['partner_name', 'Acme\n', /control character/],
    ['partner_name', 'Acme\ud800', /half a character/],
    ['contact_email', 'integration', /one mail address/],
    ['contact_email', 'a@b.example, c@d.example', /one mail address/],
    ['contact_email', 'Acme <a@b.example>', /one mail address/],
    ['contact_phone', '+1\t555', /control character/],
    ['slack_channel', '#Acme Beta', /like #acme-beta/],
    ['slack_channel', `#${'a'.repeat(81)}`, /up to 80/],
    ['rate_limit_per_sec', '0', /whole number from 1 to 10000000/],
    ['rate_limit_per_sec', '1e2', /whole number/],
    ['rate_limit_burst', '-1', /whole number/],
    ['rate_limit_per_month', '2,592,000,000', /whole number from 0 to 9007199254740991/],
    ['retention_hours', '721', /from 1 to 720/],
    ['expires_at', 'next year', /RFC 3339 time, or a number of days/],
    ['expires_at', '2020-01-01T00:00:00Z', /in the future/],
    ['key_class', 'prod', /one of beta, test, live/],
    ['scopes', 'events:write,admin', /"admin" is not one of/],
    ['allowed_cidrs', '10.0.0.1/8', /write 10\.0\.0\.0\/8/],
  ];
  for (const [column, text, message] of bad) {
    t.match(
      checkRows([row({ slug: 'acme', [column]: text })]),
      [{ line: 2, wanted: undefined, errors: [{ column, message }] }],
      `${column} ${text.slice(0, 20)}`,
    );
  }
  const several = checkRows([row({ slug: 'Acme', contact_email: 'x', rate_limit_per_sec: 'x' })]);
  t.match(several, [{ slug: 'Acme', errors: [{ column: 'slug' }, { column: 'contact_email' }, { column: 'rate_limit_per_sec' }] }]);
  t.match(checkRows([row({ partner_name: 'Acme' })]), [{ slug: null, errors: [{ column: 'slug', message: /missing/ }] }]);
  t.end();
});

t.test(
  'a row that could not be read is reported as that, and a slug that cannot be one is shown without what a terminal acts upon',
  (t) => {
    const unread = { line: 4, cells: {}, errors: [{ column: null, message: 'The row has 3 cells.' }] };
    t.same(checkRows([unread]), [{ line: 4, slug: null, partnerId: null, errors: unread.errors }]);
    t.match(checkRows([row({ slug: '\u001b[31mred\u202e' })]), [{ slug: '[31mred', errors: [{ column: 'slug' }] }]);
    t.end();
  },
);

t.test('of two rows with one slug or one id the second fails, and names the line of the first', (t) => {
  const rows = [
    row({ slug: 'acme', partner_id: 'beta_1' }, 2),
    row({ slug: 'acme' }, 3),
    row({ slug: 'globe', partner_id: 'beta_1' }, 4),
    row({ slug: 'last' }, 5),
  ];
  t.match(checkRows(rows), [
    { wanted: { slug: 'acme' } },
    { line: 3, slug: 'acme', errors: [{ column: 'slug', message: '"acme" is on line 2 already.' }] },
    { line: 4, slug: 'globe', errors: [{ column: 'partner_id', message: '"beta_1" is on line 2 already.' }] },
    { wanted: { slug: 'last' } },
  ]);
  t.end();
});
