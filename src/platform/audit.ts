import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Who changes something, from where and why, as the audit log shows it. */
export type Actor = {
  /** `admin:alice`, `partner:acme` or `system:onboarding`. */
  name: string;
  /** A host, or an address with the request. */
  source: string;
  reason?: string;
};

export type AuditEntry = {
  /** What was done, such as `key.revealed`. */
  action: string;
  /** To what: `partner:acme`, `key:17`, `vault`. */
  subject: string;
  /** Slug of the partner whom it concerns. */
  partner?: string;
  /** Never a secret, and nothing by which a person is reached: what is written here stays. */
  details?: Record<string, unknown>;
};

/**
 * Runs `work` in one transaction: triggers write every change of a partner or a key in it to the audit log as it commits, in the name of `actor`;
 * without one, in that of the database's user. @throws what `work` throws; then nothing of it stays.
 */
export function audited<T>(
  db: Kysely<Database>,
  actor: Actor | undefined,
  work: (transaction: Transaction<Database>) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    if (actor)
      await sql`SELECT set_config('triggers.actor', ${actor.name}, true), set_config('triggers.source', ${actor.source}, true),
      set_config('triggers.reason', ${actor.reason ?? ''}, true)`.execute(transaction);
    return work(transaction);
  });
}

/**
 * Writes down what is no change of a partner or a key. The chain's lock is held from here to the commit: call it last in the transaction.
 */
export async function recordAudit(
  db: Kysely<Database>,
  actor: Actor,
  { action, subject, partner, details = {} }: AuditEntry,
): Promise<void> {
  await db
    .insertInto('audit_log')
    .values({
      actor: actor.name,
      source: actor.source,
      reason: actor.reason ?? null,
      action,
      subject,
      partner: partner ?? null,
      details: JSON.stringify(details),
    })
    .execute();
}

/** When that was last done; undefined if never. */
export async function lastAudited(db: Kysely<Database>, action: string): Promise<Date | undefined> {
  const query = db.selectFrom('audit_log').select('at').where('action', '=', action).orderBy('seq', 'desc').limit(1);
  return (await query.executeTakeFirst())?.at;
}
