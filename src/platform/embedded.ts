import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, giveTo, postgresAccount, postgresPrograms, reachableParent } from './embedded-account.ts';
import { commandOf } from './embedded-process.ts';

/**
 * A real Postgres 18 out of an npm package, for a machine that has none: the same engine as in production, with the same durability.
 *
 * Invariants:
 * - It listens on 127.0.0.1 alone, without a Unix socket, and asks for a password (SCRAM).
 * - It has a process group of its own: Ctrl-C reaches the program that started it, which stops it last.
 * - A data directory is whole or not there: it is made under another name and then renamed.
 */
export type EmbeddedPostgres = {
  /** `postgres://…` of the superuser and the database `postgres`. */
  url: string;
  port: number;
  processId: number;
  /** Settles when the server has ended, whoever ended it. */
  exited: Promise<void>;
  /** Ends the sessions, writes everything out and waits for the end; after 15 s without it. */
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  /** Absolute path. Made when it is not there. */
  dataDirectory: string;
  /** Of the superuser `postgres`; the one that the data directory was made with. */
  password: string;
  /** Tried first; another free one is taken when it is busy. */
  port?: number;
  /** Server settings by name. fsync, synchronous_commit and full_page_writes are on unless said otherwise. */
  settings?: Record<string, string>;
  /** Where the server's own log goes. */
  logFile: string;
};

const startDeadlineMs = 60_000; // after a crash it first replays its log
const stopDeadlineMs = 15_000;

/** @throws Error with the end of the server's log when it does not come up. */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const account = postgresAccount();
  const programs = await postgresPrograms(account);
  const parent = await reachableParent(options.dataDirectory, account);
  const directory = path.join(parent, path.basename(options.dataDirectory));
  await initialise(programs, account, directory, options.password);
  await forgetDeadPostmaster(directory);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(attempt === 1 ? options.port : undefined);
    const child = await launch(programs, account, directory, port, options);
    if (await isReady(child, directory)) return handle(child, port, options.password);
    const end = (await readFile(options.logFile, 'utf8')).trim().split('\n').slice(-8).join('\n');
    if (attempt < 3 && end.includes('could not bind')) continue;
    throw new Error(`Postgres did not start; the end of ${options.logFile}:\n${end}`);
  }
}

/**
 * Ends a Postgres that outlived the program that started it (kill -9), so that its data directory can be used again. The caller knows
 * that no other program is using it.
 */
export async function stopAbandonedPostgres(dataDirectory: string): Promise<void> {
  const processId = await livePostmasterOf(dataDirectory);
  if (processId === undefined) return;
  process.kill(processId, 'SIGINT');
  for (const until = Date.now() + stopDeadlineMs; commandOf(processId) !== undefined; await delay(20)) {
    if (Date.now() > until) throw new Error(`Postgres of an earlier start (process ${processId}) does not end; end it by hand`);
  }
}

/** A TCP port of 127.0.0.1 that nobody listens on at the moment: `preferred` if that is one. */
export async function freePort(preferred = 0): Promise<number> {
  const server = createServer();
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(preferred, '127.0.0.1', () => resolve(true));
  });
  if (!listening) return freePort();
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function initialise(programs: string, account: Account, directory: string, password: string): Promise<void> {
  const version = await readFile(path.join(directory, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version?.trim() === '18') return;
  if (version !== undefined) throw new Error(`${directory} was made by Postgres ${version.trim()}, this is 18: move it away`);
  const half = `${directory}.new`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { mode: 0o700 });
  await giveTo(account, half);
  const secrets = await mkdtemp(path.join(tmpdir(), 'triggers-'));
  try {
    const passwordFile = path.join(secrets, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await Promise.all([giveTo(account, secrets), giveTo(account, passwordFile)]);
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const flags = [`--pgdata=${half}`, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync', ...locale];
    const child = spawn(path.join(programs, 'initdb'), flags, {
      ...account,
      cwd: '/',
      env: { TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const errors: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`Postgres could not make its data directory: ${Buffer.concat(errors).toString().trim()}`);
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
  await rename(half, directory);
}

async function launch(
  programs: string,
  account: Account,
  directory: string,
  port: number,
  options: EmbeddedOptions,
): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    timezone: 'UTC',
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = await open(options.logFile, 'w', 0o600);
  try {
    const child = spawn(path.join(programs, 'postgres'), ['-D', directory, '-p', String(port), ...flags], {
      ...account,
      cwd: '/',
      env: { TZ: 'UTC' },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await log.close();
  }
}

/** The eighth line of postmaster.pid says whether connections are accepted: what pg_ctl goes by. */
async function isReady(child: ChildProcess, directory: string): Promise<boolean> {
  for (const until = Date.now() + startDeadlineMs; child.exitCode === null && child.signalCode === null; await delay(20)) {
    const lines = (await readFile(path.join(directory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return true;
    if (Date.now() > until) child.kill('SIGQUIT');
  }
  return false;
}

function handle(child: ChildProcess, port: number, password: string): EmbeddedPostgres {
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const exited = ended() ? Promise.resolve() : once(child, 'exit').then(() => undefined);
  // Whatever ends this process, short of kill -9, ends Postgres too.
  const lastResort = () => child.kill('SIGINT');
  process.once('exit', lastResort);
  exited.then(() => process.off('exit', lastResort));
  return {
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    port,
    processId: child.pid as number,
    exited,
    async stop() {
      if (ended()) return;
      child.kill('SIGINT');
      const impatience = setTimeout(() => child.kill('SIGQUIT'), stopDeadlineMs);
      await exited;
      clearTimeout(impatience);
    },
  };
}

/**
 * A postmaster.pid whose number meanwhile belongs to another program would keep Postgres from starting. One whose process is gone is left to
 * Postgres, which finds out by it whether backends of a killed postmaster still write.
 */
async function forgetDeadPostmaster(directory: string): Promise<void> {
  const processId = await postmasterIn(directory);
  const command = processId === undefined ? undefined : commandOf(processId);
  if (command?.includes('postgres')) throw new Error(`a Postgres (process ${processId}) is already running on ${directory}`);
  if (command !== undefined) await rm(path.join(directory, 'postmaster.pid'), { force: true });
}

async function livePostmasterOf(directory: string): Promise<number | undefined> {
  const processId = await postmasterIn(directory);
  return processId !== undefined && commandOf(processId)?.includes('postgres') ? processId : undefined;
}

/** The process that postmaster.pid names, whether it is alive or not. */
async function postmasterIn(directory: string): Promise<number | undefined> {
  const text = await readFile(path.join(directory, 'postmaster.pid'), 'utf8').catch(() => '');
  const processId = Number(text.split('\n')[0]);
  return processId > 1 ? processId : undefined;
}
