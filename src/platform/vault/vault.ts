import { decrypt, encrypt } from './envelope.ts';
import type { Context, MasterKey, WrappedKey } from './master-key.ts';

export { VaultError } from './master-key.ts';

/** What a secret is bound to: opened as anybody else's it is refused. */
export type Binding = { partnerId: number; keyId: number; version: number };

/** A secret as it is stored. */
export type SealedSecret = { masterKey: string; wrappedDataKey: Buffer; sealed: Buffer };

/**
 * Envelope encryption: each secret is encrypted under a data key of its own (AES-256-GCM), and the data key is wrapped by the master key. Both
 * carry the binding, as additional data and as context, so that no row can be passed off as another's. A rotation of the master key wraps
 * the data keys anew and leaves the secrets alone.
 */
export class Vault {
  readonly masterKey: MasterKey;

  constructor(masterKey: MasterKey) {
    this.masterKey = masterKey;
  }

  /** @throws VaultError `unavailable`. */
  async seal(text: string, binding: Binding): Promise<SealedSecret> {
    const { plain, masterKey, wrapped } = await this.masterKey.generateDataKey(context(binding));
    const sealed = encrypt(plain, Buffer.from(text, 'utf8'), additionalData(binding));
    plain.fill(0);
    return { masterKey, wrappedDataKey: wrapped, sealed };
  }

  /** @throws VaultError `broken` for a secret that was changed or moved; `unavailable`. */
  async open({ sealed, ...key }: SealedSecret, binding: Binding): Promise<string> {
    const plain = await this.masterKey.unwrap(wrappedKey(key), context(binding));
    const text = decrypt(plain, sealed, additionalData(binding)).toString('utf8');
    plain.fill(0);
    return text;
  }

  /** The secret's data key under the current master key; the sealed text stays as it is. @throws VaultError as `open`. */
  async rewrap(secret: Omit<SealedSecret, 'sealed'>, binding: Binding): Promise<Omit<SealedSecret, 'sealed'>> {
    const { masterKey, wrapped } = await this.masterKey.rewrap(wrappedKey(secret), context(binding));
    return { masterKey, wrappedDataKey: wrapped };
  }

  /** Does what a secret needs, with a secret of nobody. @throws VaultError */
  async probe(): Promise<void> {
    const context = { purpose: 'probe' };
    const { plain, ...key } = await this.masterKey.generateDataKey(context);
    plain.fill(0);
    (await this.masterKey.unwrap(key, context)).fill(0);
  }
}

function wrappedKey({ masterKey, wrappedDataKey }: Omit<SealedSecret, 'sealed'>): WrappedKey {
  return { masterKey, wrapped: wrappedDataKey };
}

function context({ partnerId, keyId, version }: Binding): Context {
  return { partner: `${partnerId}`, key_id: `${keyId}`, version: `${version}` };
}

function additionalData({ partnerId, keyId, version }: Binding): string {
  return `${partnerId}|${keyId}|${version}`;
}
