import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { AdminError, exitCodes } from './admin-outcome.ts';

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
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((text, index) => text.padEnd(widths[index] as number))
        .join('  ')
        .trimEnd()}\n`,
    );
}

export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

type Terminal = { input: NodeJS.ReadableStream & { isTTY?: boolean }; output: NodeJS.WritableStream };

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
  const terminal = createInterface({ input, output });
  // Ctrl-D and Ctrl-C close the interface and leave the question open.
  const closed = once(terminal, 'close').then(() => '');
  const answer = await Promise.race([terminal.question(`${question}? [y/N] `), closed]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new AdminError(exitCodes.failed, 'not confirmed, nothing was changed');
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return Array.isArray(value) ? value.join(',') : String(value);
}
