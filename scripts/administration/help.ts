import type { EventEmitter } from 'node:events';
import type { Command } from 'commander';

/**
 * Puts examples before the help of a group of commands, and before the help of each of them its own: the lines that call it. A command that has
 * something before its help already keeps that.
 */
export function addExamples(group: Command, lines: readonly string[]): void {
  group.addHelpText('before', textOf(lines));
  for (const command of group.commands) {
    // Help texts are listeners of the command, which is an EventEmitter that its types do not tell of.
    if ((command as unknown as EventEmitter).listenerCount('beforeHelp') > 0) continue;
    command.addHelpText('before', textOf(lines.filter((line) => line.includes(` ${group.name()} ${command.name()}`))));
  }
}

function textOf(lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
