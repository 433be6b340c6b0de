import pg from 'pg';
import { migrate } from '../src/platform/migrations.ts';
import { databaseUrl, templateName } from '../test/helper/database.ts';

/** Makes the migrated database that every test file clones; an older one of the same server is replaced. */
export async function makeTemplate(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`DROP DATABASE IF EXISTS ${templateName} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${templateName}`);
    await migrate(databaseUrl(adminUrl, templateName));
  } finally {
    await admin.end();
  }
}
