import { chmod, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stopAbandonedPostgres } from '../src/platform/embedded.ts';
import { removeData } from '../src/platform/embedded-account.ts';
import { commandOf } from '../src/platform/embedded-process.ts';

const prefix = 'triggers-services-';

/** A folder for one throwaway server, through which Postgres's own account can pass. It says whose it is. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), prefix));
  await chmod(folder, 0o711);
  await writeFile(path.join(folder, 'owner'), String(process.pid));
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await removeData(path.join(folder, 'postgres'));
  await rm(folder, { recursive: true, force: true });
}

/** Ends and deletes the throwaway servers of a run that was killed before it could. Those of another user are left alone. */
export async function removeLeftovers(): Promise<void> {
  const base = await realpath(tmpdir());
  for (const name of await readdir(base)) {
    if (!name.startsWith(prefix)) continue;
    const folder = path.join(base, name);
    const owner = Number(await readFile(path.join(folder, 'owner'), 'utf8').catch(() => ''));
    if (owner < 1 || commandOf(owner) !== undefined) continue;
    const redis = Number(await readFile(path.join(folder, 'redis.pid'), 'utf8').catch(() => ''));
    if (redis > 1 && commandOf(redis)?.includes('redis-server')) process.kill(redis, 'SIGTERM');
    await stopAbandonedPostgres(path.join(folder, 'postgres'))
      .then(() => removeFolder(folder))
      .catch(() => {});
  }
}
