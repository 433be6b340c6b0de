import { readdir, readFile } from 'node:fs/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import { installJobs } from './jobs.ts';

const folder = new URL('../../migrations/', import.meta.url);

/**
 * Brings a database to the newest schema: numbered SQL files, forward only, each once, under Kysely's migration lock; then makes sure
 * that today's partitions and the job queue's own tables exist. Safe to repeat and to run from several tasks at once.
 * @returns the names of the migrations applied now, in order.
 * @throws the database's error; nothing of a failed migration stays.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, connectionTimeoutMillis: 5_000, options: '-c lock_timeout=10s' });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: readMigrations }, allowUnorderedMigrations: false });
    const { error, results } = await migrator.migrateToLatest();
    if (error) throw error;
    await sql`SELECT ensure_partitions(now(), ${partitionDaysAhead})`.execute(db);
    await installJobs(databaseUrl);
    await grantJobs(db);
    return (results ?? []).map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

/** A server whose login is a member of the role and nothing else works on the queue too; making and altering its tables stays with us. */
async function grantJobs(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT USAGE ON SCHEMA pgboss TO triggers_app`.execute(db);
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgboss TO triggers_app`.execute(db);
  await sql`GRANT USAGE ON ALL SEQUENCES IN SCHEMA pgboss TO triggers_app`.execute(db);
  await sql`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgboss TO triggers_app`.execute(db);
}

/** Days for which partitions exist ahead of today: a job that fails for a week still loses nothing. */
export const partitionDaysAhead = 7;

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  const entries = files.map(async (file): Promise<[string, Migration]> => {
    const text = await readFile(new URL(file, folder), 'utf8');
    return [file.replace(/\.sql$/, ''), { up: async (db) => void (await sql.raw(text).execute(db)) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}
