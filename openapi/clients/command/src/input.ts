import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CliError, exitCodes } from './outcome.ts';
import type { Surroundings } from './terminal.ts';

/** The whole of a file, or of stdin when there is no file or it is `-`. @throws CliError */
export async function readWhole({ stdin, signal }: Surroundings, file: string | undefined): Promise<string> {
  if (file !== undefined && file !== '-') {
    return readFile(file, { encoding: 'utf8', signal }).catch((error) => {
      throw refusal(file, error);
    });
  }
  signal.addEventListener('abort', () => stdin.destroy(), { once: true });
  return text(stdin);
}

/** The same line by line, as they come. Lines without anything on them are left out. `number` is that of the line, from 1. @throws CliError */
export async function* readLines(
  { stdin, signal }: Surroundings,
  file: string | undefined,
): AsyncGenerator<{ number: number; line: string }> {
  const source: Readable = file === undefined || file === '-' ? stdin : createReadStream(file);
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
  const stop = () => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      if (line.trim() !== '') yield { number, line };
    }
  } catch (error) {
    signal.throwIfAborted();
    throw refusal(file ?? '-', error);
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
    if (source !== stdin) source.destroy();
  }
  signal.throwIfAborted();
}

function refusal(file: string, error: unknown): CliError {
  return new CliError(exitCodes.usage, `cannot read ${file === '-' ? 'the standard input' : file}: ${(error as Error).message}`);
}
