import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import t from 'tap';
import { verifyLog } from '../../../src/modules/audit/verify.ts';
import { createPartner, issueKey, resumePartner, revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
import { type Actor, audited, recordAudit } from '../../../src/platform/audit.ts';
import { appRole } from '../../../src/platform/postgres.ts';
import type { Database } from '../../../src/platform/schema.ts';
import { testPepper } from '../../helper/app.ts';
import { emptied, openLog, tamper, verdictOn } from './audit-log.ts';

const writers = 50;
const log = await openLog(t);
// As the admin's commands connect: with no limit on how long a statement waits for fifty others.
const pool = new pg.Pool({ connectionString: log.databaseUrl, max: writers + 2, options: appRole });
t.teardown(() => pool.end());
const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
const secrets = { pepper: testPepper };
const slug = (index: number) => `partner${index}`;
for (let index = 0; index < writers; index++) await createPartner(db, { slug: slug(index) });

type Work = (db: Kysely<Database>, actor: Actor, index: number, turn: number) => Promise<number>;
const rename = (transaction: Transaction<Database>, index: number, name: string) =>
  transaction.updateTable('partners').set({ name }).where('slug', '=', slug(index)).execute();

/** What a writer does, with how many entries it leaves. */
const works: Record<string, Work> = {
  async 'changes a partner'(db, actor, index) {
    await audited(db, actor, (transaction) => suspendPartner(transaction, slug(index)));
    await audited(db, actor, (transaction) => resumePartner(transaction, slug(index)));
    return 2;
  },
  async 'makes a key and takes it back'(db, actor, index) {
    const { key_id } = await issueKey(db, secrets, { slug: slug(index) }, actor);
    await audited(db, actor, (transaction) => revokeKey(transaction, `${key_id}`));
    return 2;
  },
  async 'says what is no change of a row'(db, actor) {
    await recordAudit(db, actor, { action: 'vault.rotated', subject: 'vault', details: { text: `'"\\\n${actor.name} ü` } });
    return 1;
  },
  async 'changes the same two partners as all others, then says so'(db, actor, _index, turn) {
    await audited(db, actor, async (transaction) => {
      // A name of this turn alone: an update that changes nothing leaves no entry, and no other writer may have come between.
      for (const index of [0, 1]) await rename(transaction, index, `${actor.name}, turn ${turn}`);
      await recordAudit(transaction, actor, { action: 'onboarding.done', subject: `partner:${slug(0)}` });
    });
    return 3;
  },
  async 'thinks better of it'(db, actor, index) {
    const failed = audited(db, actor, async (transaction) => {
      await rename(transaction, index, 'gone');
      await recordAudit(transaction, actor, { action: 'onboarding.done', subject: `partner:${slug(index)}` });
      throw new Error('planned');
    });
    await t.rejects(failed, { message: 'planned' });
    return 0;
  },
};

t.test('50 writers at once keep one chain without a gap; whoever verifies meanwhile finds no fault', async (t) => {
  const before = (await verdictOn(log)).rows;
  let isDone = false;
  const rowsSeen: number[] = [];
  const verifying = (async () => {
    while (!isDone) {
      const { ok, rows, faults } = await verifyLog(db);
      if (!ok) t.same(faults, []);
      rowsSeen.push(rows);
    }
  })();
  const written = await Promise.all(
    Array.from({ length: writers }, (_, index) =>
      // A connection of its own from the first to the last of its transactions.
      db.connection().execute(async (connection) => {
        let entries = 0;
        const kinds = Object.values(works);
        for (let turn = 0; turn < kinds.length * 2; turn++) {
          const work = kinds[(index + turn) % kinds.length] as Work;
          entries += await work(connection, { name: `admin:writer-${index}`, source: `connection ${index}` }, index, turn);
        }
        return entries;
      }),
    ),
  ).finally(() => {
    isDone = true;
  });
  await verifying;
  const total = before + written.reduce((sum, entries) => sum + entries, 0);
  t.match(await verdictOn(log), { ok: true, rows: total, head: { seq: total }, faults: [] }, `${total} entries`);
  t.ok(new Set(rowsSeen).size > 1, `verified with ${rowsSeen.join(', ')} entries`);
  const { rows } = await log.superuser.query(`SELECT min(seq), max(seq), count(DISTINCT seq) FROM audit_log`);
  t.same(rows, [{ min: '1', max: `${total}`, count: `${total}` }]);
  const wrong = await log.superuser.query(
    `SELECT FROM audit_log WHERE (actor LIKE 'admin:writer-%') AND source <> replace(actor, 'admin:writer-', 'connection ')`,
  );
  t.equal(wrong.rowCount, 0, 'each has its own actor and source');
});

t.test('writers of different rows that then want each other’s wait for the rows, and never for the log', async (t) => {
  await tamper(log, emptied);
  const [first, second] = [new pg.Client({ connectionString: log.databaseUrl }), new pg.Client({ connectionString: log.databaseUrl })];
  await Promise.all([first.connect(), second.connect()]);
  t.teardown(() => Promise.all([first.end(), second.end()]));
  const set = (name: string, index: number) => `UPDATE partners SET name = '${name}' WHERE slug = '${slug(index)}'`;
  await first.query('BEGIN');
  await second.query('BEGIN');
  await first.query(set('first', 0));
  // Would the log be locked by a change and not by the commit, this would wait for the first, and the first for this.
  await second.query(`SET LOCAL lock_timeout = '5s'`);
  await second.query(set('second', 1));
  const waiting = first.query(set('first', 1));
  await second.query('COMMIT');
  await waiting;
  await first.query('COMMIT');
  t.match(await verdictOn(log), { ok: true, rows: 3 });
  const { rows } = await log.superuser.query(`SELECT details -> 'name' ->> 'to' AS name FROM audit_log ORDER BY seq`);
  t.same(
    rows.map(({ name }) => name),
    ['second', 'first', 'first'],
    'in the order of the commits',
  );
});
