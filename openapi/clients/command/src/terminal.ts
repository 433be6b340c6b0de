import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { printable } from './text.ts';

/** Where a command runs: what a process has, or a test gives. */
export type Surroundings = {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean };
  env: Record<string, string | undefined>;
  /** Aborted with an `Interrupted` when the command is to end. */
  signal: AbortSignal;
};

const codes = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;
export type Style = keyof typeof codes;

/** Data goes to stdout, everything else to stderr, so that a pipe gets data alone. */
export class Terminal {
  /** Whether stdout is looked at by a person: then there are tables, relative times and colour. */
  readonly interactive: boolean;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.interactive = surroundings.stdout.isTTY === true;
  }

  /** Characters of a line. */
  get columns(): number {
    return this.#surroundings.stdout.columns || 80;
  }

  /** One line of data. Waits while the reader is slower than we are. @throws what ended the command meanwhile. */
  async print(line: string): Promise<void> {
    const { stdout, signal } = this.#surroundings;
    signal.throwIfAborted();
    if (!stdout.write(`${line}\n`)) await once(stdout, 'drain', { signal }).catch(() => signal.throwIfAborted());
  }

  /** A record as one line of JSON. Escaping what a terminal would act upon leaves it the same JSON: such characters are only in its strings. */
  json(value: unknown): Promise<void> {
    return this.jsonText(JSON.stringify(value));
  }

  jsonText(text: string): Promise<void> {
    return this.print(printable(text));
  }

  /** A line for people. Nothing waits for it. */
  say(line: string): void {
    this.#surroundings.stderr.write(`${line}\n`);
  }

  /** Text in a style where a person reads stdout and wants colour (https://no-color.org); else as it is. */
  style(style: Style, text: string): string {
    return this.#styled(this.#surroundings.stdout, style, text);
  }

  /** The same for what is said on stderr. */
  sayStyle(style: Style, text: string): string {
    return this.#styled(this.#surroundings.stderr, style, text);
  }

  #styled({ isTTY }: { isTTY?: boolean }, style: Style, text: string): string {
    const { NO_COLOR, TERM } = this.#surroundings.env;
    return isTTY && !NO_COLOR && TERM !== 'dumb' ? `\x1b[${codes[style]}m${text}\x1b[0m` : text;
  }

  /**
   * Rows under names, aligned, for a person; without names and parted by tabs for a program. Gives the widths of the columns.
   * @param before those of the rows that stand above: then these go on below them, without the names again.
   */
  async table(names: readonly string[], rows: readonly (readonly string[])[], before?: readonly number[]): Promise<number[]> {
    const cells = rows.map((row) => row.map(printable));
    if (!this.interactive) {
      for (const row of cells) await this.print(row.join('\t'));
      return [];
    }
    const widths = names.map((name, column) =>
      Math.max(name.length, before?.[column] ?? 0, ...cells.map((row) => row[column]?.length ?? 0)),
    );
    const align = (row: readonly string[]) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
    if (before === undefined) await this.print(this.style('dim', align(names)));
    for (const row of cells) await this.print(align(row));
    return widths;
  }

  /** One `name  value` line for each, aligned for a person, parted by a tab for a program. Values may be styled: they are made printable by the caller. */
  async record(lines: readonly (readonly [name: string, value: string])[]): Promise<void> {
    const width = Math.max(...lines.map(([name]) => name.length));
    for (const [name, value] of lines) {
      await this.print(this.interactive ? `${this.style('dim', name.padEnd(width))}  ${value}` : `${name}\t${value}`);
    }
  }
}
