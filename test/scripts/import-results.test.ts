import { chmod, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { ResultsFile } from '../../scripts/administration/import-results.ts';
import { generateKey, keyPrefix } from '../../src/pipeline/auth/key-format.ts';

const lines = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

t.test('it is for its owner alone, and only ever grows', async (t) => {
  const file = path.join(t.testdir(), 'keys.jsonl');
  for (const key_id of [1, 2]) {
    const results = await ResultsFile.open(file);
    await results.append({ key_id });
    await results.close();
  }
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.same(await lines(file), [{ key_id: 1 }, { key_id: 2 }]);
});

t.test('a file that others can read, or that is none, is not used', async (t) => {
  const folder = t.testdir({ 'open.jsonl': '' });
  const file = path.join(folder, 'open.jsonl');
  for (const mode of [0o640, 0o604, 0o620]) {
    await chmod(file, mode);
    await t.rejects(ResultsFile.open(file), { exitCode: 2, message: /others can read it: chmod 600 it/ }, mode.toString(8));
  }
  const link = path.join(folder, 'link.jsonl');
  await symlink(file, link);
  await t.rejects(ResultsFile.open(link), { exitCode: 2, message: /others can read it/ }, 'by another name');
  await t.rejects(ResultsFile.open('/dev/null'), { exitCode: 2, message: /is no plain file/ });
  await t.rejects(ResultsFile.open(folder), { exitCode: 2, message: /cannot write .*: EISDIR/ });
  await t.rejects(ResultsFile.open(path.join(folder, 'none', 'a.jsonl')), { exitCode: 2, message: /cannot write .*a\.jsonl: ENOENT/ });
});

t.test('a key that was prepared and not reported is known to the next import, and to none after that', async (t) => {
  const file = path.join(t.testdir(), 'keys.jsonl');
  const [reported, lost] = [generateKey('beta', 'acme'), generateKey('beta', 'globe')];
  const first = await ResultsFile.open(file);
  await first.prepare(2, 'acme', { id: 1, key: reported });
  await first.append({ key_id: 1, api_key: reported });
  await first.prepare(3, 'globe', { id: 2, key: lost });
  await first.close();

  const second = await ResultsFile.open(file);
  t.equal(second.unreported(1, keyPrefix(reported)), undefined);
  t.equal(second.unreported(2, keyPrefix(lost)), lost);
  t.equal(second.unreported(2, keyPrefix(reported)), undefined, 'a key of another database that has its number');
  await second.append({ key_id: 2, api_key: lost });
  t.equal(second.unreported(2, keyPrefix(lost)), undefined);
  await second.close();

  const third = await ResultsFile.open(file);
  t.equal(third.unreported(2, keyPrefix(lost)), undefined);
  await third.close();
});

t.test('a line that was cut off in the middle spoils no other', async (t) => {
  const file = path.join(t.testdir(), 'keys.jsonl');
  await writeFile(file, '{"key_id":1}\nno JSON\nnull\n17\n{"prepared":{"line":3,"sl', { mode: 0o600 });
  const results = await ResultsFile.open(file);
  await results.append({ key_id: 2 });
  await results.close();
  t.match((await readFile(file, 'utf8')).split('\n').slice(-3), ['{"prepared":{"line":3,"sl', '{"key_id":2}', '']);
});

t.test('what cannot be written is an error that names the file', async (t) => {
  const file = path.join(t.testdir(), 'keys.jsonl');
  const results = await ResultsFile.open(file);
  await results.close();
  await t.rejects(results.append({ key_id: 1 }), { exitCode: 1, message: /cannot write .*keys\.jsonl: / });
});
