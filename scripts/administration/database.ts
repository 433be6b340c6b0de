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
  /** The KEY_PEPPER of the servers of this database. @throws AdminError when it is not known, or is none. */
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

type Settings = Readonly<Record<string, string | undefined>>;

/** As src/config.ts demands it of the servers. */
const shortestPepper = 32;

/**
 * Finds the database, connects, runs `work` and disconnects. DATABASE_URL, KEY_PEPPER and the vault's setting of the environment go together;
 * without the first, all come from the `server.env` that ./scripts/start wrote in LOCAL_DIR.
 * @throws AdminError when no database is named anywhere, or a setting cannot be used; what `work` throws.
 */
export async function withDatabase<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const { settings, source } = await findSettings();
  const databaseUrl = usableUrl(settings, source);
  const vault = configuredVault(settings, source);
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
  const pepper = () => {
    const { KEY_PEPPER } = settings;
    if (!KEY_PEPPER) throw new AdminError(exitCodes.noDatabase, `KEY_PEPPER is not set by ${source}: keys need that of the servers`);
    if (KEY_PEPPER.length >= shortestPepper) return KEY_PEPPER;
    throw new AdminError(
      exitCodes.usage,
      `the KEY_PEPPER of ${source} is no server's: it has ${KEY_PEPPER.length} characters, and theirs at least ${shortestPepper}`,
    );
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
async function findSettings(): Promise<{ settings: Settings; source: string }> {
  const { env } = process;
  if (env.DATABASE_URL) return { settings: env, source: 'the environment' };
  // As ./scripts/start has it: relative to the root of the checkout.
  const file = path.resolve(root, env.LOCAL_DIR || '.local', 'server.env');
  const kept = await readFile(file, 'utf8').then(parseEnv, () => undefined);
  if (kept?.DATABASE_URL) {
    const { KEY_PEPPER, VAULT_KEY_FILE, VAULT_KMS_KEY, ...others } = env;
    return { settings: { ...others, ...kept }, source: file };
  }
  throw new AdminError(
    exitCodes.noDatabase,
    `no database: run ./scripts/start (it writes ${file}; LOCAL_DIR chooses the folder), or set DATABASE_URL and KEY_PEPPER`,
  );
}

/** @throws AdminError, which does not repeat the URL: it may hold a password. */
function usableUrl({ DATABASE_URL: url = '' }: Settings, source: string): string {
  if (!/^postgres(ql)?:\/\//.test(url) || !isReadable(url)) {
    throw new AdminError(exitCodes.usage, `the DATABASE_URL of ${source} is not of the form postgres://user:password@host:port/database`);
  }
  // It would take the place of the one with which the session acts as the role triggers_app, and what that may not do would be done.
  if (new URLSearchParams(url.split('?')[1]).has('options')) {
    throw new AdminError(
      exitCodes.usage,
      `the DATABASE_URL of ${source} has the parameter "options", which the role triggers_app takes up`,
    );
  }
  return url;
}

/** Whether the driver can. Its own error would be of a class that tells nobody which variable it is about. */
function isReadable(url: string): boolean {
  try {
    new pg.Client({ connectionString: url });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).path === undefined) return false;
    throw error; // a file that the URL names, such as a certificate
  }
}

/** @throws AdminError when it is not said which one it is. */
function configuredVault({ VAULT_KEY_FILE: keyFile, VAULT_KMS_KEY: kmsKey }: Settings, source: string): Vault | undefined {
  if (!keyFile || !kmsKey) return openVault({ keyFile, kmsKey });
  throw new AdminError(exitCodes.usage, `both VAULT_KEY_FILE and VAULT_KMS_KEY are set by ${source}: set the one that the servers have`);
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
