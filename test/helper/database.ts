import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Test } from 'tap';
import { until } from './until.ts';

/** The migrated, empty database that `./scripts/test` makes once and every test file clones. */
export const templateName = 'triggers_template';

/** The same server and user as `adminUrl`, another database. */
export function databaseUrl(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/**
 * Clones the template into a database of the caller's own, dropped when `t` ends, whoever is still connected to it.
 * @returns its URL.
 */
export async function createTestDatabase(t: Pick<Test, 'teardown'>): Promise<string> {
  const adminUrl = process.env.TEST_DATABASE_URL;
  if (!adminUrl) throw new Error('TEST_DATABASE_URL is not set: run the tests with ./scripts/test [file]');
  const name = `triggers_test_${process.pid}_${randomBytes(6).toString('hex')}`;
  const busy = '55006'; // somebody is connected to the template: another clone being made, autovacuum
  await until('the template database is free', async () => {
    try {
      await asAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${templateName} STRATEGY wal_log`);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === busy) return false;
      throw error;
    }
  });
  t.teardown(async () => {
    // A pool says that it has ended before its sessions have: one that is put out in between is an error without a listener.
    const sessions = `SELECT FROM pg_stat_activity WHERE datname = '${name}' AND backend_type = 'client backend'`;
    await until('the sessions have ended', async () => (await asAdmin(adminUrl, sessions)) === 0, 500).catch(() => {});
    await asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
  return databaseUrl(adminUrl, name);
}

/** Gives how many rows the statement returned or changed. */
async function asAdmin(adminUrl: string, statement: string): Promise<number> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return (await client.query(statement)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
