import type { Kysely } from 'kysely';
import { isGoodKey } from '../../pipeline/auth/good-keys.ts';
import { type KeySecrets, prepareKey, type ShownKey, storeKey } from '../../pipeline/auth/key-issue.ts';
import { type Actor, audited } from '../../platform/audit.ts';
import type { Database } from '../../platform/schema.ts';

export type Rotation = { key: string; row: ShownKey; oldValidUntil: Date };

/** Why a key cannot be rotated: it was before, it is not good any more, or the partner has too many good ones. */
export type NotRotated = 'replaced' | 'ended' | 'too_many';

/** Keys of a partner that are good at once: what its systems need many times over. Without an end, each rotation with a grace would add one. */
export const maxGoodKeys = 50;

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
    .select(['api_keys.partner_id as id', 'slug', 'class'])
    .where('api_keys.id', '=', keyId)
    .executeTakeFirst();
  if (!old) return 'ended';
  const prepared = await prepareKey(db, secrets, { partner: old, keyClass: old.class });
  return audited(db, actor, async (transaction) => {
    // Read now and not before the sealing: what was taken from the key meanwhile is not given back by its successor.
    const { expires_at, revoked_at, replaced_by, scopes, allowed_cidrs } = await transaction
      .selectFrom('api_keys')
      .select(['expires_at', 'revoked_at', 'replaced_by', 'scopes', 'allowed_cidrs'])
      .where('id', '=', keyId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (revoked_at || (expires_at && expires_at.getTime() <= now)) return 'ended';
    if (replaced_by !== null) return 'replaced';
    if (graceMs > 0 && (await countGoodKeys(transaction, old.id, now)) >= maxGoodKeys) return 'too_many';
    const row = await storeKey(transaction, prepared, { scopes, expiresAt: expires_at, allowedCidrs: allowed_cidrs });
    const oldValidUntil = new Date(Math.min(now + graceMs, expires_at?.getTime() ?? Number.POSITIVE_INFINITY));
    await transaction.updateTable('api_keys').set({ expires_at: oldValidUntil, replaced_by: row.id }).where('id', '=', keyId).execute();
    return { key: prepared.key, row, oldValidUntil };
  });
}

async function countGoodKeys(db: Kysely<Database>, partnerId: number, now: number): Promise<number> {
  const { count } = await db
    .selectFrom('api_keys')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('partner_id', '=', partnerId)
    .where(isGoodKey(now))
    .executeTakeFirstOrThrow();
  return Number(count);
}
