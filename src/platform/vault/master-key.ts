/** The facts to which a secret is bound, as strings: the `EncryptionContext` of KMS, the additional data of AES-GCM. */
export type Context = Readonly<Record<string, string>>;

export type WrappedKey = {
  /** Name of the master key that wraps it. */
  masterKey: string;
  wrapped: Buffer;
};

/** Wraps data keys. It never gives itself out. */
export interface MasterKey {
  /** Name of the key that wraps what is new. @throws VaultError */
  current(): Promise<string>;
  /** A fresh data key of 256 bits, in the clear and wrapped. @throws VaultError */
  generateDataKey(context: Context): Promise<WrappedKey & { plain: Buffer }>;
  /** @throws VaultError when it was wrapped in another context or by a key that is not there, or was changed. */
  unwrap(key: WrappedKey, context: Context): Promise<Buffer>;
  /** The same data key under the current master key. @throws VaultError as `unwrap`. */
  rewrap(key: WrappedKey, context: Context): Promise<WrappedKey>;
}

export type VaultErrorCode =
  /** The vault itself cannot be used: no key file, wrong permissions, KMS does not answer. */
  | 'unavailable'
  /** The secret was changed, moved, or wrapped by a key that is not there. */
  | 'broken'
  /** There is no such secret. */
  | 'not_found';

/** Says what is wrong, to an administrator; never holds a secret. */
export class VaultError extends Error {
  override name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
