import { randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './envelope.ts';
import { readKeyFile } from './key-file.ts';
import { type Context, type MasterKey, VaultError, type WrappedKey } from './master-key.ts';

/**
 * Master keys in a file of this machine. The file is read at every use, which is rare: a rotation by another process holds at once, and the
 * keys are not kept in memory.
 */
export class LocalMasterKey implements MasterKey {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async current(): Promise<string> {
    return (await readKeyFile(this.#file)).current;
  }

  async generateDataKey(context: Context): Promise<WrappedKey & { plain: Buffer }> {
    const plain = randomBytes(32);
    return { plain, ...(await this.#wrap(plain, context)) };
  }

  async unwrap({ masterKey, wrapped }: WrappedKey, context: Context): Promise<Buffer> {
    const kept = (await readKeyFile(this.#file)).keys[masterKey];
    if (!kept) throw new VaultError('broken', `the master key ${masterKey} is not in ${this.#file}: bring back the copy that has it`);
    return decrypt(Buffer.from(kept.key, 'base64'), wrapped, additionalData(context));
  }

  async rewrap(key: WrappedKey, context: Context): Promise<WrappedKey> {
    return this.#wrap(await this.unwrap(key, context), context);
  }

  async #wrap(plain: Buffer, context: Context): Promise<WrappedKey> {
    const { current, keys } = await readKeyFile(this.#file);
    const key = Buffer.from((keys[current] as { key: string }).key, 'base64');
    return { masterKey: current, wrapped: encrypt(key, plain, additionalData(context)) };
  }
}

/** One text for one context, whatever the order of its members. */
function additionalData(context: Context): string {
  return JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
}
