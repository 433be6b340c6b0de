import type { Kysely, Updateable } from 'kysely';
import { expiredByNow } from '../../platform/expiry.ts';
import type { Database } from '../../platform/schema.ts';
import type { AccountPatch } from './schema.ts';

export type AccountRow = Awaited<ReturnType<typeof readAccount>>;

export function readAccount(db: Kysely<Database>, partnerId: number) {
  return db.selectFrom('partners').selectAll().where('id', '=', partnerId).executeTakeFirstOrThrow();
}

/**
 * Changes an account. What had expired under the old retention stays expired when the new one is longer. `now` in milliseconds; the caches of
 * all replicas hear of the change from the database.
 */
export async function updateAccount(
  db: Kysely<Database>,
  partnerId: number,
  { retention_hours, ...others }: AccountPatch,
  now: number,
): Promise<void> {
  const changes: Updateable<Database['partners']> = { ...others };
  if (retention_hours !== undefined) changes.retention_seconds = retention_hours * 3600;
  await db
    .updateTable('partners')
    .set(changes)
    .$if(retention_hours !== undefined, (query) => query.set({ expired_through: expiredByNow(now) }))
    .where('id', '=', partnerId)
    .execute();
}
