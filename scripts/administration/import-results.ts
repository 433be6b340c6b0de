import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { keyPrefix } from '../../src/pipeline/auth/key-format.ts';
import { AdminError, cannotWrite, exitCodes } from './outcome.ts';

/** A key that is about to be stored. */
export type PreparedLine = { line: number; slug: string; key_id: number; key_prefix: string; api_key: string };

/** What became of a row, with `api_key` where a key was made. */
type ResultLine = { key_id: number | null; api_key?: string };

/**
 * What an import did, one JSON value on a line, for its owner alone. Lines are only ever appended, and are on the disk before the import goes on.
 *
 * Before a key is stored, a line `{"prepared": …}` holds it; after the commit, the row's line does. So a process that ends between the two, however
 * it ends, has lost no key: the next import of the file finds the key stored and writes the row's line with it. A prepared key without such a line
 * was never stored.
 */
export class ResultsFile {
  readonly path: string;
  readonly #handle: FileHandle;
  /** Keys of earlier imports that have no row's line yet, by number and prefix. */
  readonly #open = new Map<string, string>();

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Makes the file, or opens what an earlier import wrote. @throws AdminError when others can read it, or it cannot be used. */
  static async open(file: string): Promise<ResultsFile> {
    const handle = await open(file, 'a+', 0o600).catch((error) => {
      throw cannotWrite(file, error);
    });
    try {
      const { mode, uid, size } = await handle.stat();
      const about = `the results file ${file} will hold keys, and`;
      if ((mode & 0o170000) !== 0o100000) throw new AdminError(exitCodes.usage, `${about} is no plain file`);
      if ((mode & 0o077) !== 0) throw new AdminError(exitCodes.usage, `${about} others can read it: chmod 600 it, or name another`);
      if (process.getuid && uid !== process.getuid()) throw new AdminError(exitCodes.usage, `${about} it belongs to another user`);
      const results = new ResultsFile(file, handle);
      await results.#readEarlier();
      if (size === 0) await syncFolder(path.dirname(file));
      return results;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @throws AdminError when it cannot be written; the key is not to be stored then. */
  async prepare(line: number, slug: string, { id, key }: { id: number; key: string }): Promise<void> {
    const prepared: PreparedLine = { line, slug, key_id: id, key_prefix: keyPrefix(key), api_key: key };
    await this.#write({ prepared });
  }

  /** The text of a key that an earlier import stored and did not live to report. */
  unreported(keyId: number, prefix: string): string | undefined {
    return this.#open.get(name(keyId, prefix));
  }

  /** @throws AdminError when it cannot be written. */
  async append(result: ResultLine): Promise<void> {
    await this.#write(result);
    if (result.api_key) this.#open.delete(name(result.key_id, keyPrefix(result.api_key)));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #write(value: object): Promise<void> {
    try {
      await this.#handle.appendFile(`${JSON.stringify(value)}\n`);
      await this.#handle.sync();
    } catch (error) {
      // Not as at the opening: rows may be done by now.
      throw new AdminError(exitCodes.failed, cannotWrite(this.path, error).message);
    }
  }

  async #readEarlier(): Promise<void> {
    let text = '';
    for await (const chunk of this.#handle.createReadStream({ encoding: 'utf8', start: 0, autoClose: false })) text += chunk;
    for (const line of text.split('\n')) this.#readLine(line);
    // The last line of an import that was cut off in the middle of it.
    if (text !== '' && !text.endsWith('\n')) await this.#handle.appendFile('\n');
  }

  #readLine(line: string): void {
    const { prepared, key_id, api_key } = parse(line) as { prepared?: PreparedLine } & ResultLine;
    if (prepared) this.#open.set(name(prepared.key_id, prepared.key_prefix), prepared.api_key);
    else if (api_key) this.#open.delete(name(key_id, keyPrefix(api_key)));
  }
}

function name(keyId: number | null, prefix: string): string {
  return `${keyId} ${prefix}`;
}

function parse(line: string): object {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}

/** A new file is there after a power loss only if its folder is on the disk, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
