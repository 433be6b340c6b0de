import pg from 'pg';
import t from 'tap';
import { createPools } from '../../src/platform/postgres.ts';
import { createTestDatabase } from '../helper/database.ts';

t.test('a connection that is lost between two statements of its holder fails the next statement, and nothing else', async (t) => {
  const databaseUrl = await createTestDatabase(t);
  const idle: Error[] = [];
  const pools = createPools({ databaseUrl, writeConnections: 3, readConnections: 1, onIdleError: (error) => idle.push(error) });
  t.teardown(() => pools.close());
  const admin = new pg.Client({ connectionString: databaseUrl });
  await admin.connect();
  t.teardown(() => admin.end());
  for (const pool of [pools.write, pools.read]) {
    const held = await pool.connect();
    const { rows } = await held.query('SELECT pg_backend_pid() AS pid');
    const ended = new Promise<void>((resolve) => held.once('end', resolve));
    await admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await ended;
    await t.rejects(held.query('SELECT 1'), 'its holder learns of it');
    held.release(true);
    t.match((await pool.query('SELECT 1 AS one')).rows, [{ one: 1 }], 'the pool gives another connection');
  }
  t.same(idle, [], 'it was not idle');
});
