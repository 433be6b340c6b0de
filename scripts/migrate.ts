/** Applies the migrations to `DATABASE_URL`: the one-off task that runs before a new version is started. Prints what it applied. */
import { migrate } from '../src/platform/migrations.ts';

const databaseUrl = process.env.DATABASE_URL;
if (!databaseUrl) {
  console.error('DATABASE_URL is not set: name the database to migrate, postgres://user:password@host:port/database');
  process.exit(2);
}
try {
  const applied = await migrate(databaseUrl);
  console.log(applied.length === 0 ? 'up to date' : applied.map((name) => `applied ${name}`).join('\n'));
} catch (error) {
  console.error(`migration failed: ${(error as Error).message}`);
  process.exit(1);
}
