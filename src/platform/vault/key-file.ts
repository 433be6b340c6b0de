import { randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { VaultError } from './master-key.ts';

/**
 * The file of the local master keys: the current one, and those that still wrap something. Only its owner may read it; whoever has it and the
 * database has every key of every partner.
 */
const KeyFile = Type.Object({
  current: Type.String(),
  keys: Type.Record(
    Type.String({ pattern: '^mk_[0-9a-f]{16}$' }),
    Type.Object({
      /** 256 bits, base64. */
      key: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
      created_at: Type.String(),
      /** When another became the current one. */
      retired_at: Type.Optional(Type.String()),
    }),
    { additionalProperties: false },
  ),
});
export type KeyFile = Static<typeof KeyFile>;

/** @throws VaultError `unavailable`, with what to do, when it is missing, readable by others, or damaged. */
export async function readKeyFile(file: string): Promise<KeyFile> {
  const { mode, uid } = await stat(file).catch((error) => {
    const missing = error.code === 'ENOENT';
    throw new VaultError(
      'unavailable',
      missing ? `${file} is missing: make it with ./scripts/admin vault init` : `${file}: ${error.code}`,
      {
        cause: error,
      },
    );
  });
  if ((mode & 0o077) !== 0) throw new VaultError('unavailable', `${file} can be read by others: chmod 600 it`);
  const me = process.getuid?.();
  if (me !== undefined && uid !== me && uid !== 0) throw new VaultError('unavailable', `${file} belongs to another user: chown it`);
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new VaultError('unavailable', `${file} cannot be read: ${error.code}`, { cause: error });
  });
  const kept = parse(text);
  if (!kept?.keys[kept.current])
    throw new VaultError('unavailable', `${file} is not a file of master keys, or is damaged: bring back its copy`);
  return kept;
}

/** Makes a key file with one key. @returns its name. @throws VaultError when the file is there already: what it wraps would be lost. */
export async function createKeyFile(file: string): Promise<string> {
  const name = newName();
  const kept: KeyFile = { current: name, keys: { [name]: newKey() } };
  await write(file, kept, async (fresh) => {
    // `link` and not `rename`: of two that make the file at once, one fails.
    await link(fresh, file).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
      throw new VaultError('unavailable', `${file} is there already`, { cause: error });
    });
    await rm(fresh);
  });
  return name;
}

/** Adds a key, from now on the current one. @returns its name. @throws VaultError */
export async function addKey(file: string): Promise<string> {
  const name = newName();
  await change(file, ({ current, keys }) => {
    const retired = { ...(keys[current] as KeyFile['keys'][string]), retired_at: new Date().toISOString() };
    return { current: name, keys: { ...keys, [current]: retired, [name]: newKey() } };
  });
  return name;
}

/** Takes keys out for good; the current one stays. @throws VaultError */
export async function removeKeys(file: string, names: readonly string[]): Promise<void> {
  await change(file, ({ current, keys }) => {
    const left = Object.entries(keys).filter(([name]) => name === current || !names.includes(name));
    return { current, keys: Object.fromEntries(left) };
  });
}

/** Milliseconds. A change takes a few; a lock that is older than `abandoned` was left behind by a process that was killed. */
const locking = { patience: 5_000, abandoned: 10_000, pause: 10 };

/** Reads, changes and writes the file while nobody else does: of two changes at once, one would undo the other, and a master key would be gone. */
async function change(file: string, to: (kept: KeyFile) => KeyFile): Promise<void> {
  const lock = `${file}.lock`;
  for (const until = performance.now() + locking.patience; ; await delay(locking.pause)) {
    const handle = await open(lock, 'wx', 0o600).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (handle) {
      await handle.close();
      break;
    }
    const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > locking.abandoned) await rm(lock, { force: true });
    if (performance.now() > until) throw new VaultError('unavailable', `${file} is being changed by somebody else: try again`);
  }
  try {
    await write(file, to(await readKeyFile(file)), (fresh) => rename(fresh, file));
  } finally {
    await rm(lock, { force: true });
  }
}

/** In one step and on the disk: a crash leaves the old file or the new one. @throws VaultError `unavailable`, with what to do. */
async function write(file: string, kept: KeyFile, place: (fresh: string) => Promise<void>): Promise<void> {
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(fresh, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(kept, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(fresh, 0o600);
    await place(fresh);
    const folder = await open(path.dirname(file), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {}); // where it could not be made, it cannot be removed either
    throw error instanceof VaultError ? error : unwritable(file, error as NodeJS.ErrnoException);
  }
}

function unwritable(file: string, error: NodeJS.ErrnoException): VaultError {
  const folder = path.dirname(file);
  const remedies: { [code: string]: string } = {
    ENOENT: `the folder ${folder} is missing: make it first`,
    ENOTDIR: `${folder} is no folder: name another place`,
    EACCES: `this user may not write to the folder ${folder}`,
    EPERM: `this user may not write to the folder ${folder}`,
    EROFS: `the folder ${folder} is read-only: name another place`,
    ENOSPC: 'the disk is full',
  };
  const reason = remedies[error.code ?? ''] ?? error.message;
  return new VaultError('unavailable', `cannot write ${file}: ${reason}`, { cause: error });
}

function parse(text: string): KeyFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(KeyFile, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const newName = () => `mk_${randomBytes(8).toString('hex')}`;
const newKey = () => ({ key: randomBytes(32).toString('base64'), created_at: new Date().toISOString() });
