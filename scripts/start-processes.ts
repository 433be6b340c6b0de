import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serverFlags } from './server-flags.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readyDeadlineMs = 30_000;

/** @throws Error that names the variable to change when somebody listens on the port already. */
export async function assertPortIsFree(variable: string, port: number, host: string): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${variable} must be a port, 1 to 65535`);
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${error.code})`;
      reject(new Error(`port ${port} ${reason}: stop it or set ${variable} to another port`));
    });
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

/** The server, as its own process and process group, so that Ctrl-C reaches only the start script, which then stops it in order. */
export async function launchServer(env: NodeJS.ProcessEnv, logFile: string): Promise<ChildProcess> {
  const log = await open(logFile, 'w', 0o600);
  try {
    const server = spawn(process.execPath, [...serverFlags, 'src/main.ts'], {
      cwd: root,
      env,
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    await once(server, 'spawn');
    process.once('exit', () => server.kill('SIGTERM'));
    return server;
  } finally {
    await log.close();
  }
}

/** Waits until the server says it is ready. @throws Error with the end of its log when it ends before, or takes too long. */
export async function serverIsReady(server: ChildProcess, url: string, logFile: string, interrupted: () => void): Promise<void> {
  for (const until = Date.now() + readyDeadlineMs; ; await delay(25)) {
    interrupted();
    if (hasEnded(server)) throw new Error(`the server ended before it was ready; ${await endOf(logFile)}`);
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    if (Date.now() > until) throw new Error(`the server is not ready after ${readyDeadlineMs / 1_000} s; ${await endOf(logFile)}`);
  }
}

/** Asks the server to drain and waits for its end: it has a deadline of its own, and this one is behind it. */
export async function stopServer(server: ChildProcess, deadlineMs: number): Promise<void> {
  if (hasEnded(server)) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  const impatience = setTimeout(() => server.kill('SIGKILL'), deadlineMs);
  await exited;
  clearTimeout(impatience);
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

export async function endOf(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n');
  return `the end of ${logFile}:\n${lines.slice(-12).join('\n')}`;
}
