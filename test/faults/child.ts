import { type ChildProcess, spawn } from 'node:child_process';

/** A process that this program started, with what it wrote; nothing here signals any other. */
export type Child = {
  pid: number;
  /** Standard output and error so far, in the order of arrival. */
  output(): string;
  /** `{ code, signal }` when it has ended. */
  exited: Promise<Exit>;
  ended(): boolean;
  /** Sends the signal, if it still runs, and waits for the end; SIGKILL follows after `deadlineMs`. */
  stop(signal: NodeJS.Signals, deadlineMs?: number): Promise<Exit>;
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type ChildOptions = { command: string; args: string[]; env?: NodeJS.ProcessEnv; cwd?: string };

const running = new Set<ChildProcess>();
// Whatever ends this program, short of kill -9, ends what it started.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** @throws Error when the program cannot be started. */
export async function startChild({ command, args, env, cwd }: ChildOptions): Promise<Child> {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => pieces.push(text));
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  running.add(child);
  void exited.then(() => running.delete(child));
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid as number,
    output: () => pieces.join(''),
    exited,
    ended,
    async stop(signal, deadlineMs = 20_000) {
      if (ended()) return exited;
      child.kill(signal);
      const impatience = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      const exit = await exited;
      clearTimeout(impatience);
      return exit;
    },
  };
}
