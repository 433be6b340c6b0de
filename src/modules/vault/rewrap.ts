import type { Kysely } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { type Vault, VaultError } from '../../platform/vault/vault.ts';
import { replaceDataKey, type StoredSecret } from './store.ts';
import { walkSecrets } from './walk.ts';

export type RewrapOptions = {
  db: Kysely<Database>;
  vault: Vault;
  /** Wrap anew also what is under the current master key: KMS then uses the newest material of the same key. */
  all?: boolean;
  /** Told after each secret, and awaited. */
  onRewrapped?(): void | Promise<void>;
  /** Ends the work after the secrets under way, if more are left. What was done stays, and the next run goes on from there. */
  signal?: AbortSignal;
};

export type Rewrapped = {
  to: string;
  rewrapped: number;
  /** Secrets that do not open, and stay as they are. */
  broken: { keyId: number; keyPrefix: string; partner: string }[];
};

/**
 * Wraps the data key of every secret under the current master key, while servers go on: each row is replaced only if it is as it was read, and
 * opens before and after. What is sealed under the older master key meanwhile is found by another pass.
 * @throws VaultError `unavailable`; what was done until then stays.
 */
export async function rewrapSecrets({ db, vault, all = false, onRewrapped, signal }: RewrapOptions): Promise<Rewrapped> {
  const to = await vault.masterKey.current();
  const broken = new Map<number, StoredSecret>();
  let rewrapped = 0;
  for (let isFirst = true, wasDone = false; !wasDone; isFirst = false) {
    wasDone = true;
    await walkSecrets(db, { notUnder: all && isFirst ? undefined : to, signal }, async (secret) => {
      if (broken.has(secret.keyId)) return;
      wasDone = false;
      if (await rewrapOne(secret)) rewrapped += 1;
      await onRewrapped?.();
    });
  }
  return { to, rewrapped, broken: [...broken.values()].map(({ keyId, keyPrefix, partner }) => ({ keyId, keyPrefix, partner })) };

  async function rewrapOne(secret: StoredSecret): Promise<boolean> {
    try {
      const fresh = await vault.rewrap(secret, secret);
      if (fresh.masterKey !== to)
        throw new VaultError('unavailable', `the master key has become ${fresh.masterKey} meanwhile: run the rotation again`);
      return await replaceDataKey(db, secret, fresh);
    } catch (error) {
      if (!(error instanceof VaultError) || error.code === 'unavailable') throw error;
      broken.set(secret.keyId, secret);
      return false;
    }
  }
}
