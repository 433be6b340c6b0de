import { timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import { hashKey } from '../../pipeline/auth/key-format.ts';
import type { Database } from '../../platform/schema.ts';
import { type Vault, VaultError } from '../../platform/vault/vault.ts';
import { readSecrets, readUnvaulted, type StoredSecret } from './store.ts';

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

const portion = { secrets: 200, atOnce: 8 };

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
  for (let after = 0; ; ) {
    const secrets = await readSecrets(db, { after, limit: portion.secrets });
    const last = secrets.at(-1);
    if (!last) break;
    after = last.keyId;
    const workers = Array.from({ length: portion.atOnce }, async () => {
      for (let secret = secrets.pop(); secret; secret = secrets.pop()) {
        const fault = await check(secret);
        if (fault) faults.push(describe(secret, ...fault));
        checked += 1;
        onChecked?.();
      }
    });
    await Promise.all(workers);
  }
  for (const key of await readUnvaulted(db))
    faults.push(describe(key, 'missing', 'it was issued without a vault: rotate it, and the new one is kept'));
  return { secrets: checked, faults: faults.sort((a, b) => a.key_id - b.key_id) };

  async function check(secret: StoredSecret): Promise<[VaultFault['fault'], string] | undefined> {
    try {
      const text = await vault.open(secret, secret);
      if (timingSafeEqual(hashKey(pepper, text), secret.keyHash)) return undefined;
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
