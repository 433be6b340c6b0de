import type { Command } from 'commander';
import { countByMasterKey } from '../../src/modules/vault/store.ts';
import { verifyVault } from '../../src/modules/vault/verify.ts';
import { lastAudited } from '../../src/platform/audit.ts';
import { formatTime } from '../../src/platform/rfc3339.ts';
import { createKeyFile, readKeyFile } from '../../src/platform/vault/key-file.ts';
import type { VaultError } from '../../src/platform/vault/vault.ts';
import { type Connection, withDatabase } from './database.ts';
import { addExamples } from './help.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { printJson, printRecord, printTable, progress, say } from './output.ts';
import { addVaultRotateCommand } from './vault-rotate.ts';

/** `admin vault …` */
export function addVaultCommands(program: Command): void {
  const vault = program.command('vault').description('where the text of keys is kept');

  vault
    .command('init <file>')
    .description('make a file of master keys with one key, for VAULT_KEY_FILE; keep a copy elsewhere')
    .option('--if-missing', 'leave a file that is there alone, and succeed')
    .option('--json', 'print JSON')
    .action(init);

  vault
    .command('status')
    .description('master keys, how many secrets each wraps, and the last rotation')
    .option('--json', 'print JSON')
    .action(({ json }) => withDatabase((connection) => status(connection, json)));

  addVaultRotateCommand(vault);

  vault
    .command('verify')
    .description('open every secret and compare it with the key that servers know; exit code 1 when one is missing or wrong')
    .option('--json', 'print JSON')
    .action(({ json }) => withDatabase((connection) => verify(connection, json)));

  addExamples(vault, examples);
}

async function init(file: string, { ifMissing, json }: { ifMissing?: boolean; json?: boolean }): Promise<void> {
  const present = ifMissing ? await readKeyFile(file).catch((error: VaultError) => missing(error)) : undefined;
  const current = present?.current ?? (await createKeyFile(file).catch(notMade));
  if (json) printJson({ file, master_key: current, created: !present });
  else
    say(
      present ? `${file} is there already` : `${file} holds the master key ${current}; set VAULT_KEY_FILE to it, and keep a copy elsewhere`,
    );
}

/** Undefined for a file that is not there. @throws every other error: a damaged file must not be taken for a missing one. */
function missing(error: VaultError): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

/** A place where no file can be made is a mistake in how the command was called. */
function notMade(error: VaultError): never {
  const code = codeOf(error);
  if (code === undefined) throw error;
  throw new AdminError(code === 'EEXIST' ? exitCodes.conflict : exitCodes.usage, `vault: ${error.message}`);
}

/** What the system said. */
function codeOf(error: VaultError): string | undefined {
  return (error.cause as { code?: string } | undefined)?.code;
}

async function status({ db, vault, settings }: Connection, json?: boolean): Promise<void> {
  const current = await vault().masterKey.current();
  const counts = await countByMasterKey(db);
  const rotated = await lastAudited(db, 'vault.rotated');
  const keys = [...new Set([current, ...counts.keys()])].map((name) => ({
    master_key: name,
    current: name === current,
    secrets: counts.get(name) ?? 0,
  }));
  const record = {
    kind: settings.VAULT_KMS_KEY ? 'kms' : 'file',
    place: settings.VAULT_KMS_KEY || settings.VAULT_KEY_FILE,
    last_key_rotation: rotated ? formatTime(rotated.getTime()) : null,
  };
  if (json) return printJson({ ...record, master_keys: keys });
  printRecord(record);
  process.stdout.write('\n');
  printTable(keys, ['master_key', 'current', 'secrets']);
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

const examples = [
  './scripts/admin vault init /etc/triggers/vault.json',
  './scripts/admin vault status',
  './scripts/admin vault rotate --dry-run',
  "./scripts/admin vault rotate --reason 'yearly'",
  './scripts/admin vault verify --json',
];
