import type { Kysely } from 'kysely';
import { type KeySecrets, prepareKey, type ShownKey, storeKey } from '../../pipeline/auth/key-issue.ts';
import { type Actor, audited } from '../../platform/audit.ts';
import type { Database } from '../../platform/schema.ts';

export type Rotation = { key: string; row: ShownKey; oldValidUntil: Date };

/** Why a key cannot be rotated: it was before, or it is not good any more. */
export type NotRotated = 'replaced' | 'ended';

/** One and its end: `graceMs` from now, or its own end if that is sooner. `now` in milliseconds. */
export type Replaced = { keyId: number; graceMs: number; now: number };

/**
 * Makes a key like the given one, and gives that one an end, in one transaction. The new one ends when the old one was to. The caches of all replicas
 * hear of both from the database. @throws VaultError; then nothing has changed.
 */
export async function rotateKey(
  db: Kysely<Database>,
  secrets: KeySecrets,
  { keyId, graceMs, now }: Replaced,
  actor?: Actor,
): Promise<Rotation | NotRotated> {
  const old = await db
    .selectFrom('api_keys')
    .innerJoin('partners', 'partners.id', 'api_keys.partner_id')
    .select(['api_keys.partner_id as id', 'slug', 'class', 'scopes', 'allowed_cidrs'])
    .where('api_keys.id', '=', keyId)
    .executeTakeFirst();
  if (!old) return 'ended';
  const prepared = await prepareKey(db, secrets, { partner: old, keyClass: old.class });
  return audited(db, actor, async (transaction) => {
    const { expires_at, revoked_at, replaced_by } = await transaction
      .selectFrom('api_keys')
      .select(['expires_at', 'revoked_at', 'replaced_by'])
      .where('id', '=', keyId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (revoked_at || (expires_at && expires_at.getTime() <= now)) return 'ended';
    if (replaced_by !== null) return 'replaced';
    const row = await storeKey(transaction, prepared, { scopes: old.scopes, expiresAt: expires_at, allowedCidrs: old.allowed_cidrs });
    const oldValidUntil = new Date(Math.min(now + graceMs, expires_at?.getTime() ?? Number.POSITIVE_INFINITY));
    await transaction.updateTable('api_keys').set({ expires_at: oldValidUntil, replaced_by: row.id }).where('id', '=', keyId).execute();
    return { key: prepared.key, row, oldValidUntil };
  });
}
