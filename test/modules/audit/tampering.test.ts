import t from 'tap';
import { readHead } from '../../../src/modules/audit/store.ts';
import { verifyLog } from '../../../src/modules/audit/verify.ts';
import { append, emptied, names, openLog, rewriteFrom, tamper, verdictOn } from './audit-log.ts';

const entries = 9;
const log = await openLog(t);
const forged = (seq: string, previous = `decode(repeat('ab', 32), 'hex')`) => `
  INSERT INTO audit_log SELECT ${seq}, at, actor, source, action, subject, partner, reason, details, ${previous}, sha256('forged')
  FROM audit_log WHERE seq = 3`;

t.test('a log that nobody has touched has no fault, empty or not', async (t) => {
  await tamper(log, emptied);
  t.match(await verdictOn(log), { ok: true, rows: 0, head: { seq: 0, hash: '00'.repeat(32) }, faults: [], fault_count: 0 });
  await append(log, entries);
  t.match(await verdictOn(log), { ok: true, rows: entries, head: { seq: entries, hash: /^[0-9a-f]{64}$/ }, faults: [] });
});

t.test('an entry is named when any of its columns was edited, and no other is', async (t) => {
  const edits = {
    at: `at + interval '1 millisecond'`,
    actor: `'admin:bob'`,
    source: `'desktop'`,
    action: `'key.shown'`,
    subject: `'key:17'`,
    partner: `NULL`,
    reason: `''`,
    details: `'{"n":5}'`, // the same to whoever parses it
    previous_hash: `sha256('other')`,
    hash: `sha256('other')`,
  };
  for (const [column, value] of Object.entries(edits)) {
    await tamper(log, emptied);
    await append(log, entries);
    await tamper(log, `UPDATE audit_log SET ${column} = ${value} WHERE seq = 5`);
    t.same(names(await verdictOn(log)), ['5 edited'], column);
  }
});

t.test('what is below the millisecond or beyond the calendar counts too', async (t) => {
  for (const at of [`at + interval '1 microsecond'`, `'infinity'`, `'-infinity'`, `'20000-01-01Z'`, `'0044-03-15 BC'`]) {
    await tamper(log, emptied);
    await append(log, entries);
    await tamper(log, `UPDATE audit_log SET at = ${at} WHERE seq = 5`);
    t.same(names(await verdictOn(log)), ['5 edited'], at);
  }
});

t.test('the first and the last entry are no easier to edit', async (t) => {
  for (const seq of [1, entries]) {
    await tamper(log, emptied);
    await append(log, entries);
    await tamper(log, `UPDATE audit_log SET reason = 'another' WHERE seq = ${seq}`);
    t.same(names(await verdictOn(log)), [`${seq} edited`]);
  }
});

t.test('deleted entries are named: at the beginning, in the middle, at the end, one or several', async (t) => {
  const cases: [string, string[], RegExp][] = [
    ['seq = 1', ['1 missing'], /^entry 1 is missing$/],
    ['seq = 5', ['5 missing'], /^entry 5 is missing$/],
    ['seq BETWEEN 3 AND 6', ['3 missing'], /^entries 3 to 6 are missing$/],
    ['seq IN (2, 5)', ['2 missing', '5 missing'], /^entry 2/],
    [`seq = ${entries}`, [`${entries} cut_off`], /^entry 9 is missing$/],
    ['seq > 6', ['7 cut_off'], /^entries 7 to 9 are missing$/],
    ['true', ['1 cut_off'], /^entries 1 to 9 are missing$/],
  ];
  for (const [which, faults, detail] of cases) {
    await tamper(log, emptied);
    await append(log, entries);
    await tamper(log, `DELETE FROM audit_log WHERE ${which}`);
    const verdict = await verdictOn(log);
    t.same(names(verdict), faults, which);
    t.match(verdict.faults[0]?.detail, detail);
  }
});

t.test('a gap that was closed by giving the others new numbers is named by the first of them', async (t) => {
  await tamper(log, emptied);
  await append(log, entries);
  await tamper(log, 'DELETE FROM audit_log WHERE seq = 4', 'UPDATE audit_log SET seq = seq - 1 WHERE seq = 5');
  const verdict = await verdictOn(log);
  t.same(names(verdict), ['4 out_of_order', '5 missing']);
  t.match(verdict.faults[0]?.detail, /it is entry 5, in the place of entry 4/);
});

t.test('two entries that were swapped are both named', async (t) => {
  await tamper(log, emptied);
  await append(log, entries);
  const move = (from: number, to: number) => `UPDATE audit_log SET seq = ${to} WHERE seq = ${from}`;
  await tamper(log, move(4, 1000), move(7, 4), move(1000, 7));
  const verdict = await verdictOn(log);
  t.same(names(verdict), ['4 out_of_order', '7 out_of_order']);
  t.match(verdict.faults, [{ detail: /it is entry 7/ }, { detail: /it is entry 4/ }]);
});

t.test('an entry that fits by itself and not to its neighbours is named by the link that breaks', async (t) => {
  await tamper(log, emptied);
  await append(log, entries);
  const rehash = `UPDATE audit_log SET hash = audit_hash(audit_log) WHERE seq = 5`;
  await tamper(log, `UPDATE audit_log SET actor = 'admin:bob' WHERE seq = 5`, rehash);
  t.same(names(await verdictOn(log)), ['6 relinked'], 'its contents and its hash');
  await tamper(log, `UPDATE audit_log SET previous_hash = sha256('other') WHERE seq = 5`, rehash);
  t.same(names(await verdictOn(log)), ['5 relinked', '6 relinked'], 'its link too');
});

t.test('a forged entry is named wherever it was put', async (t) => {
  const cases: [string, string[], string[]][] = [
    ['in a gap', ['DELETE FROM audit_log WHERE seq = 5', forged('5')], ['5 edited', '6 relinked']],
    ['at the end', [forged('10', `(SELECT hash FROM audit_head)`)], ['10 head', '10 edited']],
    ['far beyond', [forged('1000000')], ['1000000 head', '1000000 edited']],
    ['before the first', [forged('0')], ['0 out_of_order', '0 edited']],
    ['at a negative number', [forged('-7')], ['-7 out_of_order', '-7 edited']],
    [
      'at the end with a hash that fits',
      [forged('10', `(SELECT hash FROM audit_head)`), `UPDATE audit_log SET hash = audit_hash(audit_log) WHERE seq = 10`],
      ['10 head'],
    ],
  ];
  for (const [where, statements, faults] of cases) {
    await tamper(log, emptied);
    await append(log, entries);
    await tamper(log, ...statements);
    t.same(names(await verdictOn(log)), faults, where);
  }
});

t.test('what the log has noted of its end cannot be changed unseen', async (t) => {
  const cases: [string, string[], string[]][] = [
    ['another hash', [`UPDATE audit_head SET hash = sha256('other')`], ['9 head']],
    ['an earlier end', [`UPDATE audit_head SET seq = 8`], ['8 head', '9 head']],
    ['a later end', [`UPDATE audit_head SET seq = 12`], ['10 cut_off']],
    ['none', ['DELETE FROM audit_head'], ['null head']],
    ['cut off, with the last hash that is left', ['DELETE FROM audit_log WHERE seq > 6', 'UPDATE audit_head SET seq = 6'], ['6 head']],
  ];
  for (const [what, statements, faults] of cases) {
    await tamper(log, emptied);
    await append(log, entries);
    await tamper(log, ...statements);
    t.same(names(await verdictOn(log)), faults, what);
  }
});

t.test(
  'a log that was rewritten or cut off with all its hashes is whole by itself, and does not fit what was noted elsewhere',
  async (t) => {
    await tamper(log, emptied);
    await append(log, 6);
    const anchors = [(await readHead(log.db)) as { seq: bigint; hash: string }];
    await append(log, 3);
    t.match(await verdictOn(log, anchors), { ok: true, anchors: 1 });

    await tamper(log, `UPDATE audit_log SET actor = 'admin:bob' WHERE seq = 7`, rewriteFrom(7));
    t.match(await verdictOn(log, anchors), { ok: true, anchors: 1 }, 'after what was noted nothing can be known');
    await tamper(log, `UPDATE audit_log SET actor = 'admin:bob' WHERE seq = 4`, rewriteFrom(4));
    t.match(await verdictOn(log), { ok: true }, 'without an anchor');
    const rewritten = await verdictOn(log, anchors);
    t.match([rewritten.ok, names(rewritten), rewritten.anchors], [false, ['6 anchor'], 0]);

    await tamper(log, 'DELETE FROM audit_log WHERE seq > 3', rewriteFrom(3));
    t.match(await verdictOn(log), { ok: true, rows: 3 });
    const cut = await verdictOn(log, anchors);
    t.same(names(cut), ['6 anchor']);
    t.match(cut.faults[0]?.detail, /there is no entry 6/);
    t.same(names(await verdictOn(log, [{ seq: 0n, hash: 'ab'.repeat(32) }])), ['0 anchor'], 'nor is the beginning anything else');
  },
);

t.test('of a log that is broken all over the first thousand faults are named, and all are counted', async (t) => {
  await tamper(log, emptied);
  await append(log, 1_200);
  await tamper(log, `UPDATE audit_log SET reason = 'another'`);
  const { fault_count, faults, rows } = await verdictOn(log);
  t.match([fault_count, faults.length, rows, faults[999]?.seq], [1_200, 1_000, 1_200, 1_000]);
});

t.test('a trigger that is switched off or missing is a fault, before anything was tampered with', async (t) => {
  await tamper(log, emptied);
  await append(log, 2);
  const faults = async () => (await verifyLog(log.db)).faults;
  await log.superuser.query('ALTER TABLE api_keys DISABLE TRIGGER audit');
  const off = { seq: null, fault: 'unprotected', detail: 'the trigger audit of api_keys is switched off' };
  t.same(await faults(), [off]);
  await log.superuser.query('DROP TRIGGER append_only ON audit_log');
  t.same(await faults(), [{ ...off, detail: 'the trigger append_only of audit_log is missing' }, off]);
});
