import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * `triggers completion <shell>` prints the script that makes a shell complete commands and options; the hidden `triggers complete -- …` is what that
 * script asks. To be called last: it completes the commands that are there by then.
 */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((each) => each.name() === 'completion')
    ?.description('print what a shell needs to complete the commands: bash, zsh, fish, powershell');
}
