import pg from 'pg';
import type { Test } from 'tap';
import { createPartner, issueKey, suspendPartner } from '../../src/modules/partners/store.ts';
import { audited, recordAudit } from '../../src/platform/audit.ts';
import { testPepper } from '../helper/app.ts';
import { setUpAdmin } from './admin-process.ts';

const alice = { name: 'admin:alice', source: 'laptop' };

/** The commands on a log of five entries. */
export async function startWithLog(t: Test) {
  const admin = await setUpAdmin(t);
  const { db } = admin;
  await audited(db, alice, (transaction) => createPartner(transaction, { slug: 'acme' }));
  await audited(db, { ...alice, reason: 'ticket 17' }, (transaction) => suspendPartner(transaction, 'acme'));
  await issueKey(db, { pepper: testPepper }, { slug: 'acme' }, { name: 'system:onboarding', source: 'replica' });
  await recordAudit(db, { name: 'admin:bob', source: 'desktop' }, { action: 'vault.rotated', subject: 'vault', details: { rewrapped: 3 } });
  await audited(db, alice, (transaction) => createPartner(transaction, { slug: 'globex' }));
  return admin;
}

/** Runs a statement with the triggers of the log switched off, as only a superuser can. */
export async function tamper(databaseUrl: string, statement: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`BEGIN; ALTER TABLE audit_log DISABLE TRIGGER USER; ${statement}; ALTER TABLE audit_log ENABLE TRIGGER USER; COMMIT`);
  await client.end();
}
