import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedPostgres, freePort, startEmbeddedPostgres } from '../../src/platform/embedded.ts';
import { until } from '../helper/until.ts';

/** A Postgres of our own, with the durability of production, that can be killed and started again on the same data and port. */
export type PostgresProcess = {
  /** Of the superuser and the given database. */
  url(database?: string): string;
  port: number;
  /** Of the postmaster; changes with every start. */
  processId(): number;
  ended(): boolean;
  /** kill -9 of the postmaster; returns when its last backend is gone too. */
  kill(): Promise<void>;
  /** After `kill` or `stop`. */
  start(): Promise<void>;
  /** Also when it was killed; deletes the data. */
  remove(): Promise<void>;
};

/** What the measurements and the faults run on; fsync, synchronous_commit and full_page_writes are on already. */
export const durableSettings = { shared_buffers: '256MB', max_wal_size: '4GB', max_connections: '100' };

export async function startPostgres(settings: Record<string, string> = durableSettings): Promise<PostgresProcess> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'triggers-postgres-')));
  await chmod(folder, 0o755); // the account that Postgres runs as must get in
  const dataDirectory = path.join(folder, 'data');
  const password = 'only-on-this-machine';
  const port = await freePort();
  let current: EmbeddedPostgres;
  let ended = true;
  async function start(): Promise<void> {
    current = await startEmbeddedPostgres({ dataDirectory, password, port, settings, logFile: path.join(folder, 'postgres.log') });
    ended = false;
    const { exited } = current;
    void exited.then(() => {
      ended = true;
    });
    if (current.port !== port) throw new Error(`port ${port} was taken while Postgres was away`);
  }
  await start();
  return {
    port,
    url: (database = 'postgres') => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    processId: () => current.processId,
    ended: () => ended,
    async kill() {
      process.kill(current.processId, 'SIGKILL');
      await current.exited;
      // A backend notices at its next wait. One that still wrote while a new postmaster ran would destroy the data.
      await until('the backends end', () => processesIn(dataDirectory).length === 0);
    },
    start,
    async remove() {
      await current.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Postgres works in its data directory, so that is how its processes are found after their parent's death. */
function processesIn(directory: string): number[] {
  const isThere = (processId: string): boolean => {
    try {
      return readlinkSync(`/proc/${processId}/cwd`) === directory;
    } catch {
      return false; // ended meanwhile, or another user's
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isThere(name))
    .map(Number);
}
