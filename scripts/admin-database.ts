import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from '../src/platform/schema.ts';
import { AdminError, exitCodes } from './admin-outcome.ts';

export type Connection = {
  db: Kysely<Database>;
  /** The KEY_PEPPER of the servers of this database. @throws AdminError when it is not known. */
  pepper(): string;
};

/**
 * Finds the database, connects, runs `work` and disconnects. DATABASE_URL and KEY_PEPPER of the environment go together; without the
 * former, both come from the `server.env` that ./scripts/start wrote in LOCAL_DIR.
 * @throws AdminError when no database is named anywhere; what `work` throws.
 */
export async function withDatabase<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const { DATABASE_URL: databaseUrl, KEY_PEPPER: pepper, source } = await findSettings();
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: 5_000, application_name: 'triggers-admin' });
  pool.on('error', () => {}); // the next query tells
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  try {
    return await work({
      db,
      pepper() {
        if (pepper) return pepper;
        throw new AdminError(exitCodes.noDatabase, `KEY_PEPPER is not set by ${source}: keys need that of the servers`);
      },
    });
  } finally {
    await db.destroy();
  }
}

type Settings = { DATABASE_URL: string; KEY_PEPPER: string | undefined; source: string };

async function findSettings(): Promise<Settings> {
  const { DATABASE_URL, KEY_PEPPER, LOCAL_DIR } = process.env;
  if (DATABASE_URL) return { DATABASE_URL, KEY_PEPPER, source: 'the environment' };
  const file = path.resolve(LOCAL_DIR || fileURLToPath(new URL('../.local', import.meta.url)), 'server.env');
  const kept = await readFile(file, 'utf8').then(parseEnv, () => undefined);
  if (kept?.DATABASE_URL) return { DATABASE_URL: kept.DATABASE_URL, KEY_PEPPER: kept.KEY_PEPPER, source: file };
  throw new AdminError(
    exitCodes.noDatabase,
    `no database: run ./scripts/start (it writes ${file}; LOCAL_DIR chooses the folder), or set DATABASE_URL and KEY_PEPPER`,
  );
}
