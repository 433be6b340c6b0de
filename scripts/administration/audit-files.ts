import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { anchorMessage } from '../../src/modules/audit/anchor-job.ts';
import type { ChainPoint } from '../../src/modules/audit/chain.ts';
import { AdminError, cannotRead, cannotWrite, exitCodes } from './outcome.ts';

/** The lines of a file, `-` for stdin, without their line ends; only LF ends a line. @throws AdminError when it cannot be read. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let rest = '';
  try {
    for await (const chunk of input.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() as string;
      yield* lines;
    }
  } catch (error) {
    throw cannotRead(file, error);
  }
  if (rest !== '') yield rest;
}

/**
 * Writes lines to a file that only its owner can read. It appears under its name when it is whole and on the disk; until then, what was there before
 * stays. @throws AdminError when it cannot be written; what `lines` throws.
 */
export async function writePrivately(file: string, lines: AsyncIterable<string>): Promise<void> {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}.part`;
  try {
    await pipeline(lines, createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true }));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {}); // where it could not be made, it cannot be removed either
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw cannotWrite(file, error);
  }
}

/**
 * The anchors that the servers have noted in their log, one JSON object a line; what stands before the object, such as the name of a container, is
 * passed over, and so is every other line. @throws AdminError when the file cannot be read, or holds none.
 */
export async function anchorsOf(file: string): Promise<ChainPoint[]> {
  const found: ChainPoint[] = [];
  for await (const line of linesOf(file)) {
    if (!line.includes(anchorMessage)) continue;
    const { msg, seq, hash } = parse(line.slice(Math.max(0, line.indexOf('{'))));
    if (msg === anchorMessage && Number.isSafeInteger(seq) && typeof hash === 'string') found.push({ seq: BigInt(seq as number), hash });
  }
  if (found.length === 0) throw new AdminError(exitCodes.usage, `there is no line "${anchorMessage}" in ${file}`);
  return found;
}

function parse(line: string): { msg?: unknown; seq?: unknown; hash?: unknown } {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}
