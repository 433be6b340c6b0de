import { readLines } from './input.ts';
import { CliError, exitCodes } from './outcome.ts';
import type { Surroundings } from './terminal.ts';

/** The ids that a command was given, each once; `-` stands for those on stdin, a line each. @throws CliError */
export async function idsOf(surroundings: Surroundings, given: readonly string[]): Promise<string[]> {
  const ids = new Set<string>();
  for (const each of given) {
    if (each !== '-') ids.add(checked(each));
    else for await (const { line } of readLines(surroundings, '-')) ids.add(checked(line.trim()));
  }
  return [...ids];
}

/** The form is checked here: whatever else stands there is a slip, and would be asked for in vain. */
function checked(id: string): string {
  if (/^evt_[\w-]{1,100}$/.test(id)) return id;
  throw new CliError(exitCodes.usage, 'that is not the id of an event: they are like evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a');
}
