import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { CliError, exitCodes } from './outcome.ts';

/** A server and the key for it: what `triggers login` keeps. */
export type Profile = { url: string; key: string };
export const usualProfile = 'default';

type Env = Record<string, string | undefined>;

/** `$XDG_CONFIG_HOME/triggers/config.json`, usually `~/.config/triggers/config.json`. */
export function profilesFile(env: Env): string {
  const base = env.XDG_CONFIG_HOME || path.join(env.HOME || homedir(), '.config');
  return path.join(base, 'triggers', 'config.json');
}

/** All profiles by their names; none when nothing was kept yet. @throws CliError when others can read the file, or it is not one of ours. */
export async function readProfiles(env: Env): Promise<Map<string, Profile>> {
  const file = profilesFile(env);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new CliError(exitCodes.usage, `cannot read the profiles: ${error.message}`);
  });
  if (text === undefined) return new Map();
  // Windows has no such modes: there the folder of the user protects the file.
  if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) {
    throw new CliError(
      exitCodes.usage,
      `others on this machine can read the keys in ${file}`,
      `chmod 600 '${file}', and rotate the keys in it.`,
    );
  }
  const profiles = parsed(text);
  if (profiles) return profiles;
  throw new CliError(exitCodes.usage, `${file} is not as triggers login writes it`, 'Delete it and log in again.');
}

/** Replaces the file in one step: whoever reads it meanwhile has the old or the new one. Only its owner can read it. */
export async function writeProfiles(env: Env, profiles: ReadonlyMap<string, Profile>): Promise<string> {
  const file = profilesFile(env);
  const fresh = `${file}.${randomUUID()}`;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(fresh, `${JSON.stringify({ profiles: Object.fromEntries(profiles) }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    await chmod(fresh, 0o600); // whatever the umask says
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw new CliError(exitCodes.usage, `cannot keep the profile: ${(error as Error).message}`);
  }
  return file;
}

function parsed(text: string): Map<string, Profile> | undefined {
  try {
    const { profiles } = JSON.parse(text) as { profiles: Record<string, Profile> };
    const all = Object.entries(profiles);
    const whole = all.every(([, { url, key }]) => typeof url === 'string' && typeof key === 'string');
    return whole ? new Map(all.map(([name, { url, key }]) => [name, { url, key }])) : undefined;
  } catch {
    return undefined;
  }
}
