import { refuseWholeKeys } from './arguments.ts';
import { outcomeOf } from './outcome.ts';
import { say } from './output.ts';
import { createProgram } from './program.ts';

/** Runs the command that the arguments name. What became of it is in `process.exitCode`, and was said on stderr if it failed. */
export async function runCommand(args: readonly string[]): Promise<void> {
  try {
    refuseWholeKeys(args);
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    const { exitCode, message } = outcomeOf(error);
    if (message) say(`admin: ${message}`);
    process.exitCode = exitCode;
  }
}
