import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { startWithLog, tamper } from './admin-audit-log.ts';
import { runAdmin, runAdminProcess } from './admin-process.ts';

t.test('an export to a file is whole or not there, only its owner can read it, and verify needs nothing else', async (t) => {
  const { databaseUrl, run, json } = await startWithLog(t);
  const folder = t.testdir();
  const file = path.join(folder, 'audit.jsonl');
  await writeFile(file, 'an older one', { mode: 0o644 });
  t.match(await run('audit', 'export', '--out', file), { code: 0, out: '', messages: `5 entries are in ${file}\n` });
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.same(await readdir(folder), ['audit.jsonl']);
  const alone = { LOCAL_DIR: folder };
  t.match(await runAdmin(alone, ['audit', 'verify', file]), { code: 0, out: /entries +5\n/ });

  const text = await readFile(file, 'utf8');
  t.match(await runAdminProcess(alone, ['audit', 'verify', '-', '--json'], text), { code: 0, out: /"ok": true/ });
  const edited = await runAdminProcess(alone, ['audit', 'verify', '-', '--json'], text.replace('ticket 17', 'ticket 18'));
  t.match(edited, { code: 1, out: /"seq": 2,\n *"fault": "edited"/ });
  t.equal((await run('audit', 'export')).out.split('\n').slice(1).join('\n'), text.split('\n').slice(1).join('\n'), 'the same on stdout');

  t.same(await json('audit', 'export', '--out', file, '--partner', 'acme', '--since-seq', '2'), { file, entries: 2 });
  t.match(await runAdmin(alone, ['audit', 'verify', file]), { code: 0, out: /entries +2\n/ });
  await tamper(databaseUrl, 'DELETE FROM audit_log WHERE seq = 2');
  t.match(await run('audit', 'export', '--out', file), { code: 0 }, 'a log with faults can be exported, and has them there');
  t.match(await runAdmin(alone, ['audit', 'verify', file, '--json']), { code: 1, out: /"fault": "missing"/ });
});

t.test('what cannot be read or written is a mistake of usage, is said with its name, and leaves nothing behind', async (t) => {
  const { run } = await startWithLog(t);
  const folder = t.testdir({ 'other.txt': 'hello\n', folder: {} });
  const inside = (name: string) => path.join(folder, name);
  const cases: [number, RegExp, string[]][] = [
    [2, /cannot read .*missing\.jsonl: ENOENT/, ['verify', inside('missing.jsonl')]],
    [2, /cannot read .*folder: EISDIR/, ['verify', inside('folder')]],
    [2, /cannot use .*other\.txt: this is no export of the audit log/, ['verify', inside('other.txt')]],
    [2, /there is no line "audit log anchor" in .*other\.txt/, ['verify', '--anchors', inside('other.txt')]],
    [2, /cannot write .*: ENOENT/, ['export', '--out', inside('missing/audit.jsonl')]],
    [2, /cannot write .*folder: EISDIR/, ['export', '--out', inside('folder')]],
    [2, /stdin can be the export or the log/, ['verify', '-', '--anchors', '-']],
    [2, /'--anchor <seq:hash>' argument '5' is invalid. It must be a number and a hash/, ['verify', '--anchor', '5']],
    [2, /'--since <when>' argument 'yesterday' is invalid. It must be an RFC 3339 time/, ['list', '--since', 'yesterday']],
    [2, /'--limit <n>' argument '0' is invalid/, ['list', '--limit', '0']],
  ];
  const outcomes = await Promise.all(cases.map(([, , args]) => run('audit', ...args)));
  for (const [index, [code, messages, args]] of cases.entries()) t.match(outcomes[index], { code, messages, out: '' }, args.join(' '));
  t.same((await readdir(folder)).sort(), ['folder', 'other.txt']);
});
