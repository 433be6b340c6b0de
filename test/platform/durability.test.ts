import pg from 'pg';
import t from 'tap';
import { assertDurable } from '../../src/platform/postgres.ts';
import { createTestDatabase } from '../helper/database.ts';

async function poolWith(t: Parameters<typeof createTestDatabase>[0], options: string): Promise<pg.Pool> {
  const pool = new pg.Pool({ connectionString: await createTestDatabase(t), max: 1, options });
  t.teardown(() => pool.end());
  return pool;
}

t.test('a database that may lose a committed event is refused, and the setting is named', async (t) => {
  const pool = await poolWith(t, '-c synchronous_commit=off');
  await t.rejects(assertDurable(pool), { message: /synchronous_commit=off/ });
});

t.test('a commit that is only written where it happened is refused too', async (t) => {
  const pool = await poolWith(t, '-c synchronous_commit=local');
  await t.rejects(assertDurable(pool), { message: /synchronous_commit=local/ });
});

t.test('what the server has switched off for everybody is read as it is in force', async (t) => {
  const pool = await poolWith(t, '');
  const { rows } = await pool.query<{ setting: string }>(`SELECT setting FROM pg_settings WHERE name = 'fsync'`);
  if (rows[0]?.setting === 'off') await t.rejects(assertDurable(pool), { message: /fsync=off/ });
  else await t.resolves(assertDurable(pool));
});
