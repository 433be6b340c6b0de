import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { until } from '../helper/until.ts';
import type { Outcome } from './command-run.ts';

/** As it is called in the repository. */
export const script = fileURLToPath(new URL('../../scripts/triggers', import.meta.url));

/** Arguments of `env` that keep the test runner, which adds itself to every process of Node that is started, out of what they call. */
export const untouched = ['-u', 'NODE_OPTIONS'];

export type CommandProcess = { child: ChildProcessWithoutNullStreams; ended: Promise<Outcome>; said(pattern: RegExp): Promise<void> };

/** The command as a process of its own, from a folder that is not the checkout's and with nothing of this process's settings. */
export function spawnCommand(program: string, args: readonly string[], env: Record<string, string> = {}): CommandProcess {
  const child = spawn('env', [...untouched, program, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...env },
  });
  const text = { out: '', messages: '' };
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    text.messages += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, ...text }));
  const said = (pattern: RegExp) =>
    until(`it says ${pattern}: ${JSON.stringify(text)}`, () => pattern.test(text.messages + text.out), 30_000).then(() => {});
  return { child, ended, said };
}
