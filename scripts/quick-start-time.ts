import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandsOf, quickStartOf } from './guide/quick-start.ts';

/**
 * `node scripts/quick-start-time.ts [repository]` clones the repository (this one, as committed) into a temporary folder, follows its README from
 * `./scripts/start` to the acknowledgement, and prints how many commands and seconds that took. Nobody reads or types meanwhile: it is what the
 * machine takes, packages from the registry included. Exit code 0, or 1 when a command failed, or it took more than five minutes or commands.
 */
const limits = { seconds: 300, commands: 5 };
const repository = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'quick-start-'));
const clone = path.join(folder, 'clone');
const began = performance.now();
const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
const [port, metricsPort] = [await freePort(), await freePort()];
const env = { ...process.env, PORT: `${port}`, METRICS_PORT: `${metricsPort}`, LOCAL_DIR: path.join(clone, '.local') };
const stoppers: (() => Promise<void>)[] = [];

try {
  await run('git', ['clone', '--quiet', repository, clone], folder);
  console.log(`${seconds()} s: cloned`);
  const [start = '', ...snippets] = quickStartOf(await readFile(path.join(clone, 'README.md'), 'utf8'));
  await serverOf(start);
  console.log(`${seconds()} s: ready`);
  await run('bash', ['-euo', 'pipefail', '-c', snippets.join('\n')], clone);
  const commands = [start, ...snippets].reduce((sum, snippet) => sum + commandsOf(snippet).length, 0);
  console.log(`\n${seconds()} s and ${commands} commands from a clone to the acknowledgement`);
  if (Number(seconds()) > limits.seconds || commands > limits.commands) process.exitCode = 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
for (const stop of stoppers) await stop();
await rm(folder, { recursive: true, force: true });

/** Runs the command until the server is ready. @throws Error when it ends before. */
async function serverOf(command: string): Promise<void> {
  const child = spawn('bash', ['-c', `exec ${command}`], { cwd: clone, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  stoppers.push(async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    await ended;
  });
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += chunk;
    if (/is ready at/.test(printed)) {
      child.stdout.resume();
      return;
    }
  }
  throw new Error(`${command} ended before it was ready:\n${printed}`);
}

/** @throws Error when it does not end with 0. */
async function run(command: string, args: string[], cwd: string): Promise<void> {
  const [code] = await once(spawn(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] }), 'exit');
  if (code !== 0) throw new Error(`${command} ${args[0]} … ended with ${code}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
