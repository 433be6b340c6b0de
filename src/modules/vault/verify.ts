import type { Kysely } from 'kysely';
import { isHashOf } from '../../pipeline/auth/key-format.ts';
import type { Database } from '../../platform/schema.ts';
import { type Vault, VaultError } from '../../platform/vault/vault.ts';
import { readUnvaulted, type StoredSecret } from './store.ts';
import { walkSecrets } from './walk.ts';

export type VaultFault = {
  key_id: number;
  key_prefix: string;
  partner: string;
  fault: /** A good key whose text is not here. */
    | 'missing'
    /** It does not open: changed, moved, or wrapped by a master key that is not there. */
    | 'broken'
    /** It opens, and is not the key whose hash the servers know. */
    | 'another_key';
  detail: string;
};

export type Verified = { secrets: number; faults: VaultFault[] };

/**
 * Opens every secret and compares it with the hash by which servers know the key.
 * @throws VaultError `unavailable` when the vault itself cannot be used: that says nothing about the secrets.
 */
export async function verifyVault(
  db: Kysely<Database>,
  { pepper, vault }: { pepper: string; vault: Vault },
  onChecked?: () => void,
): Promise<Verified> {
  const faults: VaultFault[] = [];
  let checked = 0;
  await walkSecrets(db, {}, async (secret) => {
    const fault = await check(secret);
    if (fault) faults.push(describe(secret, ...fault));
    checked += 1;
    onChecked?.();
  });
  for (const key of await readUnvaulted(db))
    faults.push(describe(key, 'missing', 'it was issued without a vault: rotate it, and the new one is kept'));
  return { secrets: checked, faults: faults.sort((a, b) => a.key_id - b.key_id) };

  async function check(secret: StoredSecret): Promise<[VaultFault['fault'], string] | undefined> {
    try {
      const text = await vault.open(secret, secret);
      if (isHashOf(secret.keyHash, pepper, text)) return undefined;
      return ['another_key', 'it is not the key that servers know: another pepper, or the row was exchanged'];
    } catch (error) {
      if (!(error instanceof VaultError) || error.code === 'unavailable') throw error;
      return ['broken', error.message];
    }
  }
}

function describe(
  { keyId, keyPrefix, partner }: { keyId: number; keyPrefix: string; partner: string },
  fault: VaultFault['fault'],
  detail: string,
): VaultFault {
  return { key_id: keyId, key_prefix: keyPrefix, partner, fault, detail };
}
