import { fileURLToPath } from 'node:url';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

const place = fileURLToPath(new URL('../admin', import.meta.url));
/** As a word of a shell, wherever the checkout is. */
const program = /^[\w/.-]+$/.test(place) ? place : `'${place.replaceAll("'", "'\\''")}'`;
const shells = ['bash', 'zsh', 'fish', 'powershell'];

/**
 * `admin completion <shell>` prints the script that makes a shell complete commands and options; the hidden `admin complete -- …` is what that
 * script asks. To be called last: it completes the commands that are there by then.
 */
export function addCompletionCommand(command: Command): void {
  const completions = tab(command, { completionCommandName: 'completion' });
  const own = command.commands.find((each) => each.name() === 'completion') as Command;
  own
    .description(`print what a shell needs to complete the commands: ${shells.join(', ')}`)
    .addHelpText(
      'before',
      `Examples:
  source <(./scripts/admin completion bash)
  ./scripts/admin completion fish > ~/.config/fish/completions/admin.fish
`,
    )
    // The shell knows the command by its last name, and calls it by its place.
    .action((shell: string) => completions.setup('admin', program, shell));
}
