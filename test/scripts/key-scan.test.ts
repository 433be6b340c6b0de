import { Readable } from 'node:stream';
import t from 'tap';
import { findKeys } from '../../scripts/administration/key-scan.ts';
import { generateKey, keyClasses, longestKey } from '../../src/pipeline/auth/key-format.ts';

const scan = (...pieces: string[]) => findKeys(Readable.from(pieces));

t.test('a key is found in whatever text it stands, and told with the line of its first place and how often it is there', async (t) => {
  const [one, two] = [generateKey('beta', 'acme'), generateKey('live', '0123456789abcdefghijklmn')];
  t.equal(two.length, longestKey);
  const text = `first\n{"api_key":"${one}"}\r\nGET /?k%3D${two}%26x=1 ${one}\n\nLOG\\n${one}\\n${two}`;
  const expected = [
    { key: one, line: 2, occurrences: 3 },
    { key: two, line: 3, occurrences: 2 },
  ];
  t.same(await scan(text), expected);
  for (let at = 0; at <= text.length; at += 1) t.same(await scan(text.slice(0, at), text.slice(at)), expected, `cut at ${at}`);
  t.same(await scan(...text), expected, 'in pieces of one character');
});

t.test('what is not of the form is not found: another length, class or alphabet', async (t) => {
  const key = generateKey('test', 'acme');
  for (const miss of [
    '',
    'sk_test_',
    `${key}0`,
    key.slice(0, -1),
    key.replace('test', 'prod'),
    key.replace('acme', 'a'),
    key.toUpperCase(),
  ])
    t.same(await scan(miss), [], miss);
  t.same(await scan(key.replace('acme', 'a'.repeat(25))), []);
  t.same(await scan(key, '0'), [], 'it goes on in the next piece');
  t.match(await scan(key, '_'), [{ key }]);
  t.match(await scan('task_', key), [{ key }], 'what stands before it does not matter');
});

t.test('many keys in a long text are told once each, in their order', async (t) => {
  const keys = Array.from({ length: 2_000 }, (_, index) => generateKey(keyClasses[index % 3] ?? 'beta', 'acme'));
  const found = await findKeys(Readable.from(keys.map((key) => `${'x'.repeat(1_000)}\n${key}\n`)));
  t.same(
    found,
    keys.map((key, index) => ({ key, line: 2 * index + 2, occurrences: 1 })),
  );
});
