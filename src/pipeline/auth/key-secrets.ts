import type { Kysely } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { type Vault, VaultError } from '../../platform/vault/vault.ts';

/**
 * The text of a key, out of the vault. Whoever shows or sends it writes that to the audit log first.
 * @throws VaultError `not_found` when the key was issued without a vault, or revoked; `broken`, `unavailable`.
 */
export async function readSecret(db: Kysely<Database>, vault: Vault, keyId: number): Promise<string> {
  const row = await db.selectFrom('vault_secrets').selectAll().where('key_id', '=', keyId).executeTakeFirst();
  if (!row)
    throw new VaultError('not_found', `the key ${keyId} is not in the vault: it was issued without one, or is revoked; issue another`);
  const secret = { masterKey: row.master_key, wrappedDataKey: row.wrapped_data_key, sealed: row.sealed };
  return vault.open(secret, { partnerId: row.partner_id, keyId, version: row.version });
}
