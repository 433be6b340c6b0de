import { refuseKeys } from './arguments.ts';
import { Context } from './context.ts';
import { brokenPipe, CliError, exitCodes, outcomeOf } from './outcome.ts';
import { createProgram } from './program.ts';
import type { Surroundings } from './terminal.ts';

/**
 * Runs one command line, and gives its exit code.
 * @param args without the program's own name.
 * @param given `signal` ends the command when it is aborted; its reason is an `Interrupted`.
 */
export async function run(args: readonly string[], given: Surroundings): Promise<number> {
  const ending = new AbortController();
  const signal = AbortSignal.any([given.signal, ending.signal]);
  // A reader that has seen enough, as `head` has, is no failure of ours; and whatever else keeps us from printing, going on would be in vain.
  const onError = ({ code, message }: NodeJS.ErrnoException) =>
    ending.abort(code === 'EPIPE' ? new CliError(brokenPipe, '') : new CliError(exitCodes.failed, `cannot write: ${code ?? message}`));
  given.stdout.on('error', onError);
  const context = new Context({ ...given, signal });
  try {
    refuseKeys(args);
    await createProgram(context).parseAsync(args, { from: 'user' });
    signal.throwIfAborted();
    return exitCodes.done;
  } catch (error) {
    // Whatever broke off because the command was to end, it is that which ended it.
    const { exitCode, lines } = outcomeOf(signal.aborted ? signal.reason : error);
    for (const [index, line] of lines.entries()) context.terminal.say(index === 0 ? `triggers: ${line}` : `  ${line}`);
    return exitCode;
  } finally {
    given.stdout.off('error', onError);
  }
}
