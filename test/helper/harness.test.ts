import { Redis } from 'ioredis';
import pg from 'pg';
import t from 'tap';
import { createTestDatabase } from './database.ts';
import { testRedisUrl, uniquePrefix } from './redis.ts';
import { until } from './until.ts';

t.test('two clones of the template are migrated and do not see one another’s rows', async (t) => {
  const [first, second] = await Promise.all([connect(t), connect(t)]);
  await first.query(`INSERT INTO partners (slug, partner_id, name) VALUES ('acme', 'beta_000001', 'Acme')`);
  t.equal(await countPartners(first), 1);
  t.equal(await countPartners(second), 0);
});

t.test('many clones can be asked for at once', async (t) => {
  const urls = await Promise.all(Array.from({ length: 8 }, () => createTestDatabase(t)));
  t.equal(new Set(urls).size, 8);
});

t.test('a clone is gone after its test, even with a connection left open', async (t) => {
  let url = '';
  let left: pg.Client | undefined;
  await t.test('the test that leaves it', async (t) => {
    url = await createTestDatabase(t);
    left = new pg.Client({ connectionString: url });
    left.on('error', () => {}); // the server ends it
    await left.connect();
    t.equal(await countPartners(left), 0);
  });
  const late = new pg.Client({ connectionString: url });
  await t.rejects(late.connect(), { code: '3D000' });
  await left?.end();
});

t.test('Redis is real, and prefixes keep tests apart', async (t) => {
  const redis = new Redis(testRedisUrl());
  t.teardown(() => redis.quit());
  const [mine, other] = [uniquePrefix(), uniquePrefix()];
  await redis.set(`${mine}key`, 'value', 'EX', 60);
  t.equal(await redis.get(`${mine}key`), 'value');
  t.equal(await redis.get(`${other}key`), null);
});

t.test('until gives the first truthy value, and an error that names the wait when there is none in time', async (t) => {
  let calls = 0;
  t.equal(await until('the third call', () => ++calls === 3 && calls), 3);
  await t.rejects(
    until('pigs fly', () => false, 5),
    { message: 'not within 5 ms: pigs fly' },
  );
});

async function connect(t: Parameters<typeof createTestDatabase>[0]): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: await createTestDatabase(t) });
  client.on('error', () => {}); // dropped under it at the end
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

async function countPartners(client: pg.Client): Promise<number> {
  const { rows } = await client.query('SELECT count(*)::int AS n FROM partners');
  return rows[0].n;
}
