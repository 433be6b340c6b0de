import { Command } from 'commander';
import { addKeyCommands } from './admin-keys.ts';
import { exitCodeHelp, outcomeOf } from './admin-outcome.ts';
import { say } from './admin-output.ts';
import { addPartnerCommands } from './admin-partners.ts';

/** Administers partners and their keys in the database itself: no server needs to run, and those that do notice within a second. */
const program = new Command('./scripts/admin')
  .description('Administers the partners of the API and their keys. Every command takes --json.')
  .addHelpText(
    'before',
    `Examples:
  ./scripts/admin partners create acme --name 'Acme Corp'
  ./scripts/admin keys issue acme
  ./scripts/admin partners list --json
`,
  )
  .addHelpText(
    'after',
    `
The database: DATABASE_URL and KEY_PEPPER, or else that of the ./scripts/start with the same LOCAL_DIR (default: .local).
${exitCodeHelp}`,
  )
  .showHelpAfterError('(--help shows how)')
  .exitOverride();
addPartnerCommands(program);
addKeyCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  const { exitCode, message } = outcomeOf(error);
  if (message) say(`admin: ${message}`);
  process.exitCode = exitCode;
}
