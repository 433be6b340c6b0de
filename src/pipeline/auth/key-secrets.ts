import type { Kysely } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { type Vault, VaultError } from '../../platform/vault/vault.ts';

/**
 * The text of a key, out of the vault. Whoever shows or sends it writes that to the audit log first.
 * @throws VaultError `not_found` when the key was issued without a vault, or revoked; `broken`, `unavailable`.
 */
export async function readSecret(db: Kysely<Database>, vault: Vault, keyId: number): Promise<string> {
  const row = await db
    .selectFrom('vault_secrets')
    .innerJoin('api_keys', 'api_keys.id', 'vault_secrets.key_id')
    .select(['version', 'master_key', 'wrapped_data_key', 'sealed'])
    // The key's partner, and not what stands beside the secret: a row that was moved must not open.
    .select('api_keys.partner_id')
    .where('key_id', '=', keyId)
    .executeTakeFirst();
  if (!row)
    throw new VaultError('not_found', `the key ${keyId} is not in the vault: it was issued without one, or is revoked; issue another`);
  const secret = { masterKey: row.master_key, wrappedDataKey: row.wrapped_data_key, sealed: row.sealed };
  return vault.open(secret, { partnerId: row.partner_id, keyId, version: row.version });
}
