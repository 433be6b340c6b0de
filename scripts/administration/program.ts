import { Command } from 'commander';
import { addAuditCommands } from './audit.ts';
import { addCompletionCommand } from './completion.ts';
import { addKeyCommands } from './keys.ts';
import { addOnboardCommands } from './onboard.ts';
import { exitCodeHelp } from './outcome.ts';
import { addPartnerCommands } from './partners.ts';
import { addVaultCommands } from './vault.ts';

/** Administers partners, keys, the vault and the audit log in the database itself: no server needs to run, and those that do notice within a second. */
export function createProgram(): Command {
  const program = new Command('./scripts/admin')
    .description(
      'Administers the partners of the API, their keys, the vault of the keys and the audit log. All but completion take --json.',
    )
    .addHelpText('before', examples)
    .addHelpText('after', surroundings)
    .showHelpAfterError('(--help shows how)')
    .exitOverride();
  addPartnerCommands(program);
  addKeyCommands(program);
  addOnboardCommands(program);
  addVaultCommands(program);
  addAuditCommands(program);
  addCompletionCommand(program);
  return program;
}

const examples = `Examples:
  ./scripts/admin partners import partners.csv
  ./scripts/admin onboard --all
  ./scripts/admin partners verify --count 10
  ./scripts/admin keys issue acme --expires 180d
  ./scripts/admin audit list --partner acme
`;

const surroundings = `
The database: DATABASE_URL, KEY_PEPPER and VAULT_KEY_FILE or VAULT_KMS_KEY, or else those of the ./scripts/start with the same LOCAL_DIR (default: .local).
The audit log names you by ADMIN_NAME, or else by your account on this machine.
${exitCodeHelp}`;
