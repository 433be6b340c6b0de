import { crc32 } from 'node:zlib';
import t from 'tap';
import { generateKey, hashKey, keyClasses, keyPattern, keyPrefix, parseKey } from '../../../src/pipeline/auth/key-format.ts';

t.test(
  'a generated key matches the published pattern and gives its parts back, for every class and the shortest and longest slug',
  async (t) => {
    for (const keyClass of keyClasses) {
      for (const slug of ['ab', 'acme', '0123456789abcdefghijklmn']) {
        const key = generateKey(keyClass, slug);
        t.match(key, keyPattern);
        t.same(parseKey(key), { keyClass, slug, prefix: keyPrefix(key) });
      }
    }
  },
);

t.test('every single mistyped character is refused without a look-up', async (t) => {
  const key = generateKey('beta', 'acme');
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
  let tried = 0;
  const accepted: string[] = [];
  for (let at = 0; at < key.length; at += 1) {
    for (const character of printable.filter((each) => each !== key[at])) {
      const typo = key.slice(0, at) + character + key.slice(at + 1);
      tried += 1;
      if (parseKey(typo)) accepted.push(typo);
    }
  }
  t.same(accepted, []);
  t.equal(tried, key.length * 94);
});

t.test('neighbours swapped, a character lost, doubled or added: refused', async (t) => {
  const key = generateKey('live', 'acme');
  for (let at = 0; at < key.length; at += 1) {
    const swapped = key.slice(0, at) + (key[at + 1] ?? '') + key[at] + key.slice(at + 2);
    if (swapped !== key) t.notOk(parseKey(swapped), `swapped at ${at}`);
    t.notOk(parseKey(key.slice(0, at) + key.slice(at + 1)), `lost at ${at}`);
    t.notOk(parseKey(key.slice(0, at) + key[at] + key.slice(at)), `doubled at ${at}`);
  }
  for (const strange of [` ${key}`, `${key} `, `${key}\n`, key.toUpperCase(), '', 'sk_beta_acme_', 'x'.repeat(8192)])
    t.notOk(parseKey(strange));
});

t.test('a right checksum does not make up for a class or slug that does not exist', async (t) => {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const withChecksum = (body: string) => {
    const digits: string[] = [];
    for (let rest = crc32(body), place = 0; place < 6; place += 1, rest = Math.floor(rest / 62))
      digits.unshift(alphabet[rest % 62] as string);
    return body + digits.join('');
  };
  const random = 'A'.repeat(30);
  t.ok(parseKey(withChecksum(`sk_beta_acme_${random}`)), 'the checksum made here is the right one');
  for (const head of [
    'sk_prod_acme',
    'sk_BETA_acme',
    'pk_beta_acme',
    'sk_beta_a',
    'sk_beta_ACME',
    'sk_beta_ac-me',
    `sk_beta_${'a'.repeat(25)}`,
    'sk_beta_',
  ]) {
    t.notOk(parseKey(withChecksum(`${head}_${random}`)), head);
  }
  t.notOk(parseKey(withChecksum(`sk_beta_acme_${random.slice(1)}`)), 'one random digit too few');
});

t.test('a slug that would break the format is refused', async (t) => {
  for (const slug of ['', 'a', 'Acme', 'ac_me', 'ac me', 'a'.repeat(25)]) t.throws(() => generateKey('beta', slug), RangeError, slug);
});

t.test('the random digits are drawn evenly from all 62', async (t) => {
  const counts = new Map<string, number>();
  const keys = 2_000;
  for (let index = 0; index < keys; index += 1)
    for (const digit of generateKey('test', 'even').slice(13, 43)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  t.equal(counts.size, 62);
  const expected = (keys * 30) / 62;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  t.ok(chiSquare < 140, `chi-square ${chiSquare.toFixed(1)}: above 140 once in ten million runs of an even source`);
});

t.test('the prefix shows the class, the partner and six of the random digits', async (t) => {
  t.match(keyPrefix(generateKey('beta', 'acme')), /^sk_beta_acme_[0-9A-Za-z]{6}$/);
});

t.test('the stored hash depends on the key and on the pepper, and has 32 bytes', async (t) => {
  const key = generateKey('beta', 'acme');
  t.equal(hashKey('pepper', key).length, 32);
  t.same(hashKey('pepper', key), hashKey('pepper', key));
  t.notSame(hashKey('pepper', key), hashKey('another', key));
  t.notSame(hashKey('pepper', key), hashKey('pepper', generateKey('beta', 'acme')));
});
