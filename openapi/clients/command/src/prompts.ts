import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CliError, exitCodes } from './outcome.ts';
import type { Surroundings } from './terminal.ts';

/** Lets a command go on when it was given --yes, or when a person says so. @throws CliError when they say no or nothing, or nobody is there to ask. */
export async function confirm(surroundings: Surroundings, question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!surroundings.stdin.isTTY) throw new CliError(exitCodes.usage, `${question}: nobody is here to confirm it`, 'Repeat with --yes.');
  const answer = await ask(surroundings, `${question}? [y/N] `, surroundings.stderr);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(exitCodes.failed, 'not confirmed, nothing was changed');
}

/** One line that a person types, unseen when it is secret; or the whole of stdin, when that is no terminal. */
export async function secret(surroundings: Surroundings, question: string): Promise<string> {
  const { stdin, stderr } = surroundings;
  if (!stdin.isTTY) return text(stdin);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Not before the terminal has stopped showing what is typed: somebody may be quick.
  const answer = await ask(surroundings, '', unseen, () => stderr.write(question));
  stderr.write('\n');
  return answer;
}

async function ask({ stdin, signal }: Surroundings, question: string, output: Writable, onReady = () => {}): Promise<string> {
  const lines = createInterface({ input: stdin, output, terminal: true });
  // In this mode the keyboard's Ctrl-C and Ctrl-D come to us, not to the terminal: nothing is answered.
  const leaving = new AbortController();
  for (const event of ['SIGINT', 'close'] as const) lines.once(event, () => leaving.abort());
  try {
    const answer = lines.question(question, { signal: AbortSignal.any([signal, leaving.signal]) });
    onReady();
    return await answer;
  } catch {
    signal.throwIfAborted();
    throw new CliError(exitCodes.failed, 'not answered, nothing was changed');
  } finally {
    lines.close();
  }
}
