import { Command } from 'commander';
import { addAuditCommands } from './administration/audit.ts';
import { addCompletionCommand } from './administration/completion.ts';
import { addKeyCommands } from './administration/keys.ts';
import { addOnboardCommands } from './administration/onboard.ts';
import { exitCodeHelp, outcomeOf } from './administration/outcome.ts';
import { say } from './administration/output.ts';
import { addPartnerCommands } from './administration/partners.ts';
import { addVaultCommands } from './administration/vault.ts';

// A reader that has seen enough, as `head` has, is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141); // 128 + SIGPIPE, as a shell has it
});

/** Administers partners, keys, the vault and the audit log in the database itself: no server needs to run, and those that do notice within a second. */
const program = new Command('./scripts/admin')
  .description('Administers the partners of the API, their keys, the vault of the keys and the audit log. Every command takes --json.')
  .addHelpText(
    'before',
    `Examples:
  ./scripts/admin partners import partners.csv
  ./scripts/admin onboard --all
  ./scripts/admin partners verify --count 10
  ./scripts/admin keys issue acme --expires 180d
  ./scripts/admin audit list --partner acme
`,
  )
  .addHelpText(
    'after',
    `
The database: DATABASE_URL, KEY_PEPPER and VAULT_KEY_FILE or VAULT_KMS_KEY, or else those of the ./scripts/start with the same LOCAL_DIR (default: .local).
The audit log names you by ADMIN_NAME, or else by your account on this machine.
${exitCodeHelp}`,
  )
  .showHelpAfterError('(--help shows how)')
  .exitOverride();
addPartnerCommands(program);
addKeyCommands(program);
addOnboardCommands(program);
addVaultCommands(program);
addAuditCommands(program);
addCompletionCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  const { exitCode, message } = outcomeOf(error);
  if (message) say(`admin: ${message}`);
  process.exitCode = exitCode;
}
