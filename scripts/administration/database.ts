import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import type { KeySecrets } from '../../src/pipeline/auth/key-issue.ts';
import { type Actor, audited } from '../../src/platform/audit.ts';
import { appRole } from '../../src/platform/postgres.ts';
import type { Database } from '../../src/platform/schema.ts';
import { openVault } from '../../src/platform/vault/open-vault.ts';
import type { Vault } from '../../src/platform/vault/vault.ts';
import { AdminError, exitCodes } from './outcome.ts';

export type Connection = {
  db: Kysely<Database>;
  databaseUrl: string;
  /** The servers' configuration as far as it is known here: the environment, and what `./scripts/start` has kept. */
  settings: Settings;
  /** The KEY_PEPPER of the servers of this database. @throws AdminError when it is not known. */
  pepper(): string;
  /** @throws AdminError when none is configured. */
  vault(): Vault;
  optionalVault(): Vault | undefined;
  /** What makes a key: the pepper, and the vault if there is one. @throws AdminError without a pepper. */
  secrets(): KeySecrets;
  /** Who works here, for the audit log. */
  actor(reason?: string): Actor;
  /** Runs `work` in one transaction, in the name of `actor`. */
  change<T>(work: (transaction: Transaction<Database>) => Promise<T>, reason?: string): Promise<T>;
};

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * Finds the database, connects, runs `work` and disconnects. DATABASE_URL, KEY_PEPPER and the vault's setting of the environment go together;
 * without the first, all come from the `server.env` that ./scripts/start wrote in LOCAL_DIR.
 * @throws AdminError when no database is named anywhere; what `work` throws.
 */
export async function withDatabase<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const { settings, source } = await findSettings();
  const databaseUrl = settings.DATABASE_URL as string;
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 2,
    connectionTimeoutMillis: 5_000,
    application_name: 'triggers-admin',
    options: appRole,
  });
  pool.on('error', () => {}); // the next query tells
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const vault = openVault({ keyFile: settings.VAULT_KEY_FILE, kmsKey: settings.VAULT_KMS_KEY });
  const pepper = () => {
    if (settings.KEY_PEPPER) return settings.KEY_PEPPER;
    throw new AdminError(exitCodes.noDatabase, `KEY_PEPPER is not set by ${source}: keys need that of the servers`);
  };
  try {
    return await work({
      db,
      databaseUrl,
      settings,
      pepper,
      optionalVault: () => vault,
      vault() {
        if (vault) return vault;
        throw new AdminError(exitCodes.failed, `there is no vault: neither VAULT_KEY_FILE nor VAULT_KMS_KEY is set by ${source}`);
      },
      secrets: () => ({ pepper: pepper(), vault }),
      actor,
      change: (work, reason) => audited(db, actor(reason), work),
    });
  } finally {
    // Kysely's own destroy would leave the pool open when nothing was asked.
    await pool.end();
  }
}

/** The settings of the environment, or without a DATABASE_URL there, those of ./scripts/start. @throws AdminError */
export async function findSettings(): Promise<{ settings: Settings; source: string }> {
  const { env } = process;
  if (env.DATABASE_URL) return { settings: env, source: 'the environment' };
  // As ./scripts/start has it: relative to the root of the checkout.
  const file = path.resolve(root, env.LOCAL_DIR || '.local', 'server.env');
  const kept = await readFile(file, 'utf8').then(parseEnv, () => undefined);
  if (kept?.DATABASE_URL) return { settings: { ...env, ...kept }, source: file };
  throw new AdminError(
    exitCodes.noDatabase,
    `no database: run ./scripts/start (it writes ${file}; LOCAL_DIR chooses the folder), or set DATABASE_URL and KEY_PEPPER`,
  );
}

/** ADMIN_NAME, for whoever shares an account of the machine, or else the account. */
function actor(reason?: string): Actor {
  return { name: `admin:${process.env.ADMIN_NAME || account()}`, source: hostname(), reason };
}

function account(): string {
  try {
    return userInfo().username;
  } catch {
    return `user-${process.getuid?.()}`; // a container whose user has no name
  }
}
