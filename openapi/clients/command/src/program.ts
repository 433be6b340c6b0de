import { Command } from 'commander';
import { addAck } from './commands/ack.ts';
import { addCompletion } from './commands/completion.ts';
import { addInbox } from './commands/inbox.ts';
import { addListen } from './commands/listen.ts';
import { addLogin } from './commands/login.ts';
import { addReplay } from './commands/replay.ts';
import { addSend } from './commands/send.ts';
import { addShow } from './commands/show.ts';
import { addStatus } from './commands/status.ts';
import { addUsage } from './commands/usage.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { profileName } from './options.ts';
import { exitCodeHelp } from './outcome.ts';
import { version } from './version.ts';

/** The command `triggers` with all its commands, for one run. */
export function createProgram(context: Context): Command {
  const { stdout, stderr } = context.surroundings;
  const program = new Command('triggers')
    .description('Send events to Triggers API, watch them come in, and work the inbox. All but completion take --json.')
    .version(version, '--version', 'print the version')
    .option('--profile <name>', 'use the key and the address that `triggers login` has kept under this name', profileName)
    .addHelpText('after', surroundings)
    .showHelpAfterError('(--help shows how)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => context.terminal.columns,
    });
  const adders = [addStatus, addSend, addListen, addInbox, addShow, addAck, addReplay, addUsage, addLogin];
  for (const add of adders) add(program, context);
  addCompletion(program);
  addExamples(program);
  return program;
}

const surroundings = `
The key is never an argument. It and the address of the service come from the first of these that is there:
  --profile <name>                       what \`triggers login --profile <name>\` has kept
  TRIGGERS_API_KEY and TRIGGERS_API_URL  in the environment; or API_KEY and API_URL
  TRIGGERS_PROFILE                       the name of a profile; else the profile "default"
Profiles are in ~/.config/triggers/config.json ($XDG_CONFIG_HOME), which only you can read.

On a terminal there are tables, relative times and colour (NO_COLOR turns that off); in a pipe, columns parted by tabs.
Data goes to stdout, all else to stderr.
${exitCodeHelp}`;
