import pg from 'pg';
import t, { type Test } from 'tap';
import { retentionJobs } from '../../../src/modules/retention/jobs.ts';
import { dropPartitions, makePartitions, sweepEvents, sweepIdempotencyKeys, sweepInbox } from '../../../src/modules/retention/store.ts';
import { createMetrics } from '../../../src/platform/metrics.ts';
import { partitionDaysAhead } from '../../../src/platform/migrations.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { insertPartner } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { seedEvents, uuidAt } from '../../helper/seed.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** An empty, migrated database with the pools of the server: the jobs run under its timeouts and planner settings. */
async function start(t: Pick<Test, 'teardown'>) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 3, readConnections: 2, onIdleError: () => {} });
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  t.teardown(() => Promise.all([pools.close(), db.end()]));
  const count = async (table: string) => Number((await db.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
  const partitions = async () =>
    (
      await db.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relname ~ '^(events|acknowledgements)_[0-9]{8}$' ORDER BY 1`,
      )
    ).rows.map(({ name }) => name);
  return { databaseUrl, pool: pools.read, db, count, partitions };
}

const nameOf = (ms: number) => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');

t.test('the sweep takes expired events out of the inbox, each partner by its own retention, and counts them', async (t) => {
  const { pool, db } = await start(t);
  const now = Date.now();
  const [short, long] = [
    await insertPartner(db, { slug: 'short', retentionSeconds: 3600 }),
    await insertPartner(db, { slug: 'long', retentionSeconds: 7200 }),
  ];
  const ages = [0, hour - 1, hour + 1, 2 * hour - 1, 2 * hour + 1];
  for (const { id } of [short, long])
    await seedEvents(
      db,
      id,
      ages.map((age) => ({ id: uuidAt(now - age) })),
    );
  t.equal(await sweepInbox(pool, now), 3 + 1);
  const left = async (id: number) => (await db.query('SELECT id FROM inbox WHERE partner_id = $1', [id])).rowCount;
  t.same([await left(short.id), await left(long.id)], [2, 4]);
  t.equal(await sweepInbox(pool, now), 0, 'a second sweep finds nothing');
});

t.test('the sweep takes no event that is still visible, to the millisecond', async (t) => {
  const { pool, db, count } = await start(t);
  const { id } = await insertPartner(db, { slug: 'one', retentionSeconds: 3600 });
  const received = Date.now() - hour;
  await seedEvents(db, id, [{ id: uuidAt(received) }]);
  t.equal(await sweepInbox(pool, received + hour - 1), 0);
  t.equal(await count('inbox'), 1);
  t.equal(await sweepInbox(pool, received + hour + 1), 1);
});

t.test('the sweep takes what an earlier, shorter retention has hidden', async (t) => {
  const { pool, db } = await start(t);
  const { id } = await insertPartner(db, { slug: 'one', retentionSeconds: 7200 });
  const now = Date.now();
  await seedEvents(db, id, [{ id: uuidAt(now - hour - 1) }, { id: uuidAt(now - hour + 1) }]);
  await db.query('UPDATE partners SET expired_through = $1', [new Date(now - hour)]);
  t.equal(await sweepInbox(pool, now), 1);
});

t.test('a sweep of more rows than one statement deletes leaves none', async (t) => {
  const { pool, db, count } = await start(t);
  const { id } = await insertPartner(db, { slug: 'one', retentionSeconds: 3600 });
  const now = Date.now();
  for (let batch = 0; batch < 3; batch++)
    await seedEvents(
      db,
      id,
      Array.from({ length: 4_000 }, () => ({ id: uuidAt(now - 2 * hour) })),
    );
  await seedEvents(db, id, [{ id: uuidAt(now) }]);
  t.equal(await sweepInbox(pool, now), 12_000);
  t.equal(await count('inbox'), 1);
});

t.test('events of a shorter retention than the longest are deleted; the others go with their partition', async (t) => {
  const { pool, db } = await start(t);
  const now = Date.now();
  const [short, long] = [
    await insertPartner(db, { slug: 'short', retentionSeconds: 3600 }),
    await insertPartner(db, { slug: 'long', retentionSeconds: 7200 }),
  ];
  for (const { id } of [short, long])
    await seedEvents(
      db,
      id,
      [hour - 1, 2 * hour + 1].map((age) => ({ id: uuidAt(now - age) })),
    );
  t.equal(await sweepEvents(pool, now), 1);
  const { rows } = await db.query('SELECT partner_id, count(*)::int FROM events GROUP BY 1 ORDER BY 1');
  t.same(rows.map(Object.values), [
    [short.id, 1],
    [long.id, 2],
  ]);
});

t.test('an idempotency key is kept for 24 hours, or for the retention when that is longer', async (t) => {
  const { pool, db } = await start(t);
  const now = Date.now();
  const [short, long] = [
    await insertPartner(db, { slug: 'short', retentionSeconds: 3600 }),
    await insertPartner(db, { slug: 'long', retentionSeconds: 48 * 3600 }),
  ];
  for (const { id } of [short, long]) {
    for (const age of [24 * hour - 1, 24 * hour + 1, 48 * hour - 1, 48 * hour + 1]) {
      await db.query('INSERT INTO idempotency_keys VALUES ($1, $2, $3, $4)', [id, `age ${age}`, uuidAt(now - age), Buffer.alloc(32)]);
    }
  }
  t.equal(await sweepIdempotencyKeys(pool, now), 3 + 1);
  const { rows } = await db.query('SELECT partner_id, count(*)::int FROM idempotency_keys GROUP BY 1 ORDER BY 1');
  t.same(rows.map(Object.values), [
    [short.id, 1],
    [long.id, 3],
  ]);
});

t.test('partitions are made ahead, for every day, and making them again changes nothing', async (t) => {
  const { pool, partitions } = await start(t);
  const now = Date.now() + 20 * day;
  await makePartitions(pool, now);
  const made = await partitions();
  for (let ahead = -1; ahead <= partitionDaysAhead; ahead++) {
    for (const table of ['events', 'acknowledgements'])
      t.ok(made.includes(`${table}_${nameOf(now + ahead * day)}`), `${table}, ${ahead} days ahead`);
  }
  await makePartitions(pool, now);
  t.same(await partitions(), made);
});

t.test('old partitions are dropped, their neighbours are kept, and their space is given back', async (t) => {
  const { pool, db, partitions, count } = await start(t);
  const { id } = await insertPartner(db, { slug: 'one', retentionSeconds: 3 * 86_400 });
  const today = Math.floor(Date.now() / day) * day;
  await makePartitions(pool, today);
  // The last millisecond of a day and the first of the next, and enough of them to weigh something.
  await seedEvents(
    db,
    id,
    Array.from({ length: 500 }, () => ({ id: uuidAt(today - 1), payload: JSON.stringify({ text: 'x'.repeat(2_000) }) })),
  );
  await seedEvents(db, id, [{ id: uuidAt(today) }]);
  const [yesterday, neighbour] = [`events_${nameOf(today - 1)}`, `events_${nameOf(today)}`];
  const bytes = async () =>
    Number((await db.query("SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('events') WHERE isleaf")).rows[0].sum);

  const lastVisible = today - 1 + 3 * day; // while one of its events may be visible, the partition stays
  t.same((await dropPartitions(pool, lastVisible)).includes(yesterday), false);
  t.ok((await partitions()).includes(yesterday));
  t.equal(await count('events'), 501);

  const before = await bytes();
  const dropped = await dropPartitions(pool, today + 3 * day);
  t.ok(dropped.includes(yesterday));
  t.ok(dropped.includes(`acknowledgements_${nameOf(today - 1)}`));
  t.notOk((await partitions()).includes(yesterday));
  t.ok((await partitions()).includes(neighbour));
  t.same((await db.query('SELECT id FROM events')).rowCount, 1, 'the neighbour keeps its event');
  t.ok((await bytes()) < before - 50_000, 'and the space is free');
});

t.test('the longest retention of any partner decides which partitions stay', async (t) => {
  const { pool, db, partitions } = await start(t);
  await insertPartner(db, { slug: 'short', retentionSeconds: 3600 });
  await insertPartner(db, { slug: 'long', retentionSeconds: 30 * 86_400 });
  const before = await partitions();
  t.same(await dropPartitions(pool, Date.now() + 20 * day), []);
  t.same(await partitions(), before);
  await db.query("UPDATE partners SET retention_seconds = 3600 WHERE slug = 'long'");
  t.same((await dropPartitions(pool, Date.now() + 20 * day)).sort(), before);
});

t.test('dropping partitions gives way to whoever reads: it fails soon, and drops them the next time', async (t) => {
  const { databaseUrl, pool, db, partitions } = await start(t);
  const before = await partitions();
  await db.query('BEGIN; SELECT FROM events LIMIT 1');
  const patient = new pg.Client({ connectionString: databaseUrl, lock_timeout: 60_000 });
  await patient.connect();
  await t.rejects(patient.query(`SELECT drop_expired_partitions(now() + interval '40 days')`), { code: '55P03' }, 'by a limit of its own');
  await patient.end();
  await db.query('COMMIT');
  t.same(await partitions(), before);
  t.same((await dropPartitions(pool, Date.now() + 60 * day)).sort(), before);
});

t.test('the jobs make partitions, sweep, and report what they did', async (t) => {
  const { pool, db, count } = await start(t);
  const { id } = await insertPartner(db, { slug: 'one', retentionSeconds: 3600 });
  const now = Date.now();
  await seedEvents(db, id, [{ id: uuidAt(now - 2 * hour) }, { id: uuidAt(now) }]);
  const metrics = createMetrics('test');
  const jobs = retentionJobs({ pool, clock: () => now, metrics });
  for (const { run } of jobs) await run();
  t.equal(await count('inbox'), 1);
  const text = await metrics.registry.metrics();
  t.match(text, /^events_expired_total\{version="test"\} 1$/m);
  t.match(text, new RegExp(`^retention_last_run_timestamp_seconds\\{version="test"\\} ${now / 1000}$`, 'm'));
});
