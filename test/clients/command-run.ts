import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { Interrupted } from '../../openapi/clients/command/src/outcome.ts';
import { run } from '../../openapi/clients/command/src/run.ts';
import { until } from '../helper/until.ts';

export type Outcome = { code: number; out: string; messages: string };

export type RunOptions = {
  env?: Record<string, string>;
  /** What stands on stdin; by default nothing. */
  input?: string | Readable;
  /** Whether stdin, stdout and stderr are a terminal, 100 columns wide. `input` is then what a person types. */
  terminal?: boolean;
};

/** A command that runs in this process, on streams and an environment of its own. */
export type Running = {
  ended: Promise<Outcome>;
  /** Ends it as a signal does. */
  stop(signal?: 'SIGINT' | 'SIGTERM'): void;
  /** Waits until stdout, or stderr, holds what `pattern` matches. */
  printed(pattern: RegExp): Promise<void>;
  said(pattern: RegExp): Promise<void>;
};

export function start(args: readonly string[], { env = {}, input = '', terminal = false }: RunOptions = {}): Running {
  const [stdout, stderr] = [sink(terminal), sink(terminal)];
  const stopping = new AbortController();
  const stdin = Object.assign(typeof input === 'string' ? typed(input, terminal) : input, { isTTY: terminal });
  const outcome = () => ({ out: stdout.text(), messages: stderr.text() });
  const ended = run(args, { stdin, stdout: stdout.stream, stderr: stderr.stream, env, signal: stopping.signal }).then((code) => ({
    code,
    ...outcome(),
  }));
  const holds = async (what: string, text: () => string, pattern: RegExp) => {
    const over = ended.then(
      () => true,
      () => true,
    );
    let done = false;
    void over.then(() => {
      done = true;
    });
    await until(`${what} holds ${pattern}: ${JSON.stringify(outcome())}`, () => pattern.test(text()) || done);
    if (!pattern.test(text())) throw new Error(`it ended and ${what} does not hold ${pattern}: ${JSON.stringify(await ended)}`);
  };
  return {
    ended,
    stop: (signal = 'SIGINT') => stopping.abort(new Interrupted(signal)),
    printed: (pattern) => holds('stdout', stdout.text, pattern),
    said: (pattern) => holds('stderr', stderr.text, pattern),
  };
}

/** Runs a command to its end. */
export function runCommand(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return start(args, options).ended;
}

/** A terminal stays open behind what was typed; a pipe ends. */
function typed(text: string, terminal: boolean): Readable {
  if (!terminal) return Readable.from(text === '' ? [] : [Buffer.from(text)]);
  const keyboard = new PassThrough();
  keyboard.write(text);
  return keyboard;
}

function sink(isTTY: boolean): { stream: Writable & { isTTY: boolean; columns: number }; text(): string } {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 100 }), text: () => text };
}

/** The address of a server that is not there: its port was free a moment ago. */
export async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
