import type { Command } from 'commander';
import { type Kysely, sql } from 'kysely';
import { rewrapSecrets } from '../../src/modules/vault/rewrap.ts';
import { countByMasterKey } from '../../src/modules/vault/store.ts';
import { recordAudit } from '../../src/platform/audit.ts';
import type { Database } from '../../src/platform/schema.ts';
import { addKey, readKeyFile, removeKeys } from '../../src/platform/vault/key-file.ts';
import { type Connection, withDatabase } from './database.ts';
import { type Interruption, interruptible } from './interruption.ts';
import { line } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { confirm, printJson, progress, say } from './output.ts';

type RotateOptions = { all?: boolean; dryRun?: boolean; reason?: string; yes?: boolean; json?: boolean };

/** `admin vault rotate` */
export function addVaultRotateCommand(vault: Command): void {
  vault
    .command('rotate')
    .description('wrap everything under a new master key while the API serves; safe to interrupt and to repeat')
    .option('--all', 'with KMS: wrap anew also what is under the named key, which uses its newest material')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action((options: RotateOptions) =>
      withDatabase(async (connection) => {
        if (options.dryRun) printPlan(await plan(connection, options), options);
        else await alone(connection.db, () => rotate(connection, options));
      }),
    );
}

type Plan = {
  /** Path of the master keys; undefined with KMS. */
  file: string | undefined;
  /** Names of the master keys that wrap what is to be wrapped anew. */
  from: string[];
  /** The current master key. */
  current: string;
  makesKey: boolean;
  secrets: number;
  /** Master keys of the file that will wrap nothing, and can go. */
  removable: string[];
};

/** @throws AdminError when there is nothing to do. */
async function plan({ db, vault, settings }: Connection, { all }: RotateOptions): Promise<Plan> {
  const file = settings.VAULT_KMS_KEY ? undefined : settings.VAULT_KEY_FILE;
  const current = await vault().masterKey.current();
  const counts = await countByMasterKey(db);
  const older = [...counts].filter(([name]) => name !== current);
  // An earlier rotation that was interrupted is gone on with: another master key would only leave more behind.
  const isUnfinished = older.length > 0;
  if (!file && !isUnfinished && !all) {
    throw new AdminError(
      exitCodes.conflict,
      `everything is under ${current} already: name another key by VAULT_KMS_KEY to change it, or --all to use the newest material of this one`,
    );
  }
  const affected = isUnfinished && (file || !all) ? older : [...counts];
  return {
    file,
    from: isUnfinished ? older.map(([name]) => name) : [current],
    current,
    makesKey: Boolean(file) && !isUnfinished,
    secrets: affected.reduce((sum, [, count]) => sum + count, 0),
    removable: file ? await retiredLongAgo(file) : [],
  };
}

/** What the rotation would print, as far as it is known before. */
function printPlan({ from, current, makesKey, secrets, removable }: Plan, { json }: RotateOptions): void {
  const to = makesKey ? null : current;
  if (json) printJson({ dry_run: true, from, to, rewrapped: secrets, broken: [], removed_master_keys: removable });
  else say(`${secrets} secrets would be wrapped anew, under ${to ?? 'a new master key'}; nothing was done`);
}

async function rotate(connection: Connection, options: RotateOptions): Promise<void> {
  const planned = await plan(connection, options);
  await confirm(`Wrap ${planned.secrets} secrets anew`, options.yes);
  const interruption = interruptible();
  const rotated = await wrapAnew(connection, planned, options, interruption).finally(() => interruption.end());
  const { to, rewrapped, broken, removed_master_keys: removed } = rotated;
  if (options.json) printJson({ dry_run: false, ...rotated });
  else
    say(
      `${rewrapped} secrets are under ${to}${removed.length > 0 ? `; ${removed.join(', ')} wrapped nothing any more and is removed` : ''}`,
    );
  if (broken.length > 0) {
    throw new AdminError(exitCodes.failed, `${broken.length} secrets do not open and stay as they were; vault verify names them`);
  }
}

async function wrapAnew(
  { db, vault, actor }: Connection,
  { file, from, current, makesKey, secrets }: Plan,
  { all, reason }: RotateOptions,
  interruption: Interruption,
) {
  const to = file && makesKey ? await addKey(file) : current;
  // Now and not at the end alone: whoever is interrupted has changed the master key all the same.
  await recordAudit(db, actor(reason), { action: 'vault.rotation_started', subject: 'vault', details: { from, to, secrets } });
  const bar = await progress(secrets, 'wrapping the data keys anew', interruption);
  const { rewrapped, broken } = await rewrapSecrets({
    db,
    vault: vault(),
    all: all && !file,
    onRewrapped: () => bar.advance(1),
    signal: interruption.abort,
  }).finally(() => bar.done());
  const details = { from, to, rewrapped, broken: broken.length };
  await recordAudit(db, actor(reason), { action: 'vault.rotated', subject: 'vault', details });
  return { from, to, rewrapped, broken, removed_master_keys: file ? await removeUnused(db, file) : [] };
}

const rotationLock = sql`hashtext('triggers:vault-rotation')`;

/**
 * Runs `work` while nobody else rotates the vault of this database: each would take the other's new master key for one that is to be left. The lock is
 * the session's, so that it ends with a process that is killed. @throws AdminError when somebody else does.
 */
function alone(db: Kysely<Database>, work: () => Promise<void>): Promise<void> {
  return db.connection().execute(async (session) => {
    const { rows } = await sql<{ locked: boolean }>`SELECT pg_try_advisory_lock(${rotationLock}) AS locked`.execute(session);
    if (!rows[0]?.locked) throw new AdminError(exitCodes.conflict, 'another vault rotate is running');
    try {
      await work();
    } finally {
      // Else the lock would last until Postgres notices the end of the session, and whoever starts the next rotation may be sooner. If the session
      // is broken, that is how it ends.
      await sql`SELECT pg_advisory_unlock(${rotationLock})`.execute(session).catch(() => {});
    }
  });
}

/**
 * How long a retired master key stays in the file although it wraps nothing: a server that had read the file before the rotation may be about to
 * store a secret under it, and is done long before that.
 */
const retiredForMs = 3_600_000;

async function retiredLongAgo(file: string): Promise<string[]> {
  const { keys } = await readKeyFile(file);
  return Object.entries(keys)
    .filter(([, { retired_at }]) => retired_at !== undefined && Date.parse(retired_at) < Date.now() - retiredForMs)
    .map(([name]) => name);
}

/** Takes out of the file what was retired long ago and wraps nothing. @returns the names. */
async function removeUnused(db: Kysely<Database>, file: string): Promise<string[]> {
  const counts = await countByMasterKey(db);
  const unused = (await retiredLongAgo(file)).filter((name) => !counts.has(name));
  if (unused.length > 0) await removeKeys(file, unused);
  return unused;
}
