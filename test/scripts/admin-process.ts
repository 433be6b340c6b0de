import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Test } from 'tap';
import { createPools, type Pools } from '../../src/platform/postgres.ts';
import { testPepper } from '../helper/app.ts';
import { createTestDatabase } from '../helper/database.ts';

const program = fileURLToPath(new URL('../../scripts/admin', import.meta.url));

export type Outcome = { code: number | null; out: string; messages: string };

export type Command = { env: Record<string, string>; args: readonly string[] };

const idle: Worker[] = [];

/**
 * Runs the admin's command in a thread, with nothing of this process's own settings: two thirds of what a process takes is reading the sources, which a
 * thread does once for many commands. Signals, stdin, terminals and the caller's folder are only there with `runAdminProcess`.
 */
export async function runAdmin(env: Record<string, string>, args: readonly string[]): Promise<Outcome> {
  const worker = idle.pop() ?? new Worker(new URL('./admin-worker.ts', import.meta.url), { env: {}, execArgv: [] });
  worker.ref();
  worker.postMessage({ env: { PATH: process.env.PATH ?? '', ...env }, args } satisfies Command);
  const heard = new AbortController();
  const { signal } = heard;
  const outcome = await Promise.race([
    once(worker, 'message', { signal }).then(([outcome]) => outcome),
    once(worker, 'exit', { signal }).then(([code]) => ({ code, out: '', messages: '' })),
  ]);
  heard.abort();
  if (worker.threadId !== -1) idle.push(worker);
  worker.unref();
  return outcome as Outcome;
}

/**
 * Runs the admin's command as a person or a pipeline does, from a folder that is not the checkout's and with nothing of this process's own
 * settings. `input` is what stands on its stdin.
 */
export async function runAdminProcess(env: Record<string, string>, args: readonly string[], input = ''): Promise<Outcome> {
  const child = spawn(program, args, { cwd: tmpdir(), env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    once(child, 'close'),
  ]);
  return { code, out: stdout.join(''), messages: stderr.join('') };
}

export type AdminSetUp = {
  databaseUrl: string;
  db: Pools['db'];
  env: Record<string, string>;
  /** Runs a command. */
  run(...args: string[]): Promise<Outcome>;
  /** The JSON of a command that must succeed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape.
  json(...args: string[]): Promise<any>;
};

/** A database of its own, and the admin's commands on it. `more`: further variables of their environment. */
export async function setUpAdmin(t: Test, more: Record<string, string> = {}, runIt: typeof runAdmin = runAdmin): Promise<AdminSetUp> {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 4, onIdleError: () => {} });
  t.teardown(() => pools.close());
  const env = { DATABASE_URL: databaseUrl, KEY_PEPPER: testPepper, ADMIN_NAME: 'alice', ...more };
  const run = (...args: string[]) => runIt(env, args);
  return {
    databaseUrl,
    db: pools.db,
    env,
    run,
    async json(...args) {
      const { code, out, messages } = await run(...args, '--json');
      if (code !== 0) throw new Error(`exit code ${code}: ${messages}`);
      return JSON.parse(out);
    },
  };
}
