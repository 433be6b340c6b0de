import { type Kysely, sql } from 'kysely';
import { isGoodKey } from '../../pipeline/auth/good-keys.ts';
import type { Database } from '../../platform/schema.ts';
import type { Binding, SealedSecret } from '../../platform/vault/vault.ts';

/** A secret with all that opening it needs, and the hash of the key that it should be. */
export type StoredSecret = SealedSecret & Binding & { keyPrefix: string; partner: string; keyHash: Buffer };

/** Up to `limit` secrets after that key number, in the order of the numbers; only those that are not under the master key `notUnder`, if it is given. */
export async function readSecrets(
  db: Kysely<Database>,
  { after, limit, notUnder }: { after: number; limit: number; notUnder?: string },
): Promise<StoredSecret[]> {
  const rows = await db
    .selectFrom('vault_secrets')
    .innerJoin('api_keys', 'api_keys.id', 'vault_secrets.key_id')
    .innerJoin('partners', 'partners.id', 'api_keys.partner_id')
    .select(['key_id', 'version', 'master_key', 'wrapped_data_key', 'sealed', 'key_prefix', 'key_hash', 'slug'])
    // The key's partner, and not what stands beside the secret: a row that was moved must not open.
    .select('api_keys.partner_id')
    .where('key_id', '>', after)
    .$if(notUnder !== undefined, (query) => query.where('master_key', '<>', notUnder as string))
    .orderBy('key_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    partnerId: row.partner_id,
    keyId: row.key_id,
    version: row.version,
    masterKey: row.master_key,
    wrappedDataKey: row.wrapped_data_key,
    sealed: row.sealed,
    keyPrefix: row.key_prefix,
    partner: row.slug,
    keyHash: row.key_hash,
  }));
}

/** Puts a data key that was wrapped anew in the place of the one that was read. @returns whether that was still there. */
export async function replaceDataKey(
  db: Kysely<Database>,
  { keyId, wrappedDataKey }: StoredSecret,
  fresh: Omit<SealedSecret, 'sealed'>,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('vault_secrets')
    .set({ master_key: fresh.masterKey, wrapped_data_key: fresh.wrappedDataKey, rewrapped_at: sql`now()` })
    .where('key_id', '=', keyId)
    .where('wrapped_data_key', '=', wrappedDataKey)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** How many secrets each master key wraps. */
export async function countByMasterKey(db: Kysely<Database>): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('vault_secrets')
    .select(['master_key', ({ fn }) => fn.countAll<string>().as('secrets')])
    .groupBy('master_key')
    .execute();
  return new Map(rows.map(({ master_key, secrets }) => [master_key, Number(secrets)]));
}

/** Keys that are good and not in the vault: their text is known to their partner alone. */
export async function readUnvaulted(db: Kysely<Database>): Promise<{ keyId: number; keyPrefix: string; partner: string }[]> {
  const rows = await db
    .selectFrom('api_keys')
    .innerJoin('partners', 'partners.id', 'api_keys.partner_id')
    .leftJoin('vault_secrets', 'vault_secrets.key_id', 'api_keys.id')
    .select(['api_keys.id', 'key_prefix', 'slug'])
    .where('vault_secrets.key_id', 'is', null)
    .where(isGoodKey(Date.now()))
    .orderBy('api_keys.id')
    .execute();
  return rows.map(({ id, key_prefix, slug }) => ({ keyId: id, keyPrefix: key_prefix, partner: slug }));
}
