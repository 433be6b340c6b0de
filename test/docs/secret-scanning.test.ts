import { readFile } from 'node:fs/promises';
import t from 'tap';
import { generateKey, keyClasses, keyForm, keyPattern, parseKey } from '../../src/pipeline/auth/key-format.ts';

const read = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const page = await read('secret-scanning.md');
const rules = await read('secret-scanning/gitleaks.toml');

/** The value of a member of the one rule. */
const ofRule = (name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(rules.slice(rules.indexOf('[[rules]]')))?.[1] ?? '';
const regex = ofRule('regex').replace(/^'''(.*)'''$/, '$1');
const keywords: string[] = JSON.parse(ofRule('keywords'));
const group = Number(ofRule('secretGroup'));

/** What gitleaks takes for secrets in a text: it looks for the keywords in lower case first. */
function scan(text: string): (string | undefined)[] {
  if (!keywords.some((keyword) => text.toLowerCase().includes(keyword))) return [];
  return [...text.matchAll(new RegExp(regex, 'g'))].map((match) => match[group]);
}

const slugs = ['ab', 'acme', '2fast', '0123456789abcdefghijklmn'];
const keys = Array.from({ length: 1_000 }, (_, index) => generateKey(keyClasses[index % 3] ?? 'beta', slugs[index % 4] as string));
const [key] = keys as [string];

t.test('the page, the rule and the server have one form', async (t) => {
  t.ok(page.includes(`\n${keyForm}\n`), 'the page');
  t.equal(regex, `(${keyForm})(?:[^0-9A-Za-z]|$)`, 'the rule');
  t.equal(keyPattern.source, `^${keyForm}$`, 'the server');
  t.notMatch(regex, /\(\?[=!<]|\\/, 'nothing that RE2 or Hyperscan does not know');
});

t.test('the rule finds a thousand keys of all classes wherever they stand, whole and alone', async (t) => {
  const places: ((key: string) => string)[] = [
    (key) => key,
    (key) => `API_KEY=${key}\n`,
    (key) => `{"api_key":"${key}"}`,
    (key) => `https://api.example/v1/inbox?api_key%3D${key}%26limit=1`,
    (key) => String.raw`a log\n${key}\nwith escapes`,
    (key) => `backup_${key}_old.txt`,
    (key) => `<${key}>`,
    (key) => `'${key}';`,
  ];
  for (const place of places)
    t.same(
      keys.map((each) => scan(place(each))),
      keys.map((each) => [each]),
      place('KEY'),
    );
  t.same(scan(keys.join(',')), keys, 'one character between two is enough');
  t.equal(new Set(keys.map((each) => each.split('_')[1])).size, 3);
});

t.test('a near miss is no match: wrong length, class, partner or alphabet; other services’ keys', async (t) => {
  const [, , , random = ''] = key.split('_');
  const misses = [
    key.slice(0, -1),
    `${key}0`,
    `${key}${key}`.slice(0, -1),
    key.replace(/beta|test|live/, 'prod'),
    key.replace(/beta|test|live/, 'BETA'),
    key.replace(/_ab_/, '_a_'),
    key.replace(/_ab_/, `_${'a'.repeat(25)}_`),
    key.replace(/_ab_/, '_Ab_'),
    key.replace(/_ab_/, '_'),
    key.replaceAll('_', '-'),
    `${key.slice(0, -1)}-`,
    `pk${key.slice(2)}`,
    `sk_live_${random}`,
    'sk_live_',
  ];
  for (const miss of misses) t.same(scan(miss), [], miss);
});

t.test('a changed character of a match is told by the checksum', async (t) => {
  let matched = 0;
  for (const [index, each] of keys.entries()) {
    const at = each.length - 1 - (index % 36);
    const typo = each.slice(0, at) + (each[at] === 'x' ? 'y' : 'x') + each.slice(at + 1);
    matched += scan(typo).length;
    t.equal(parseKey(typo), undefined, `${typo}, changed at ${at}`);
  }
  t.equal(matched, keys.length, 'by its form it would be one');
});

/** The checksum as the page tells it, by another way than the server's. */
function checksumOf(body: string): string {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(body, 'ascii')) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let text = '';
  for (let rest = (crc ^ 0xffffffff) >>> 0; rest > 0; rest = Math.floor(rest / 62)) text = digits[rest % 62] + text;
  return text.padStart(6, '0');
}

t.test('the checksum is the one that the page describes, and its example is right', async (t) => {
  for (const each of keys) t.equal(checksumOf(each.slice(0, -6)), each.slice(-6), each);
  const [, body = '', checksum = ''] = /^\| `(sk_\w+)` \| \d+ \| `(\w{6})` \|$/m.exec(page) ?? [];
  t.equal(checksumOf(body), checksum);
  t.ok(parseKey(body + checksum), 'together they would be a key');
});

t.test('neither the page nor the rule sets a scanner off', async (t) => {
  t.same([...scan(page), ...scan(rules)], []);
});
