import type { Command } from 'commander';
import { findKeyByName, issueKey, listKeys, revokeKey } from '../src/modules/partners/store.ts';
import type { KeyClass } from '../src/pipeline/auth/key-format.ts';
import { scopes as allScopes, type Scope } from '../src/pipeline/auth/principal.ts';
import { withDatabase } from './admin-database.ts';
import { keyClass, moment, scopeList } from './admin-options.ts';
import { confirm, printJson, printTable, say } from './admin-output.ts';

type IssueOptions = { class: KeyClass; scopes?: Scope[]; expires?: Date; json?: boolean };

/** `admin keys …` */
export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('what a partner shows to be let in').addHelpText('before', examples);

  keys
    .command('issue <slug>')
    .description('make a key and print it, this once; only its hash is stored')
    .addHelpText('before', examples)
    .option('--class <class>', 'beta, test or live', keyClass, 'beta')
    .option('--scopes <list>', `what it may do, by commas (default: ${allScopes.join(',')})`, scopeList)
    .option('--expires <when>', 'RFC 3339 time, or days or hours from now: 180d, 12h (default: never)', moment)
    .option('--json', 'print JSON')
    .action(issue);

  keys
    .command('list <slug>')
    .description('the keys of a partner, oldest first, also expired and revoked ones')
    .option('--json', 'print JSON')
    .action((slug, { json }) =>
      withDatabase(async ({ db }) => {
        const all = await listKeys(db, slug);
        if (json) printJson(all);
        else printTable(all, ['key_id', 'key_prefix', 'status', 'scopes', 'created_at', 'expires_at', 'revoked_at']);
      }),
    );

  keys
    .command('revoke <id-or-prefix>')
    .description('refuse a key from now on; cannot be undone')
    .addHelpText('before', examples)
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action((name, { yes, json }) =>
      withDatabase(async ({ db }) => {
        const { id, prefix } = await findKeyByName(db, name);
        await confirm(`Revoke the key ${prefix}…`, yes);
        const key = await revokeKey(db, `${id}`);
        if (json) printJson(key);
        else say(`${prefix}… is revoked; every replica refuses it within a second`);
      }),
    );
}

async function issue(slug: string, options: IssueOptions): Promise<void> {
  const key = await withDatabase(({ db, pepper }) =>
    issueKey(db, pepper(), { slug, keyClass: options.class, scopes: options.scopes, expiresAt: options.expires }),
  );
  if (options.json) return printJson(key);
  process.stdout.write(`${key.api_key}\n`);
  say(`key ${key.key_id} of ${slug}, ${key.expires_at ? `good until ${key.expires_at}` : 'does not expire'}; it is shown this once`);
}

const examples = `Examples:
  ./scripts/admin keys issue acme --expires 180d
  ./scripts/admin keys issue acme --class test --scopes events:write
  ./scripts/admin keys issue acme --json | jq -r .api_key
  ./scripts/admin keys revoke sk_beta_acme_4fJ2k9
`;
