import pg from 'pg';
import type { Test } from 'tap';

/**
 * Keeps the sweep of exhausted events from moving this one, until the returned function is called: by the row lock that is weak enough to let leases of
 * it be written and read, and that makes `FOR UPDATE SKIP LOCKED` pass it by.
 */
export async function keepFromSweep(t: Pick<Test, 'teardown'>, databaseUrl: string, eventId: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => {}); // its database may be dropped under it
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM inbox WHERE id = $1 FOR KEY SHARE', [eventId.slice(4)]);
  let ended: Promise<void> | undefined;
  const release = () => {
    ended ??= client.end();
    return ended;
  };
  t.teardown(release);
  return release;
}
