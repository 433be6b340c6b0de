import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { recordAudit } from '../../src/platform/audit.ts';
import { startWithLog, tamper } from './admin-audit-log.ts';
import { runAdminProcess } from './admin-process.ts';

t.test('list shows the newest first, as a table for people and in full as JSON', async (t) => {
  const { run, json } = await startWithLog(t);
  const table = await run('audit', 'list');
  t.match(table, { code: 0, messages: '' });
  const lines = table.out.trimEnd().split('\n');
  t.match(lines[0], /^seq +at +actor +action +subject +reason +details +source$/);
  t.equal(lines.length, 6);
  t.match(lines[1], /^5 +20\d\d-\S+Z +admin:alice +partner\.created +partner:globex +- +.*… +laptop$/);
  t.match(lines[2], /^4 .* admin:bob +vault\.rotated +vault +- +rewrapped: 3 +desktop$/);
  t.match(lines[4], /^2 .* partner\.suspended +partner:acme +ticket 17 +status: active → suspended +laptop$/);

  const all = await json('audit', 'list');
  t.same(
    all.map(({ seq }: { seq: number }) => seq),
    [5, 4, 3, 2, 1],
  );
  t.same(Object.keys(all[0]), [
    'seq',
    'at',
    'actor',
    'source',
    'action',
    'subject',
    'partner',
    'reason',
    'details',
    'previous_hash',
    'hash',
  ]);
  t.match(all[3], {
    action: 'partner.suspended',
    partner: 'acme',
    reason: 'ticket 17',
    details: { status: { from: 'active', to: 'suspended' } },
  });
  t.equal(all[0].previous_hash, all[1].hash);
});

t.test('list takes filters, and says when there may be more', async (t) => {
  const { run, json } = await startWithLog(t);
  const seqs = async (...args: string[]) => (await json('audit', 'list', ...args)).map(({ seq }: { seq: number }) => seq);
  const cases: [string[], number[]][] = [
    [
      ['--partner', 'acme'],
      [3, 2, 1],
    ],
    [
      ['--actor', 'admin:*', '--action', 'partner.*'],
      [5, 2, 1],
    ],
    [
      ['--since', '7d'],
      [5, 4, 3, 2, 1],
    ],
    [['--until', '12h'], []],
    [['--since', '2001-01-01T00:00:00Z', '--until', '2002-01-01T00:00:00+02:00'], []],
    [['--partner', 'nobody'], []],
  ];
  const found = await Promise.all(cases.map(([args]) => seqs(...args)));
  t.same(
    found,
    cases.map(([, seqs]) => seqs),
  );
  t.match(await run('audit', 'list', '--limit', '2'), { code: 0, messages: /these are the newest 2; --limit shows more/ });
  t.match(await run('audit', 'list', '--partner', 'nobody'), { code: 0, out: '', messages: 'no entry fits\n' });
});

t.test('what a text does to a terminal is shown and not done', async (t) => {
  const { db, run } = await startWithLog(t);
  await recordAudit(
    db,
    { name: 'admin:\u001b[2J', source: 'a\nb\u202e' },
    { action: 'test', subject: 'test', details: { '\u0007': '\u009b' } },
  );
  const { out } = await run('audit', 'list', '--limit', '1');
  t.match(out, /admin:\\u\{1b\}\[2J .* \\u\{7\}: \\u\{9b\} +a\\u\{a\}b\\u\{202e\}\n$/);
});

t.test('verify says that the log is whole, and names the end for keeping elsewhere', async (t) => {
  const { run, json } = await startWithLog(t);
  const { out, code, messages } = await run('audit', 'verify');
  const [, head] = /^ok +yes\nentries +5\nhead +(5:[0-9a-f]{64})\nanchors_found +0\nfault_count +0\n$/.exec(out) ?? [];
  t.match([code, messages, head], [0, /no fault; keep the head elsewhere/, /^5:/]);
  const verdict = { ok: true, entries: 5, head, anchors_found: 1, fault_count: 0, faults: [] };
  t.same(await json('audit', 'verify', '--anchor', head as string), verdict);
});

t.test('verify names every fault and exits 1', async (t) => {
  const { databaseUrl, run } = await startWithLog(t);
  await tamper(databaseUrl, `UPDATE audit_log SET actor = 'admin:bob' WHERE seq = 2; DELETE FROM audit_log WHERE seq = 4`);
  const verdict = await run('audit', 'verify', '--json');
  t.match(verdict, { code: 1, messages: 'admin: the audit log has 2 faults\n' });
  t.match(JSON.parse(verdict.out), {
    ok: false,
    entries: 4,
    fault_count: 2,
    faults: [
      { seq: 2, fault: 'edited', detail: String },
      { seq: 4, fault: 'missing', detail: 'entry 4 is missing' },
    ],
  });
  t.match(await run('audit', 'verify'), {
    code: 1,
    out: /fault_count +2\n\nseq +fault +detail\n2 +edited .*\n4 +missing +entry 4 is missing\n$/,
  });
});

t.test(
  'verify holds the log against what was noted: on the command line, and in the log of the servers, however that is prefixed',
  async (t) => {
    const { databaseUrl, env, run, json } = await startWithLog(t);
    const { head } = await json('audit', 'verify');
    const [seq, hash] = head.split(':');
    const line = JSON.stringify({ level: 30, time: 1, seq: Number(seq), hash, msg: 'audit log anchor' });
    const file = path.join(t.testdir(), 'server.log');
    await writeFile(file, `starting\n{"msg":"listening"}\n${line}\napi-1  | ${line}\n{"broken audit log anchor\n`);
    t.match(await json('audit', 'verify', '--anchors', file), { ok: true, anchors_found: 1 });

    // Everything from the fourth entry on is gone, and the end noted anew: whole by itself.
    const cut = `DELETE FROM audit_log WHERE seq > 3; UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_log WHERE seq = 3)`;
    await tamper(databaseUrl, cut);
    t.match(await json('audit', 'verify'), { ok: true, entries: 3 });
    const faults = { code: 1, out: /"fault": "anchor"/, messages: /the audit log has a fault/ };
    t.match(await run('audit', 'verify', '--json', '--anchor', head.toUpperCase()), faults);
    t.match(await runAdminProcess(env, ['audit', 'verify', '--json', '--anchors', '-'], await readFile(file, 'utf8')), faults);
  },
);
