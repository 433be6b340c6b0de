import { sql } from 'kysely';
import { isHashOf } from '../../src/pipeline/auth/key-format.ts';
import type { KeySecrets } from '../../src/pipeline/auth/key-issue.ts';
import { readSecret } from '../../src/pipeline/auth/key-secrets.ts';
import { VaultError } from '../../src/platform/vault/vault.ts';
import type { Connection } from './database.ts';
import { AdminError, exitCodes } from './outcome.ts';

/** Keys that are looked at: one may be broken, or have been made under a wrong pepper. */
const samples = 3;

/**
 * What makes a key, after the pepper was held against keys that servers know: under another one they would know none that is made. Where no key is
 * in the vault, nothing can be held against it. @throws AdminError for another pepper; VaultError when the vault cannot be used.
 */
export async function checkedSecrets({ db, secrets }: Pick<Connection, 'db' | 'secrets'>): Promise<KeySecrets> {
  const { pepper, vault } = secrets();
  if (!vault) return { pepper };
  // A key that was used is one that servers know.
  const keys = await db
    .selectFrom('vault_secrets')
    .innerJoin('api_keys', 'api_keys.id', 'vault_secrets.key_id')
    .select(['key_id', 'key_hash'])
    .orderBy(sql`last_used_at DESC NULLS LAST`)
    .orderBy('key_id')
    .limit(samples)
    .execute();
  let opened = 0;
  for (const { key_id, key_hash } of keys) {
    const text = await readSecret(db, vault, key_id).catch(unlessBroken);
    if (text === undefined) continue;
    if (isHashOf(key_hash, pepper, text)) return { pepper, vault };
    opened += 1;
  }
  if (opened === 0) return { pepper, vault };
  throw new AdminError(
    exitCodes.usage,
    'KEY_PEPPER is not that of the servers: under it the keys in the vault have other hashes. Nothing was made; set the pepper of the servers',
  );
}

/** A secret that does not open says nothing about the pepper; neither does one that was revoked at this moment. */
function unlessBroken(error: unknown): undefined {
  if (error instanceof VaultError && error.code !== 'unavailable') return undefined;
  throw error;
}
