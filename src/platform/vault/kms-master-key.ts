import type { KMS } from '@aws-sdk/client-kms';
import { type Context, type MasterKey, VaultError, type WrappedKey } from './master-key.ts';

export type KmsOptions = {
  /** ARN, id or alias of the key that wraps what is new. */
  keyId: string;
  /** Of a test's double; without it, that of the region. */
  endpoint?: string;
};

/**
 * Milliseconds. A partner's rotation of its key waits for it, so it must end well before the request does. `whole` also bounds what the SDK does
 * before its request, such as asking for credentials.
 */
const timeouts = { connection: 1_000, request: 2_000, whole: 6_000 };

/** The errors of KMS that say something about the secret and not about KMS. */
const brokenErrors = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

/**
 * A master key of AWS KMS, which nobody can take out. The SDK is loaded at the first use: it would cost every server that does without it
 * its memory. Region and credentials are the SDK's own matter (AWS_REGION, the task's role).
 */
export class KmsMasterKey implements MasterKey {
  readonly #options: KmsOptions;
  #kms: Promise<KMS> | undefined;

  constructor(options: KmsOptions) {
    this.#options = options;
  }

  /** The ARN behind the name: what a wrapped data key carries, also when an alias is moved on later. */
  async current(): Promise<string> {
    const { KeyMetadata } = await this.#ask((kms) => kms.describeKey({ KeyId: this.#options.keyId }));
    return KeyMetadata?.Arn as string;
  }

  async generateDataKey(context: Context): Promise<WrappedKey & { plain: Buffer }> {
    const { KeyId, Plaintext, CiphertextBlob } = await this.#ask((kms) =>
      kms.generateDataKey({ KeyId: this.#options.keyId, KeySpec: 'AES_256', EncryptionContext: context }),
    );
    return { masterKey: KeyId as string, plain: buffer(Plaintext), wrapped: buffer(CiphertextBlob) };
  }

  /** With the key named, a data key that was wrapped by some other key is refused. */
  async unwrap({ masterKey, wrapped }: WrappedKey, context: Context): Promise<Buffer> {
    const { Plaintext } = await this.#ask((kms) => kms.decrypt({ KeyId: masterKey, CiphertextBlob: wrapped, EncryptionContext: context }));
    return buffer(Plaintext);
  }

  /** Within KMS: the data key does not come here. */
  async rewrap({ masterKey, wrapped }: WrappedKey, context: Context): Promise<WrappedKey> {
    const { KeyId, CiphertextBlob } = await this.#ask((kms) =>
      kms.reEncrypt({
        SourceKeyId: masterKey,
        CiphertextBlob: wrapped,
        SourceEncryptionContext: context,
        DestinationKeyId: this.#options.keyId,
        DestinationEncryptionContext: context,
      }),
    );
    return { masterKey: KeyId as string, wrapped: buffer(CiphertextBlob) };
  }

  async #ask<Answer>(question: (kms: KMS) => Promise<Answer>): Promise<Answer> {
    this.#kms ??= import('@aws-sdk/client-kms').then(
      ({ KMS }) =>
        new KMS({
          endpoint: this.#options.endpoint,
          maxAttempts: 2,
          requestHandler: { connectionTimeout: timeouts.connection, requestTimeout: timeouts.request, throwOnRequestTimeout: true },
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = question(await this.#kms);
      answer.catch(() => {}); // it may fail after it was given up
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeouts.whole} ms`)), timeouts.whole);
      });
      return await Promise.race([answer, timeout]);
    } catch (error) {
      const { name, message } = error as Error;
      if (brokenErrors.has(name))
        throw new VaultError('broken', 'the secret does not open: it was changed, or belongs to another key', { cause: error });
      const hint = message.includes('Region is missing') ? '; set AWS_REGION' : '';
      throw new VaultError('unavailable', `KMS cannot be used (${name}${message ? `: ${message}` : ''})${hint}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

function buffer(bytes: Uint8Array | undefined): Buffer {
  if (!bytes) throw new VaultError('unavailable', 'KMS answered without the key');
  return Buffer.from(bytes);
}
