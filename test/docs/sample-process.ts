import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import { until } from '../helper/until.ts';

export type Ended = { code: number | null; printed: string; errors: string };

/** A sample that runs, with the programs it has started, and ends with the test. */
export class Sample {
  printed = '';
  errors = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(t: Pick<Test, 'teardown'>, command: string[], env: NodeJS.ProcessEnv) {
    const [program, ...args] = command as [string, ...string[]];
    // A group of its own: whoever stops a program on a terminal or under a supervisor stops all of its group.
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      this.printed += piece;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      this.errors += piece;
    });
    this.#closed = once(this.#child, 'close');
    t.teardown(() => this.stop('SIGKILL'));
  }

  async ended(): Promise<Ended> {
    await this.#closed;
    return { code: this.#child.exitCode, printed: this.printed, errors: this.errors };
  }

  /** Waits until it has printed that. */
  async prints(pattern: RegExp): Promise<void> {
    const found = () => pattern.test(this.printed) || this.#child.exitCode !== null;
    await until(`${pattern} of ${this.printed}${this.errors}`, found, 20_000);
    if (!pattern.test(this.printed)) throw new Error(`ended before ${pattern}: ${this.printed}${this.errors}`);
  }

  /** As the kernel does when memory runs out: not what it has started. */
  killAlone(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    try {
      process.kill(-(this.#child.pid as number), signal);
    } catch {
      // it has ended
    }
    await this.#closed;
  }
}
