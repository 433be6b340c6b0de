import t from 'tap';
import { ExportError } from '../../../src/modules/audit/export-lines.ts';
import { readHead } from '../../../src/modules/audit/store.ts';
import { recordAudit } from '../../../src/platform/audit.ts';
import { append, emptied, exportText, names, openLog, tamper, verdictOn, verifyText } from './audit-log.ts';

const log = await openLog(t);
const { db, superuser } = log;
t.beforeEach(() => tamper(log, emptied));

/** Changes the file: `change` gets its lines, the first of them the header, and gives what they become. */
async function changed(text: string, change: (lines: string[]) => string[]) {
  return verifyText(change(text.trimEnd().split('\n')).join('\n'));
}
const replaced = (seq: number, from: string, to: string) => (lines: string[]) => {
  const line = lines[seq] as string;
  if (!line.includes(from)) throw new Error(`"${from}" is not in ${line}`);
  return lines.with(seq, line.replace(from, to));
};
const without =
  (...seqs: number[]) =>
  (lines: string[]) =>
    lines.filter((_, index) => !seqs.includes(index));

t.test('each line is an entry with every column, the first says what the file is', async (t) => {
  await recordAudit(db, { name: 'admin:alice', source: 'laptop' }, { action: 'vault.rotated', subject: 'vault', details: { n: 1 } });
  await append(log, 1);
  const [header, first, second, ...rest] = (await exportText(log)).split('\n');
  t.same(rest, [''], 'a line end after the last');
  const { rows } = await superuser.query(`SELECT encode(hash, 'hex') AS hash FROM audit_log ORDER BY seq`);
  t.match(JSON.parse(header as string), {
    format: 'audit_log/1',
    exported_at: /Z$/,
    partial: false,
    since_seq: null,
    partner: null,
    rows: 2,
    head: { seq: 2, hash: rows[1].hash },
  });
  t.match(JSON.parse(first as string), {
    seq: 1,
    at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    actor: 'admin:alice',
    source: 'laptop',
    action: 'vault.rotated',
    subject: 'vault',
    partner: null,
    reason: null,
    details: { n: 1 },
    details_text: '{"n":1}',
    previous_hash: '00'.repeat(32),
    hash: rows[0].hash,
  });
  t.match(JSON.parse(second as string), {
    seq: 2,
    partner: 'acme',
    reason: 'a reason',
    details_text: '{"n" : 1}',
    previous_hash: rows[0].hash,
  });
});

t.test('any text survives: line ends and separators of every kind, quotes, JSON that JSON.parse would change', async (t) => {
  const texts = ['a\nb', 'a\r\nb', 'a\u2028b\u2029c', '"\\', '🗝️', '', '</script>', '\u001b[31m', '\ufeff'];
  for (const text of texts)
    await recordAudit(db, { name: text, source: text, reason: text }, { action: text, subject: text, partner: text });
  const jsons = [
    '{"a":1,"a":2}',
    '{"b":1,"1":2}',
    '{ "n" : 1.0 }',
    '{"n":12345678901234567890}',
    '{"u":"\\u00e9"}',
    '[\n1\n]',
    '"x"',
    'null',
    '{"__proto__":1}',
  ];
  for (const json of jsons) {
    await superuser.query(`INSERT INTO audit_log (actor, source, action, subject, details) VALUES ('a', 'b', 'c', 'd', $1)`, [json]);
  }
  const verdict = await verdictOn(log);
  t.match(verdict, { ok: true, rows: texts.length + jsons.length, faults: [] });
});

t.test('a file that was changed is found out without the database', async (t) => {
  await append(log, 6);
  const text = await exportText(log);
  const cases: [string, (lines: string[]) => string[], string[]][] = [
    ['untouched', (lines) => lines, []],
    ['another actor', replaced(3, 'admin:alice', 'admin:bob'), ['3 edited']],
    ['a null that was a text', replaced(3, '"a reason"', 'null'), ['3 edited']],
    ['a text that was no null', replaced(3, '"acme"', '""'), ['3 edited']],
    ['other details beside the text that is hashed', replaced(3, '"details":{"n":3}', '"details":{"n":4}'), ['3 edited']],
    ['other details in that text', replaced(3, '\\"n\\" : 3', '\\"n\\" : 4'), ['3 edited', '3 edited']],
    ['a member that does not belong there', replaced(3, '{"seq"', '{"approved":true,"seq"'), ['3 edited']],
    ['a member twice', replaced(3, '{"seq"', '{"actor":"admin:bob","seq"'), ['3 edited']],
    ['another time', replaced(3, '"at":"2', '"at":"1'), ['3 edited']],
    ['no time', replaced(3, '"at":"2', '"at":"x'), ['3 edited']],
    [
      'another number',
      replaced(3, '"seq":3', '"seq":30'),
      ['30 head', '30 out_of_order', '4 out_of_order', '5 out_of_order', '6 out_of_order'],
    ],
    ['a line less', without(4), ['4 missing']],
    ['the first line less', without(1), ['1 missing']],
    ['the last lines less', without(5, 6), ['5 cut_off']],
    ['two lines swapped', (lines) => lines.with(3, lines[4] as string).with(4, lines[3] as string), ['3 missing', '3 out_of_order']],
    ['a line twice', (lines) => lines.toSpliced(4, 0, lines[3] as string), ['3 out_of_order']],
    ['half a line at the end', (lines) => lines.with(6, (lines[6] as string).slice(0, 40)), ['null unreadable', '6 cut_off']],
    ['a line that is no entry', (lines) => lines.toSpliced(3, 0, '{"seq":2}'), ['null unreadable']],
    ['an empty line', (lines) => lines.toSpliced(3, 0, ''), ['null unreadable']],
    ['details that are no JSON', replaced(3, '\\"n\\" : 3', 'n'), ['null unreadable', '3 missing']],
    ['another head', replaced(0, '"head":{"seq":6', '"head":{"seq":7'), ['7 cut_off']],
  ];
  for (const [what, change, faults] of cases) t.same(names(await changed(text, change)), faults, what);
});

t.test('a file that begins later is whole from there on, and fits what was noted of the entry before', async (t) => {
  await append(log, 4);
  const noted = [(await readHead(db)) as { seq: bigint; hash: string }];
  await append(log, 4);
  const text = await exportText(log, { sinceSeq: 5n });
  t.match(JSON.parse(text.split('\n')[0] as string), { partial: true, since_seq: 5, rows: 4 });
  t.match(await verifyText(text, noted), { ok: true, rows: 4, head: { seq: 8 }, anchors: 1 });
  t.same(names(await changed(text, without(1))), ['5 missing']);
  t.same(names(await changed(text, without(2))), ['6 missing']);
  t.same(names(await changed(text, without(4))), ['8 cut_off']);
  t.same(names(await verifyText(text, [{ seq: 4n, hash: 'ab'.repeat(32) }])), ['5 relinked']);
  t.match(await verifyText(await exportText(log, { sinceSeq: 9n })), { ok: true, rows: 0, head: { seq: 8, hash: null } });
});

t.test('a file of one partner says that it is partial: its entries are looked at, gaps are none', async (t) => {
  await append(log, 2);
  await append(log, 2, 'globex');
  await append(log, 2);
  const [head] = [(await readHead(db)) as { seq: bigint; hash: string }];
  const text = await exportText(log, { partner: 'acme' });
  t.match(JSON.parse(text.split('\n')[0] as string), { partial: true, partner: 'acme', rows: 4 });
  t.match(await verifyText(text, [head, { seq: 3n, hash: 'ab'.repeat(32) }]), { ok: true, rows: 4, anchors: 1, faults: [] });
  t.same(names(await changed(text, replaced(3, 'admin:alice', 'admin:bob'))), ['5 edited']);
  t.same(names(await changed(text, without(3))), ['null cut_off'], 'one less than the first line says');
  t.match(await verifyText(await exportText(log, { partner: 'nobody' })), { ok: true, rows: 0 });
});

t.test('what is no export is refused', async (t) => {
  await append(log, 1);
  const text = await exportText(log);
  const refused = { name: 'ExportError', message: /no export of the audit log/ };
  for (const other of ['', '{}', 'null', 'hello', '[1]', text.slice(text.indexOf('\n') + 1)]) await t.rejects(verifyText(other), refused);
  const broken = ['"seq":"1"', '"seq":1.5', '"seq":null'].map((seq) => text.replace('"seq":1', seq));
  for (const other of broken) await t.rejects(verifyText(other), new ExportError('the first line of the export is broken'));
});
