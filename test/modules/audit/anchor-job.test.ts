import t from 'tap';
import { auditAnchorJob } from '../../../src/modules/audit/anchor-job.ts';
import { append, openLog, tamper, verdictOn } from './audit-log.ts';

t.test('each hour the end of the chain goes to the server’s log, from where a later log can be held against it', async (t) => {
  const log = await openLog(t);
  const lines: [object, string][] = [];
  const job = auditAnchorJob({ db: log.db, log: { info: (fields, message) => void lines.push([fields, message]) } });
  t.match(job, { name: 'audit-anchor', schedule: /^\d+ \* \* \* \*$/ });
  await job.run();
  await append(log, 3);
  await job.run();
  const { seq, hash } = (await verdictOn(log)).head as { seq: number; hash: string };
  t.same(lines, [
    [{ seq: 0, hash: '00'.repeat(32) }, 'audit log anchor'],
    [{ seq: 3, hash }, 'audit log anchor'],
  ]);
  t.match(await verdictOn(log, [{ seq: BigInt(seq), hash }]), { ok: true, anchors: 1 });

  await tamper(log, 'DELETE FROM audit_head');
  await t.rejects(job.run(), { message: /audit_head is empty/ }, 'a failed job is reported');
});
