import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { freePort, startEmbeddedPostgres } from '../src/platform/embedded.ts';
import { startPostgresContainer, startRedisContainer } from './test-containers.ts';
import { makeFolder, removeFolder, removeLeftovers } from './test-folders.ts';
import { installPackages, mayInstall, pathOf } from './test-packages.ts';

/** A server for the tests: where it is, what it is in words, and how to end it (which does nothing to a server that was given). */
export type Service = { url: string; origin: string; stop(): Promise<void> };

const containersOnly = process.env.TEST_SERVICES === 'containers';
const given = (url: string): Service => ({ url, origin: 'given', stop: async () => {} });

/**
 * Postgres for the tests: TEST_DATABASE_URL, else the one of the npm package on a throwaway data directory, else a container.
 * The throwaway one has fsync off: it survives a killed process, which is what tests can do to it, and is faster.
 */
export async function startTestPostgres(): Promise<Service> {
  if (process.env.TEST_DATABASE_URL) return given(process.env.TEST_DATABASE_URL);
  if (containersOnly) return startPostgresContainer();
  await removeLeftovers();
  const folder = await makeFolder();
  const dataDirectory = path.join(folder, 'postgres');
  try {
    const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '300', max_wal_size: '4GB', autovacuum_naptime: '5s' };
    const password = randomBytes(18).toString('base64url');
    const server = await startEmbeddedPostgres({ dataDirectory, password, settings, logFile: path.join(folder, 'postgres.log') });
    const stop = async () => {
      await server.stop();
      await removeFolder(folder);
    };
    return { url: server.url, origin: 'embedded, fsync off', stop };
  } catch (error) {
    await removeFolder(folder);
    if ((error as Error).message.includes('is not installed') && dockerAnswers()) return startPostgresContainer();
    throw error;
  }
}

/**
 * Redis for the tests: TEST_REDIS_URL, else redis-server on the PATH, else a container, else Debian's package when we may install it.
 * @throws Error that says what to do when there is no way.
 */
export async function startTestRedis(): Promise<Service> {
  if (process.env.TEST_REDIS_URL) return given(process.env.TEST_REDIS_URL);
  if (containersOnly) return startRedisContainer();
  if (!pathOf('redis-server')) {
    if (dockerAnswers()) {
      try {
        return await startRedisContainer();
      } catch (error) {
        if (!mayInstall()) throw error; // Docker without a way to its images is as good as none
      }
    }
    if (!mayInstall()) throw new Error(noRedis);
    installPackages(['redis-server'], noRedis);
  }
  const port = await freePort();
  const folder = await makeFolder();
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--pidfile', `${folder}/redis.pid`];
  // A process group of its own: Ctrl-C ends the tests first, and then we end this.
  const child = spawn('redis-server', [...where, '--save', '', '--appendonly', 'no'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lastResort = () => child.kill('SIGKILL');
  process.once('exit', lastResort);
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    process.off('exit', lastResort);
    await removeFolder(folder);
  };
  let log = '';
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    log += chunk;
    if (!log.includes('Ready to accept connections')) continue;
    child.stdout.resume();
    return { url: `redis://127.0.0.1:${port}`, origin: 'redis-server', stop };
  }
  await stop();
  throw new Error(`redis-server did not start:\n${log}`);
}

const noRedis = `There is no Redis for the tests. One of these helps:
  - install redis-server (Debian: sudo apt-get install redis-server; macOS: brew install redis)
  - start Docker
  - set TEST_REDIS_URL=redis://host:port`;

function dockerAnswers(): boolean {
  return spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 10_000 }).status === 0;
}
