import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import type { Test } from 'tap';
import { removeData } from '../../src/platform/embedded-account.ts';
import { commandOf } from '../../src/platform/embedded-process.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** `./scripts/start` as a process, without the installation in front of it. */
export class StartProcess {
  output = '';
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly #waiting = new Set<() => void>();

  constructor(t: Test, env: Record<string, string>, account: { uid?: number; gid?: number } = {}) {
    const inherited = { PATH: process.env.PATH };
    this.child = spawn(process.execPath, ['scripts/start.ts'], { cwd: root, env: { ...inherited, ...env }, ...account });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.setEncoding('utf8').on('data', (text) => this.#hear(text));
    this.exited = once(this.child, 'close').then(([code]) => {
      this.#hear('');
      return code;
    });
    t.teardown(() => this.stop('SIGTERM'));
  }

  /** Waits for the three lines to copy. @throws Error with all that was said when it ends before. */
  async ready(): Promise<{ curlLines: string[]; apiKey: string | undefined }> {
    while (!this.output.includes('Ctrl-C stops everything')) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`it ended: ${this.output}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    const curlLines = this.output.split('\n').filter((line) => line.trim().startsWith('curl '));
    return { curlLines, apiKey: /sk_test_demo_\w+/.exec(this.output)?.[0] };
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }

  #hear(text: string): void {
    this.output += text;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A folder for one test that any account can pass through and `uid` owns; removed with the data when the test ends. */
export async function localFolder(t: Test, { mode = 0o711, uid = process.getuid?.() ?? 0 } = {}): Promise<string> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'triggers-test-'));
  await chmod(folder, mode);
  if (process.getuid?.() === 0) await chown(folder, uid, uid);
  const local = path.join(folder, 'local');
  t.teardown(async () => {
    await removeData(path.join(local, 'postgres'));
    await rm(folder, { recursive: true, force: true });
  });
  return local;
}

/** PORT and METRICS_PORT that are free now, as environment. */
export async function freePorts(): Promise<{ PORT: string; METRICS_PORT: string }> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return String((server.address() as { port: number }).port);
    }),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return { PORT: ports[0] as string, METRICS_PORT: ports[1] as string };
}

/** Runs a line as a person would: in sh. @returns what it printed. */
export async function shell(line: string): Promise<string> {
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}

export function envFile(local: string, name: string): Record<string, string | undefined> {
  return parseEnv(readFileSync(path.join(local, name), 'utf8'));
}

export async function modeOf(local: string, name: string): Promise<string> {
  return ((await stat(path.join(local, name))).mode & 0o777).toString(8);
}

/** The processes that a start has started: its server, and its Postgres if it has one. */
export async function processesOf(local: string): Promise<number[]> {
  const { server } = JSON.parse(await readFile(path.join(local, 'running.json'), 'utf8'));
  const postmaster = await readFile(path.join(local, 'postgres', 'postmaster.pid'), 'utf8').catch(() => undefined);
  return postmaster ? [server, Number(postmaster.split('\n')[0])] : [server];
}

export function stillRunning(processes: number[]): number[] {
  return processes.filter((processId) => commandOf(processId) !== undefined);
}
