import type { Command } from 'commander';
import { changeKey, findKeyRecord, issueKey, type KeyChange, listKeys, revokeKey } from '../../src/modules/partners/store.ts';
import { type KeyClass, keyClasses } from '../../src/pipeline/auth/key-format.ts';
import { readSecret } from '../../src/pipeline/auth/key-secrets.ts';
import { scopes as allScopes, type Scope } from '../../src/pipeline/auth/principal.ts';
import { recordAudit } from '../../src/platform/audit.ts';
import { withDatabase } from './database.ts';
import { addExamples } from './help.ts';
import { addKeyCheckCommand } from './key-check.ts';
import { addKeyRotateCommand } from './key-rotate.ts';
import { sayIfKeyIsUnprinted } from './key-unprinted.ts';
import { choice, expiry, keyClass, line, networkList, scopeList } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { confirm, printJson, printRecord, printTable, say } from './output.ts';
import { checkedSecrets } from './pepper.ts';

type KeyOptions = { scopes?: Scope[]; allow?: string[] | 'everywhere'; expires?: Date | 'never'; reason?: string; json?: boolean };

/** `admin keys …` */
export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('what a partner shows to be let in');

  withSettings(keys.command('issue <slug>'))
    .description('make a key and print it; it is kept in the vault, where there is one')
    .addOption(choice('--class <class>', 'what it is for', keyClasses, keyClass, 'beta'))
    .action(issue);

  keys
    .command('list <slug>')
    .description('the keys of a partner, oldest first, also expired and revoked ones')
    .option('--json', 'print JSON')
    .action((slug, { json }) =>
      withDatabase(async ({ db }) => {
        const all = await listKeys(db, slug);
        if (json) printJson(all);
        else printTable(all, ['key_id', 'key_prefix', 'status', 'scopes', 'allowed_cidrs', 'expires_at', 'last_used_at', 'replaced_by']);
      }),
    );

  keys
    .command('show <id-or-prefix>')
    .description('one key: what it may do, from where, until when, and when it was last used')
    .option('--json', 'print JSON')
    .action((name, { json }) =>
      withDatabase(async ({ db }) => {
        const key = await findKeyRecord(db, name);
        if (json) printJson(key);
        else printRecord(key);
      }),
    );

  withSettings(keys.command('change <id-or-prefix>')).description('change what a key may do, from where, or until when').action(change);

  addKeyRotateCommand(keys);

  keys
    .command('revoke <id-or-prefix>')
    .description('refuse a key from now on, and take it out of the vault; cannot be undone')
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(revoke);

  keys
    .command('reveal <id-or-prefix>')
    .description('print a key out of the vault; who did it and why is written to the audit log first')
    .requiredOption('--reason <text>', 'why, for the audit log', line)
    .option('--json', 'print JSON')
    .action(reveal);

  addKeyCheckCommand(keys);
  addExamples(keys, examples);
}

function withSettings(command: Command): Command {
  return command
    .option('--scopes <list>', `what it may do, by commas (a new key: ${allScopes.join(',')})`, scopeList)
    .option('--allow <networks>', 'from where, as CIDR by commas, or "everywhere" (a new key: everywhere)', networkList)
    .option('--expires <when>', 'RFC 3339 time, days or hours from now (180d, 12h), or "never" (a new key: never)', expiry)
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--json', 'print JSON');
}

async function issue(slug: string, options: KeyOptions & { class: KeyClass }): Promise<void> {
  const { reason, json } = options;
  await withDatabase(async (connection) => {
    const { db, optionalVault, actor } = connection;
    const secrets = await checkedSecrets(connection);
    const key = await issueKey(db, secrets, { slug, keyClass: options.class, ...settingsOf(options) }, actor(reason));
    sayIfKeyIsUnprinted(key.key_id, slug, optionalVault());
    if (json) return printJson(key);
    process.stdout.write(`${key.api_key}\n`);
    const again = optionalVault() ? 'keys reveal shows it again' : 'there is no vault, so it is shown this once';
    say(`key ${key.key_id} of ${slug}, ${key.expires_at ? `good until ${key.expires_at}` : 'does not expire'}; ${again}`);
  });
}

function settingsOf({ scopes, allow, expires }: KeyOptions): KeyChange {
  return { scopes, allowedCidrs: allow === 'everywhere' ? null : allow, expiresAt: expires === 'never' ? null : expires };
}

async function change(name: string, { reason, json, ...options }: KeyOptions): Promise<void> {
  const settings = settingsOf(options);
  if (Object.values(settings).every((value) => value === undefined)) {
    throw new AdminError(exitCodes.usage, 'nothing to change: give --scopes, --allow or --expires');
  }
  await withDatabase(async ({ change }) => {
    const key = await change((transaction) => changeKey(transaction, name, settings), reason);
    if (json) printJson(key);
    else printRecord(key);
  });
}

type RevokeOptions = { reason?: string; dryRun?: boolean; yes?: boolean; json?: boolean };

async function revoke(name: string, { reason, dryRun = false, yes, json }: RevokeOptions): Promise<void> {
  await withDatabase(async ({ db, change }) => {
    const before = await findKeyRecord(db, name);
    const { key_id, key_prefix, status } = before;
    if (!dryRun) await confirm(`Revoke the key ${key_prefix}…`, yes);
    const key = dryRun ? before : await change((transaction) => revokeKey(transaction, `${key_id}`), reason);
    if (json) printJson({ dry_run: dryRun, ...key });
    else if (!dryRun) say(`${key_prefix}… is revoked; every replica refuses it within a second`);
    else if (status === 'revoked') say(`${key_prefix}… is revoked already; nothing would be done`);
    else say(`${key_prefix}… of ${before.partner} (${status}) would be revoked; nothing was done`);
  });
}

async function reveal(name: string, { reason, json }: { reason: string; json?: boolean }): Promise<void> {
  await withDatabase(async ({ db, vault, actor }) => {
    const key = await findKeyRecord(db, name);
    const text = await readSecret(db, vault(), key.key_id);
    // Before it is shown: what cannot be written down is not shown.
    await recordAudit(db, actor(reason), {
      action: 'key.revealed',
      subject: `key:${key.key_id}`,
      partner: key.partner,
      details: { key_prefix: key.key_prefix },
    });
    if (json) printJson({ api_key: text, ...key });
    else process.stdout.write(`${text}\n`);
  });
}

const examples = [
  './scripts/admin keys issue acme --expires 180d',
  './scripts/admin keys issue acme --class test --scopes events:write --allow 203.0.113.0/24',
  './scripts/admin keys issue acme --json | jq -r .api_key',
  './scripts/admin keys list acme',
  './scripts/admin keys show 17 --json',
  './scripts/admin keys rotate 17 --grace 7d',
  './scripts/admin keys change 17 --expires 365d',
  "./scripts/admin keys reveal 17 --reason 'ticket 4711: partner lost it'",
  "./scripts/admin keys revoke sk_beta_acme_4fJ2k9 --reason 'found in a public repository'",
  './scripts/admin keys check --file leaked.log',
];
