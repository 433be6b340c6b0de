import pg from 'pg';
import type { Test } from 'tap';
import type { ChainPoint } from '../../../src/modules/audit/chain.ts';
import type { Fault, Verdict } from '../../../src/modules/audit/chain-verifier.ts';
import { exportLog } from '../../../src/modules/audit/export.ts';
import type { WalkOptions } from '../../../src/modules/audit/store.ts';
import { verifyExport, verifyLog } from '../../../src/modules/audit/verify.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { createTestDatabase } from '../../helper/database.ts';

/** A database with an empty log: as the server sees it, and as its superuser does. */
export async function openLog(t: Pick<Test, 'teardown'>, readConnections = 2) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections, onIdleError: () => {} });
  const superuser = new pg.Client({ connectionString: databaseUrl });
  superuser.on('error', () => {}); // dropped under it at the end
  await superuser.connect();
  t.teardown(() => Promise.all([pools.close(), superuser.end()]));
  return { databaseUrl, db: pools.db, pools, superuser };
}

export type Log = Awaited<ReturnType<typeof openLog>>;

/** Makes the log as it was in the beginning, for the next case of a test. */
export const emptied = `TRUNCATE audit_log, audit_head; INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'))`;

/** Appends `count` entries, none of whose columns is null. */
export async function append({ superuser }: Log, count: number, partner = 'acme'): Promise<void> {
  await superuser.query(
    `INSERT INTO audit_log (actor, source, action, subject, partner, reason, details)
     SELECT 'admin:alice', 'laptop', 'key.revealed', 'key:' || n, $2, 'a reason', json_build_object('n', n) FROM generate_series(1, $1) AS n`,
    [count, partner],
  );
}

/** What only a superuser can do: the statements, with the triggers of the log switched off. */
export async function tamper({ superuser }: Log, ...statements: string[]): Promise<void> {
  await superuser.query('BEGIN; ALTER TABLE audit_log DISABLE TRIGGER USER');
  for (const statement of statements) await superuser.query(statement);
  await superuser.query('ALTER TABLE audit_log ENABLE TRIGGER USER; COMMIT');
}

/** Makes every hash from an entry on fit again, the noted end included: what a forger who knows the rule does. */
export const rewriteFrom = (seq: number) => `
DO $$
DECLARE
  entry audit_log;
  before bytea := coalesce((SELECT hash FROM audit_log WHERE seq = ${seq} - 1), decode(repeat('00', 32), 'hex'));
BEGIN
  FOR entry IN SELECT * FROM audit_log WHERE seq >= ${seq} ORDER BY seq LOOP
    entry.previous_hash := before;
    before := audit_hash(entry);
    UPDATE audit_log SET previous_hash = entry.previous_hash, hash = before WHERE seq = entry.seq;
    UPDATE audit_head SET seq = entry.seq, hash = before;
  END LOOP;
END $$`;

export async function exportText({ db }: Pick<Log, 'db'>, which: WalkOptions = {}): Promise<string> {
  let text = '';
  await exportLog(db, { ...which, exportedAtMs: Date.now() }, async (lines) => {
    for await (const line of lines) text += line;
  });
  return text;
}

export function verifyText(text: string, anchors?: ChainPoint[]): Promise<Verdict> {
  async function* lines() {
    yield* text.replace(/\n$/, '').split('\n');
  }
  return verifyExport(lines(), { anchors });
}

/**
 * The verdict on the log. Its export is looked at too: whoever has only the file must come to the same one.
 * @throws Error when they differ.
 */
export async function verdictOn(log: Pick<Log, 'db'>, anchors?: ChainPoint[]): Promise<Verdict> {
  const verdict = await verifyLog(log.db, { anchors });
  const ofFile = await verifyText(await exportText(log), anchors);
  if (JSON.stringify(ofFile) !== JSON.stringify(verdict)) {
    throw new Error(`the database: ${JSON.stringify(verdict.faults)}, the file: ${JSON.stringify(ofFile.faults)}`);
  }
  return verdict;
}

/** `5 edited` */
export const names = ({ faults }: Pick<Verdict, 'faults'>): string[] => faults.map(({ seq, fault }: Fault) => `${seq} ${fault}`);
