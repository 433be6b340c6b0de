import pg from 'pg';
import t from 'tap';
import { sweepDeadLetters, sweepJobs, sweepReceives, sweepSecrets } from '../../../src/modules/retention/dated-store.ts';
import { retentionJobs } from '../../../src/modules/retention/jobs.ts';
import { sweepAcknowledgements, sweepEvents } from '../../../src/modules/retention/store.ts';
import { createMetrics } from '../../../src/platform/metrics.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { insertPartner } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { seedEvents, uuidAt } from '../../helper/seed.ts';
import { idsUpTo, seedAcknowledged, seedDead } from '../../helper/settled.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.now();
const time = (ms: number) => new Date(ms).toISOString();

const databaseUrl = await createTestDatabase(t);
const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 2, onIdleError: () => {} });
const pool = pools.read;
const db = new pg.Client({ connectionString: databaseUrl });
await db.connect();
t.teardown(() => Promise.all([pools.close(), db.end()]));

let partners = 0;
/** In front of each test: nothing but these partners. */
async function start(...retentions: number[]): Promise<number[]> {
  await db.query(`TRUNCATE partners, api_keys, vault_secrets, onboarding_steps, events, inbox, acknowledgements, dead_letters, bulk_jobs, receives,
    idempotency_keys`);
  const ids = [];
  for (const retentionMs of retentions) {
    partners += 1;
    ids.push((await insertPartner(db, { slug: `partner${partners}`, retentionSeconds: retentionMs / 1000 })).id);
  }
  return ids;
}
const idsIn = async (table: string, partnerId: number) =>
  (await db.query<{ id: string }>(`SELECT id FROM ${table} WHERE partner_id = $1 ORDER BY id`, [partnerId])).rows.map(({ id }) => id);

t.test('a dead letter is deleted when its own clock has ended, to the millisecond, each partner’s by its own retention', async (t) => {
  const [short, long] = (await start(hour, 2 * hour)) as [number, number];
  const ages = [0, hour - 1, hour, 2 * hour - 1, 2 * hour];
  const ids = ages.map((_, n) => uuidAt(now - 3 * hour, n));
  for (const partnerId of [short, long])
    for (const [n, age] of ages.entries()) await seedDead(db, partnerId, [{ id: ids[n] as string }], { deadAtMs: now - age });
  t.equal(await sweepDeadLetters(pool, now), 3 + 1);
  t.same(await idsIn('dead_letters', short), ids.slice(0, 2));
  t.same(await idsIn('dead_letters', long), ids.slice(0, 4));
  t.equal(await sweepDeadLetters(pool, now), 0, 'a second sweep finds nothing');
});

t.test('the sweep takes dead letters that an earlier, shorter retention has hidden', async (t) => {
  const [partnerId] = (await start(2 * hour)) as [number];
  const ids = [uuidAt(now - 3 * hour, 1), uuidAt(now - 3 * hour, 2)] as const;
  await seedDead(db, partnerId, [{ id: ids[0] }], { deadAtMs: now - hour });
  await seedDead(db, partnerId, [{ id: ids[1] }], { deadAtMs: now - hour + 1 });
  await db.query('UPDATE partners SET expired_through = $1', [time(now - hour)]);
  t.equal(await sweepDeadLetters(pool, now), 1);
  t.same(await idsIn('dead_letters', partnerId), [ids[1]]);
});

t.test('a sweep of more dead letters than one statement deletes leaves none', async (t) => {
  const [partnerId] = (await start(hour)) as [number];
  const expired = idsUpTo(5_001, now - 2 * hour);
  await seedDead(
    db,
    partnerId,
    expired.map((id) => ({ id })),
    { deadAtMs: now - hour },
  );
  t.equal(await sweepDeadLetters(pool, now), 5_001);
  t.same(await idsIn('dead_letters', partnerId), []);
});

t.test('what a receive remembered is deleted after ten minutes', async (t) => {
  const [partnerId] = (await start(hour)) as [number];
  for (const age of [0, 10 * minute - 1, 10 * minute, hour])
    await db.query(`INSERT INTO receives VALUES ($1, $2, $3, '{}', '{}')`, [partnerId, `age ${age}`, time(now - age)]);
  t.equal(await sweepReceives(pool, now), 2);
  t.same((await db.query('SELECT receive_id FROM receives ORDER BY received_at')).rows, [
    { receive_id: `age ${10 * minute - 1}` },
    { receive_id: 'age 0' },
  ]);
});

t.test('a finished job is deleted after seven days, one that has not finished never', async (t) => {
  const [first, second] = (await start(hour, hour)) as [number, number];
  const insert = (partnerId: number, status: string, finishedAt: number | null) =>
    db.query(
      `INSERT INTO bulk_jobs (partner_id, id, kind, status, selection, matched, next_at, created_at, finished_at)
       VALUES ($1, gen_random_uuid(), 'replay', $2, '{}', 0, $3, $3, $4)`,
      [partnerId, status, time(now - 30 * day), finishedAt === null ? null : time(finishedAt)],
    );
  await insert(first, 'running', null);
  await insert(second, 'queued', null);
  await insert(first, 'completed', now - 7 * day + 1);
  await insert(first, 'failed', now - 7 * day);
  await insert(second, 'completed', now - 8 * day);
  t.equal(await sweepJobs(pool, now), 2);
  const { rows } = await db.query('SELECT status FROM bulk_jobs ORDER BY status');
  t.same(
    rows.map(({ status }) => status),
    ['completed', 'queued', 'running'],
  );
});

t.test('an acknowledgement goes with its event, not before and not after', async (t) => {
  const [short, long] = (await start(hour, 2 * hour)) as [number, number];
  for (const partnerId of [short, long]) {
    const events = [uuidAt(now - hour), uuidAt(now - hour - 1), uuidAt(now)].map((id) => ({ id }));
    await seedAcknowledged(db, partnerId, events);
  }
  t.equal(await sweepAcknowledgements(pool, now), 1);
  t.equal(await sweepEvents(pool, now), 1);
  for (const partnerId of [short, long]) t.same(await idsIn('acknowledgements', partnerId), await idsIn('events', partnerId));
  t.equal((await idsIn('events', long)).length, 3, 'those of the longest retention go with their partition');
});

t.test('what a lowered retention has hidden is deleted before its partition goes, also when nobody’s is longer', async (t) => {
  const [partnerId] = (await start(2 * hour)) as [number];
  await seedAcknowledged(
    db,
    partnerId,
    [uuidAt(now - hour - 1), uuidAt(now - hour + 1)].map((id) => ({ id })),
  );
  await db.query('UPDATE partners SET expired_through = $1', [time(now - hour)]);
  t.equal(await sweepAcknowledgements(pool, now), 1);
  t.equal(await sweepEvents(pool, now), 1);
});

t.test('nothing of an expired event is left in any table', async (t) => {
  const [partnerId, other] = (await start(hour, 3 * day)) as [number, number];
  const at = now - hour - 1;
  const kinds = {
    pending: uuidAt(at, 1),
    leased: uuidAt(at, 2),
    acknowledged: uuidAt(at, 3),
    dead: uuidAt(at, 4),
    expunged: uuidAt(at, 5),
    keyed: uuidAt(at, 6),
  };
  const event = (id: string) => ({ id, payload: '{"marker":"left behind"}', metadata: '{"marker":"left behind"}' });
  await seedEvents(db, partnerId, [kinds.pending, kinds.leased, kinds.keyed].map(event));
  await db.query(`UPDATE inbox SET deliveries = 1, leased_at = $2, visible_at = $3, lease_token = gen_random_uuid() WHERE id = $1`, [
    kinds.leased,
    time(at),
    time(now + hour),
  ]);
  await db.query(`INSERT INTO receives VALUES ($1, 'once', $2, ARRAY[$3::uuid], ARRAY[gen_random_uuid()])`, [
    partnerId,
    time(at),
    kinds.leased,
  ]);
  await db.query('INSERT INTO idempotency_keys VALUES ($1, $2, $3, $4)', [partnerId, 'key', kinds.keyed, Buffer.alloc(32)]);
  await seedAcknowledged(db, partnerId, [kinds.acknowledged, kinds.expunged].map(event), at);
  await db.query(`UPDATE events SET expunged_at = $2, payload = '{}' WHERE id = $1`, [kinds.expunged, time(at)]);
  await seedDead(db, partnerId, [event(kinds.dead)], { deadAtMs: at });
  await seedEvents(db, other, [event(uuidAt(at))]);

  const metrics = createMetrics('test');
  // The first sweep is on time; an idempotency key is in force for a day, whatever the retention.
  for (const later of [now, now + day]) for (const { run } of retentionJobs({ pool, clock: () => later, metrics })) await run();
  const tables = await db.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name = 'partner_id' AND table_name !~ '_[0-9]{8}$' AND table_name NOT IN ('partners', 'api_keys')`,
  );
  t.ok(tables.rows.length >= 8, tables.rows.map(({ name }) => name).join(', '));
  for (const { name } of tables.rows) {
    const { rows } = await db.query(`SELECT to_jsonb(${name})::text AS row FROM ${name} WHERE partner_id = $1`, [partnerId]);
    t.same(rows, [], name);
  }
  t.equal((await idsIn('inbox', other)).length, 1, 'the other partner’s event is there');
});

t.test('a key that ended a month ago is taken out of the vault, to the millisecond; one without an end stays', async (t) => {
  const [partnerId] = (await start(hour)) as [number];
  for (const expiresAt of [null, time(now - 30 * day), time(now - 30 * day + 1)]) {
    const key = await db.query(
      `INSERT INTO api_keys (partner_id, key_hash, key_prefix, class, scopes, expires_at)
       VALUES ($1, sha256(random()::text::bytea), 'sk_test_partner_abc', 'test', '{}', $2) RETURNING id`,
      [partnerId, expiresAt],
    );
    await db.query(
      `INSERT INTO vault_secrets (key_id, partner_id, version, master_key, wrapped_data_key, sealed) VALUES ($1, $2, 1, 'mk', '', '')`,
      [key.rows[0].id, partnerId],
    );
  }
  t.equal(await sweepSecrets(pool, now), 1);
  const left = await db.query('SELECT expires_at FROM vault_secrets JOIN api_keys ON id = key_id ORDER BY id');
  t.same(
    left.rows.map(({ expires_at }) => expires_at?.getTime()),
    [undefined, now - 30 * day + 1],
  );
  t.equal(await sweepSecrets(pool, now), 0, 'a second sweep finds nothing');
});
