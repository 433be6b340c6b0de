import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { Interruption } from './interruption.ts';
import { AdminError, brokenPipe, exitCodes, signalExitCodes } from './outcome.ts';

/** Data goes to stdout, messages to stderr, so that a pipe gets data alone. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One `name  value` line for every member. */
export function printRecord(record: Record<string, unknown>): void {
  const width = Math.max(...Object.keys(record).map((name) => name.length));
  for (const [name, value] of Object.entries(record)) process.stdout.write(`${name.padEnd(width)}  ${cell(value)}\n`);
}

/** The named columns of every record under their names. */
export function printTable<T extends Record<string, unknown>>(records: T[], columns: (keyof T & string)[]): void {
  const rows = [columns as string[], ...records.map((record) => columns.map((column) => cell(record[column])))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => (row[index] as string).length)));
  for (const [index, row] of rows.entries()) {
    const line = row
      .map((text, index) => text.padEnd(widths[index] as number))
      .join('  ')
      .trimEnd();
    // styleText leaves the text alone where the stream is no terminal, or NO_COLOR is set.
    process.stdout.write(`${index === 0 ? styleText('bold', line, { stream: process.stdout }) : line}\n`);
  }
}

export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Ends the process when stdout takes no more. A reader that has seen enough, as `head` has, is no failure of ours. */
export function endWithoutStdout(): void {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(brokenPipe);
    say(`admin: cannot write: ${code ?? message}`);
    process.exit(exitCodes.failed);
  });
}

/** To be called before something is printed that cannot be printed again: `message` is said if stdout does not take it. */
export function sayIfUnprinted(message: string): void {
  process.stdout.prependOnceListener('error', () => say(message));
}

type Terminal = { input: Readable & { isTTY?: boolean }; output: Writable & { isTTY?: boolean } };

/**
 * Lets a destructive command go on when it was given --yes, or when a person says so.
 * @throws AdminError when they say no or nothing, or when nobody is there to ask.
 */
export async function confirm(
  question: string,
  yes: boolean | undefined,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes) return;
  if (!input.isTTY) throw new AdminError(exitCodes.usage, `${question}: nobody is here to confirm it; repeat with --yes`);
  const prompts = await import('@clack/prompts');
  const answer = await prompts.confirm({ message: `${question}?`, initialValue: false, input, output });
  if (answer !== true) throw new AdminError(exitCodes.failed, 'not confirmed, nothing was changed');
}

export type Progress = {
  /** `count` more are done. */
  advance(count: number, message?: string): void;
  /** What stands there in the end; what was said at the beginning, unless given. */
  done(message?: string): void;
};

/**
 * A bar for long work, on stderr and only for a person: a log gets nothing of it. While it stands, Ctrl-C is a signal like any other: by itself the bar
 * would read the keyboard key by key, take Ctrl-C for a wish to end at once with exit code 0, and keep signals from ending the process: a check that
 * was broken off would look like one that found nothing wrong. Work that is `interruptible` sees to signals itself.
 */
export async function progress(max: number, title: string, interruption?: Interruption): Promise<Progress> {
  const onSignal = (signal: keyof typeof signalExitCodes) => process.exit(signalExitCodes[signal]);
  const signals = interruption ? [] : (Object.keys(signalExitCodes) as (keyof typeof signalExitCodes)[]);
  for (const signal of signals) process.once(signal, onSignal);
  const bar = max > 1 && process.stderr.isTTY ? await startBar(max, title) : undefined;
  return {
    advance: (count, message) => bar?.advance(count, message),
    done(message = title) {
      for (const signal of signals) process.off(signal, onSignal);
      bar?.stop(message);
    },
  };
}

async function startBar(max: number, message: string) {
  const prompts = await import('@clack/prompts');
  const bar = prompts.progress({ max, output: process.stderr, withGuide: false });
  bar.start(message);
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  return bar;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.join(',') : String(value);
}
