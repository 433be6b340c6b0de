import type { Command } from 'commander';
import { rewrapSecrets } from '../../src/modules/vault/rewrap.ts';
import { countByMasterKey, lastRotation } from '../../src/modules/vault/store.ts';
import { verifyVault } from '../../src/modules/vault/verify.ts';
import { recordAudit } from '../../src/platform/audit.ts';
import { formatTime } from '../../src/platform/rfc3339.ts';
import { addKey, createKeyFile, readKeyFile, removeKeys } from '../../src/platform/vault/key-file.ts';
import type { VaultError } from '../../src/platform/vault/vault.ts';
import { type Connection, withDatabase } from './database.ts';
import { line } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { confirm, printJson, printRecord, printTable, progress, say } from './output.ts';

/** `admin vault …` */
export function addVaultCommands(program: Command): void {
  const vault = program.command('vault').description('where the text of keys is kept').addHelpText('before', examples);

  vault
    .command('init <file>')
    .description('make a file of master keys with one key, for VAULT_KEY_FILE; keep a copy elsewhere')
    .addHelpText('before', examples)
    .option('--if-missing', 'leave a file that is there alone, and succeed')
    .option('--json', 'print JSON')
    .action(init);

  vault
    .command('status')
    .description('master keys, how many secrets each wraps, and the last rotation')
    .option('--json', 'print JSON')
    .action(({ json }) => withDatabase((connection) => status(connection, json)));

  vault
    .command('rotate')
    .description('wrap everything under a new master key while the API serves; safe to interrupt and to repeat')
    .addHelpText('before', examples)
    .option('--all', 'with KMS: wrap anew also what is under the named key, which uses its newest material')
    .option('--dry-run', 'say what would be done')
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action((options) => withDatabase((connection) => rotate(connection, options)));

  vault
    .command('verify')
    .description('open every secret and compare it with the key that servers know; exit code 1 when one is missing or wrong')
    .addHelpText('before', examples)
    .option('--json', 'print JSON')
    .action(({ json }) => withDatabase((connection) => verify(connection, json)));
}

async function init(file: string, { ifMissing, json }: { ifMissing?: boolean; json?: boolean }): Promise<void> {
  const present = ifMissing ? await readKeyFile(file).catch((error: VaultError) => missing(error)) : undefined;
  const current = present?.current ?? (await createKeyFile(file));
  if (json) printJson({ file, master_key: current, created: !present });
  else
    say(
      present ? `${file} is there already` : `${file} holds the master key ${current}; set VAULT_KEY_FILE to it, and keep a copy elsewhere`,
    );
}

/** Undefined for a file that is not there. @throws every other error: a damaged file must not be taken for a missing one. */
function missing(error: VaultError): undefined {
  if ((error.cause as { code?: string } | undefined)?.code === 'ENOENT') return undefined;
  throw error;
}

async function status({ db, vault, settings }: Connection, json?: boolean): Promise<void> {
  const current = await vault().masterKey.current();
  const counts = await countByMasterKey(db);
  const rotated = await lastRotation(db);
  const keys = [...new Set([current, ...counts.keys()])].map((name) => ({
    master_key: name,
    current: name === current,
    secrets: counts.get(name) ?? 0,
  }));
  const record = {
    kind: settings.VAULT_KMS_KEY ? 'kms' : 'file',
    place: settings.VAULT_KMS_KEY ?? settings.VAULT_KEY_FILE,
    last_key_rotation: rotated ? formatTime(rotated.getTime()) : null,
  };
  if (json) return printJson({ ...record, master_keys: keys });
  printRecord(record);
  process.stdout.write('\n');
  printTable(keys, ['master_key', 'current', 'secrets']);
}

type RotateOptions = { all?: boolean; dryRun?: boolean; reason?: string; yes?: boolean; json?: boolean };

async function rotate(connection: Connection, { all, dryRun, reason, yes, json }: RotateOptions): Promise<void> {
  const { db, vault, settings, actor } = connection;
  const file = settings.VAULT_KMS_KEY ? undefined : settings.VAULT_KEY_FILE;
  const before = await vault().masterKey.current();
  const counts = await countByMasterKey(db);
  const older = [...counts].filter(([name]) => name !== before);
  // An earlier rotation that was interrupted is gone on with: another master key would only leave more behind.
  const isUnfinished = older.length > 0;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const affected = isUnfinished && !all ? older.reduce((sum, [, count]) => sum + count, 0) : file || all || isUnfinished ? total : 0;
  if (dryRun) {
    const plan = {
      from: isUnfinished ? older.map(([name]) => name) : [before],
      new_master_key: Boolean(file) && !isUnfinished,
      secrets: affected,
    };
    if (json) printJson(plan);
    else say(`${affected} secrets would be wrapped anew${plan.new_master_key ? ', under a new master key' : ''}`);
    return;
  }
  if (!file && !isUnfinished && !all) {
    throw new AdminError(
      exitCodes.conflict,
      `everything is under ${before} already: name another key by VAULT_KMS_KEY to change it, or --all to use the newest material of this one`,
    );
  }
  await confirm(`Wrap ${affected} secrets anew`, yes);
  if (file && !isUnfinished) await addKey(file);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new AdminError(exitCodes.failed, 'interrupted; the same command goes on from here'));
  process.once('SIGTERM', interrupt);
  const bar = await progress(affected, 'wrapping the data keys anew', interrupt);
  const { to, rewrapped, broken } = await rewrapSecrets({
    db,
    vault: vault(),
    all: all && !file,
    onRewrapped: () => bar.advance(1),
    signal: interrupted.signal,
  }).finally(() => bar.done());
  const from = isUnfinished ? older.map(([name]) => name) : [before];
  await recordAudit(db, actor(reason), {
    action: 'vault.rotated',
    subject: 'vault',
    details: { from, to, rewrapped, broken: broken.length },
  });
  const removed = file ? await removeUnused(connection, file) : [];
  if (json) printJson({ from, to, rewrapped, broken, removed_master_keys: removed });
  else
    say(
      `${rewrapped} secrets are under ${to}${removed.length > 0 ? `; ${removed.join(', ')} wrapped nothing any more and is removed` : ''}`,
    );
  if (broken.length > 0) {
    throw new AdminError(exitCodes.failed, `${broken.length} secrets do not open and stay as they were; vault verify names them`);
  }
}

/**
 * How long a retired master key stays in the file although it wraps nothing: a server that had read the file before the rotation may be about to
 * store a secret under it, and is done long before that.
 */
const retiredForMs = 3_600_000;

/** Takes out of the file what was retired long ago and wraps nothing. @returns the names. */
async function removeUnused({ db }: Connection, file: string): Promise<string[]> {
  const { keys } = await readKeyFile(file);
  const counts = await countByMasterKey(db);
  const unused = Object.entries(keys)
    .filter(([name, { retired_at }]) => !counts.has(name) && retired_at !== undefined && Date.parse(retired_at) < Date.now() - retiredForMs)
    .map(([name]) => name);
  if (unused.length > 0) await removeKeys(file, unused);
  return unused;
}

async function verify({ db, vault, pepper }: Connection, json?: boolean): Promise<void> {
  const total = [...(await countByMasterKey(db)).values()].reduce((sum, count) => sum + count, 0);
  const bar = await progress(total, 'opening the secrets');
  const { secrets, faults } = await verifyVault(db, { pepper: pepper(), vault: vault() }, () => bar.advance(1)).finally(() => bar.done());
  if (json) printJson({ ok: faults.length === 0, secrets, faults });
  else if (faults.length > 0) printTable(faults, ['key_id', 'key_prefix', 'partner', 'fault', 'detail']);
  if (faults.length > 0)
    throw new AdminError(exitCodes.failed, `${secrets} secrets were opened, ${faults.length} keys are not as they should be`);
  if (!json) say(`${secrets} secrets open, and each is the key that servers know`);
}

const examples = `Examples:
  ./scripts/admin vault init /etc/triggers/vault.json
  ./scripts/admin vault status
  ./scripts/admin vault rotate --reason 'yearly'
  ./scripts/admin vault verify --json
`;
