import { Readable } from 'node:stream';
import t from 'tap';
import { exportLog } from '../../../src/modules/audit/export.ts';
import { listEntries, walkEntries } from '../../../src/modules/audit/store.ts';
import { recordAudit } from '../../../src/platform/audit.ts';
import { append, emptied, openLog, tamper, verdictOn } from './audit-log.ts';

const log = await openLog(t);
const { db } = log;
const hour = 3_600_000;

t.test('a log of many pages is followed and exported to the last entry, in the order of its numbers', async (t) => {
  const rows = 4_001;
  await append(log, rows);
  t.match(await verdictOn(log), { ok: true, rows, head: { seq: rows } });
  const all = (options = {}) => Readable.from(walkEntries(db, options)).toArray();
  const seqs = (await all()).map(({ seq }) => seq);
  t.same([seqs.length, seqs[0], seqs[1_999], seqs[2_000], seqs.at(-1)], [rows, 1n, 2_000n, 2_001n, BigInt(rows)]);
  t.equal((await all({ sinceSeq: 1_500n })).length, rows - 1_499);
});

t.test('the list is newest first, and as long as it is asked to be', async (t) => {
  await tamper(log, emptied);
  await append(log, 12);
  const seqs = (limit: number) => listEntries(db, { limit }).then((entries) => entries.map(({ seq }) => Number(seq)));
  t.same(await seqs(3), [12, 11, 10]);
  t.same((await seqs(100)).length, 12);
});

t.test('entries are found by partner, by actor and action, whole or by their beginning, and by time', async (t) => {
  await tamper(log, emptied);
  const entries = [
    ['admin:alice', 'key.issued', 'acme'],
    ['admin:alice', 'key.revoked', 'globex'],
    ['admin:al*ce', 'key_rotated', 'acme'],
    ['partner:acme', 'partner.changed', 'acme'],
    ['system:onboarding', 'onboarding.done', undefined],
  ] as const;
  for (const [name, action, partner] of entries) await recordAudit(db, { name, source: 'here' }, { action, subject: 'test', partner });
  // Their times, as if a day had passed between any two.
  const start = Date.now() - 5 * 24 * hour;
  await tamper(log, `UPDATE audit_log SET at = to_timestamp(${start / 1000}) + seq * interval '1 day'`);
  const day = (seq: number) => new Date(start + seq * 24 * hour);
  const found = async (filter: object) => (await listEntries(db, { ...filter, limit: 100 })).map(({ seq }) => Number(seq)).reverse();
  const cases: [object, number[]][] = [
    [{}, [1, 2, 3, 4, 5]],
    [{ partner: 'acme' }, [1, 3, 4]],
    [{ partner: 'acme*' }, []],
    [{ actor: 'admin:alice' }, [1, 2]],
    [{ actor: 'admin:al' }, []],
    [{ actor: 'admin:*' }, [1, 2, 3]],
    [{ actor: 'admin:al*ce*' }, [3]],
    [{ action: 'key.*' }, [1, 2]],
    [{ action: 'key.revoked' }, [2]],
    [{ action: '%' }, []],
    [{ action: '*' }, [1, 2, 3, 4, 5]],
    [{ since: day(2), until: day(4) }, [2, 3]],
    [{ since: new Date(day(2).getTime() + 1) }, [3, 4, 5]],
    [{ partner: 'acme', actor: 'admin:*', since: day(2) }, [3]],
  ];
  for (const [filter, seqs] of cases) t.same(await found(filter), seqs, JSON.stringify(filter));
});

t.test('an export whose reader fails says so, and gives its connection back', async (t) => {
  for (let time = 0; time < 4; time++) {
    const broken = exportLog(db, { exportedAtMs: 0 }, async (lines) => {
      for await (const _ of lines) throw new Error('disk full');
    });
    await t.rejects(broken, { message: 'disk full' });
  }
  t.equal((await listEntries(db, { limit: 1 })).length, 1);
});
