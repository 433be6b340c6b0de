import t from 'tap';
import { recordAudit } from '../../../src/platform/audit.ts';
import { append, openLog, verdictOn } from './audit-log.ts';

const refused = { code: '42501' };
const log = await openLog(t);
await append(log, 3);

const changesOfTheLog = [
  `UPDATE audit_log SET actor = 'nobody' WHERE seq = 1`,
  'UPDATE audit_log SET seq = seq WHERE false',
  'DELETE FROM audit_log WHERE seq = 3',
  'DELETE FROM audit_log WHERE false',
  'TRUNCATE audit_log',
];
const changesOfTheEnd = [
  'UPDATE audit_head SET seq = 2',
  'DELETE FROM audit_head',
  `INSERT INTO audit_head (seq, hash) VALUES (9, '')`,
  'TRUNCATE audit_head',
  'SELECT * FROM audit_head FOR UPDATE',
];
const changesOfTheRules = [
  'ALTER TABLE audit_log DISABLE TRIGGER ALL',
  'DROP TRIGGER append_only ON audit_log',
  'DROP TRIGGER audit ON partners',
  `CREATE OR REPLACE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
  'SET session_replication_role = replica',
  'TRUNCATE partners, api_keys, vault_secrets, onboarding_steps',
];

t.test('the server can append to the log and read it, and nothing else: neither change it, nor its end, nor what guards it', async (t) => {
  for (const [name, pool] of Object.entries({ read: log.pools.read, write: log.pools.write })) {
    for (const statement of [...changesOfTheLog, ...changesOfTheEnd, ...changesOfTheRules]) {
      await t.rejects(pool.query(statement), refused, `${name}: ${statement}`);
    }
    t.equal((await pool.query('SELECT FROM audit_log')).rowCount, 3);
  }
  t.match(await verdictOn(log), { ok: true, rows: 3 });
});

t.test('a superuser is refused by the trigger, unless they switch it off', async (t) => {
  for (const statement of changesOfTheLog) {
    await t.rejects(log.superuser.query(statement), { ...refused, message: 'audit_log is append-only' }, statement);
  }
  t.match(await verdictOn(log), { ok: true, rows: 3 });
});

t.test('number, time and hashes of an entry are the log’s own, whatever the writer says', async (t) => {
  await log.pools.read.query(`INSERT INTO audit_log (seq, at, actor, source, action, subject, previous_hash, hash)
    VALUES (1, '2001-01-01', 'system:test', 'test', 'test.done', 'test', '\\x00', '\\x00')`);
  const { rows } = await log.superuser.query(
    `SELECT seq, at > now() - interval '1 minute' AS "isNow" FROM audit_log ORDER BY seq DESC LIMIT 1`,
  );
  t.same(rows, [{ seq: '4', isNow: true }]);
  t.match(await verdictOn(log), { ok: true, rows: 4 });
});

t.test('an entry whose transaction fails is not there, and leaves no gap', async (t) => {
  const actor = { name: 'admin:alice', source: 'laptop' };
  const before = (await verdictOn(log)).rows;
  const failed = log.db.transaction().execute(async (transaction) => {
    await recordAudit(transaction, actor, { action: 'key.revealed', subject: 'key:1' });
    throw new Error('planned');
  });
  await t.rejects(failed, { message: 'planned' });
  await recordAudit(log.db, actor, { action: 'key.mailed', subject: 'key:2', partner: 'acme', details: { to: 'their address' } });
  t.match(await verdictOn(log), { ok: true, rows: before + 1, head: { seq: before + 1 } });
  const { rows } = await log.superuser.query(
    'SELECT actor, source, action, subject, partner, reason, details FROM audit_log ORDER BY seq DESC LIMIT 1',
  );
  t.same(rows, [
    {
      actor: 'admin:alice',
      source: 'laptop',
      action: 'key.mailed',
      subject: 'key:2',
      partner: 'acme',
      reason: null,
      details: { to: 'their address' },
    },
  ]);
});
