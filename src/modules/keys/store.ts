import type { Kysely } from 'kysely';
import { insertKey, type ShownKey } from '../../pipeline/auth/key-issue.ts';
import type { Database } from '../../platform/schema.ts';

export type Rotation = { key: string; row: ShownKey; oldValidUntil: Date };

/** Why a key cannot be rotated: it was before, or it is not good any more. */
export type NotRotated = 'replaced' | 'ended';

/**
 * Makes a key like the given one, and gives that one an end, in one transaction: `graceMs` from now, or its own end if that is sooner. `now` in
 * milliseconds. The caches of all replicas hear of both from the database.
 */
export async function rotateKey(
  db: Kysely<Database>,
  pepper: string,
  { keyId, slug, graceMs, now }: { keyId: number; slug: string; graceMs: number; now: number },
): Promise<Rotation | NotRotated> {
  return db.transaction().execute(async (transaction) => {
    const old = await transaction
      .selectFrom('api_keys')
      .select(['partner_id', 'class', 'scopes', 'expires_at', 'revoked_at', 'replaced_by'])
      .where('id', '=', keyId)
      .forUpdate()
      .executeTakeFirst();
    if (!old || old.revoked_at || (old.expires_at && old.expires_at.getTime() <= now)) return 'ended';
    if (old.replaced_by !== null) return 'replaced';
    const { key, row } = await insertKey(transaction, pepper, {
      partner: { id: old.partner_id, slug },
      keyClass: old.class,
      scopes: old.scopes,
      expiresAt: old.expires_at,
    });
    const oldValidUntil = new Date(Math.min(now + graceMs, old.expires_at?.getTime() ?? Number.POSITIVE_INFINITY));
    await transaction.updateTable('api_keys').set({ expires_at: oldValidUntil, replaced_by: row.id }).where('id', '=', keyId).execute();
    return { key, row, oldValidUntil };
  });
}
