import t from 'tap';
import { Networks, parseNetwork } from '../../../src/pipeline/auth/networks.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { createTestDatabase } from '../../helper/database.ts';

const canonical: [string, string][] = [
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['192.0.2.7', '192.0.2.7/32'],
  ['192.0.2.7/32', '192.0.2.7/32'],
  ['192.0.2.128/25', '192.0.2.128/25'],
  ['::/0', '::/0'],
  ['2001:DB8:0:0::/32', '2001:db8::/32'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1/128'],
  ['2001:db8:0:8000::/49', '2001:db8:0:8000::/49'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8/128'],
  ['::1', '::1/128'],
  ['::192.0.2.0/120', '::192.0.2.0/120'],
  ['::ffff:192.0.2.0/120', '192.0.2.0/24'],
  ['::FFFF:c000:0207', '192.0.2.7/32'],
  ['::ffff:0:0/96', '0.0.0.0/0'],
];

t.test('a network has one canonical form, a bare address is a network of one, and IPv4 in the dress of IPv6 is IPv4', async (t) => {
  for (const [text, form] of canonical) {
    t.equal(parseNetwork(text), form, text);
    t.equal(parseNetwork(form), form, `${form} is its own form`);
  }
});

t.test('Postgres takes every form and writes it the same', async (t) => {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 1, onIdleError: () => {} });
  t.teardown(() => pools.close());
  const forms = canonical.map(([, form]) => form);
  const { rows } = await pools.read.query('SELECT $1::cidr[] AS networks', [forms]);
  t.same(rows, [{ networks: forms }]);
});

t.test('what is no network is refused with the form to write instead', async (t) => {
  const refused: [string, RegExp][] = [
    [
      '10.1.2.3/8',
      /"10\.1\.2\.3\/8" has bits set after its first 8: write 10\.0\.0\.0\/8 for the network, or 10\.1\.2\.3 for the one address/,
    ],
    ['10.0.0.1/0', /write 0\.0\.0\.0\/0 for the network/],
    ['192.0.2.129/25', /write 192\.0\.2\.128\/25 /],
    ['2001:db8::1/32', /write 2001:db8::\/32 for the network, or 2001:db8::1 for/],
    ['2001:db8:ffff:ffff::/49', /write 2001:db8:ffff:8000::\/49 /],
    ['::ffff:192.0.2.7/120', /write 192\.0\.2\.0\/24 /],
    ['::ffff:0:0/95', /write an IPv4 network as such/],
    ['10.0.0.0/33', /an IPv4 prefix has at most 32 bits/],
    ['::/129', /an IPv6 prefix has at most 128 bits/],
  ];
  for (const text of ['', '/8', '10/8', '10.0.0', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '010.0.0.0/8', '1.2.3.4.5', 'localhost', '*'])
    refused.push([text, /is not a network: write it as 192\.0\.2\.0\/24 or 2001:db8::\/32, or one address as 192\.0\.2\.7/]);
  for (const text of [
    'fe80::1%eth0',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
    '10.0.0.0,10.0.0.1',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/1e1',
    '::ffff:1.2.3',
  ])
    refused.push([text, /is not a network/]);
  for (const [text, message] of refused) t.throws(() => parseNetwork(text), { name: 'RangeError', message }, JSON.stringify(text));
});

t.test('an address lies in a network from its first to its last address, and IPv4 never in one of IPv6', async (t) => {
  const cases: [string[], string[], string[]][] = [
    [['192.0.2.0/25'], ['192.0.2.0', '192.0.2.127', '::ffff:192.0.2.1', '::FFFF:C000:0201'], ['192.0.1.255', '192.0.2.128', '::192.0.2.1']],
    [['0.0.0.0/0'], ['0.0.0.0', '255.255.255.255', '::ffff:8.8.8.8'], ['::', '::1', '2001:db8::1']],
    [['::/0'], ['::', '::1', 'ffff::'], ['127.0.0.1', '::ffff:127.0.0.1']],
    [['2001:db8::/33'], ['2001:db8::', '2001:DB8:7fff::1', '2001:db8:0:0:0:0:0:1'], ['2001:db8:8000::', '2001:db7:ffff::']],
    [['::ffff:10.0.0.0/104'], ['10.255.0.1', '::ffff:10.0.0.1'], ['11.0.0.0']],
    [['fe80::/10'], ['fe80::1', 'fe80::1%eth0'], ['fec0::']],
    [
      ['192.0.2.7/32', '198.51.100.0/24', '2001:db8::1/128'],
      ['192.0.2.7', '198.51.100.200', '2001:db8::1'],
      ['192.0.2.8', '2001:db8::2'],
    ],
  ];
  for (const [cidrs, inside, outside] of cases) {
    const networks = new Networks(cidrs);
    for (const address of inside) t.ok(networks.has(address), `${address} in ${cidrs}`);
    for (const address of outside) t.notOk(networks.has(address), `${address} not in ${cidrs}`);
  }
});

t.test('what a proxy may hand on in place of an address lies in no network, and is no error', async (t) => {
  const everywhere = new Networks(['0.0.0.0/0', '::/0']);
  for (const text of [
    '',
    'unknown',
    '_hidden',
    '192.0.2.7:4711',
    '[2001:db8::1]',
    '[2001:db8::1]:80',
    '10.0.0',
    '1.2.3.4 ',
    'x'.repeat(10_000),
  ])
    t.notOk(everywhere.has(text), JSON.stringify(text.slice(0, 40)));
});

t.test('a list that is none is refused when it is made', async (t) => {
  t.throws(() => new Networks(['10.0.0.0/8', 'everywhere']), RangeError);
});
