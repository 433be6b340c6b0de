import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import t from 'tap';
import { MonthlyQuota } from '../../../src/pipeline/limits/quota.ts';
import type { Database } from '../../../src/platform/schema.ts';
import { createTestDatabase } from '../../helper/database.ts';

const databaseUrl = await createTestDatabase(t);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
t.teardown(() => pool.end());

/** A pool that fails while `broken`: the database as it looks from a process that cannot reach it. */
const link = { broken: false };
const dialect = new PostgresDialect({
  pool: {
    options: {},
    connect: async () => {
      if (link.broken) throw new Error('not reachable');
      return pool.connect();
    },
    end: async () => {},
  },
});
const db = new Kysely<Database>({ dialect });

const november = Date.UTC(2026, 10, 15);
let now = november;
let partners = 0;
const errors: unknown[] = [];
const newQuota = () => new MonthlyQuota({ db, clock: () => now, onError: (error) => void errors.push(error) });
const stored = async (partnerId: number) => {
  const { rows } = await pool.query('SELECT month::text, accepted::int FROM usage_months WHERE partner_id = $1 ORDER BY month', [
    partnerId,
  ]);
  return Object.fromEntries(rows.map(({ month, accepted }) => [month, accepted]));
};
/** Reserves and settles `count` new events. */
function accept(quota: MonthlyQuota, partnerId: number, count: number): void {
  quota.settle(partnerId, quota.reserve(partnerId, 1_000_000, count), count);
}

t.beforeEach(() => {
  now = november;
  partners += 1;
  errors.length = 0;
  link.broken = false;
});

t.test('what is reserved is gone for others, and comes back when it was not used', async (t) => {
  const quota = newQuota();
  await quota.load(partners);
  t.equal(quota.reserve(partners, 10, 7), 7);
  t.equal(quota.remaining(partners, 10), 3);
  t.equal(quota.reserve(partners, 10, 7), 3);
  t.equal(quota.reserve(partners, 10, 1), 0);
  quota.settle(partners, 7, 2);
  t.equal(quota.remaining(partners, 10), 5);
  t.equal(quota.used(partners), 2);
});

t.test('counts that could not be written are kept, told, and written later', async (t) => {
  const quota = newQuota();
  await quota.load(partners);
  accept(quota, partners, 5);
  link.broken = true;
  await quota.flush();
  t.match(errors, [{ message: 'not reachable' }]);
  t.equal(quota.used(partners), 5);
  accept(quota, partners, 1);
  link.broken = false;
  await quota.flush();
  t.same(await stored(partners), { '2026-11-01': 6 });
  t.equal(quota.used(partners), 6);
  await quota.flush();
  t.same(await stored(partners), { '2026-11-01': 6 }, 'once');
});

t.test('a flush brings what was accepted while another one was under way', async (t) => {
  const quota = newQuota();
  await quota.load(partners);
  accept(quota, partners, 5);
  const first = quota.flush();
  accept(quota, partners, 2);
  await quota.flush();
  await first;
  t.same(await stored(partners), { '2026-11-01': 7 });
  t.same(errors, []);
});

t.test('at the turn of the month, unwritten counts go to the old month and open reservations stay reserved', async (t) => {
  const quota = newQuota();
  await quota.load(partners);
  accept(quota, partners, 4);
  t.equal(quota.reserve(partners, 10, 3), 3);
  now = Date.UTC(2026, 11, 1);
  t.equal(quota.isLoaded(partners), false);
  await quota.load(partners);
  t.equal(quota.used(partners), 0);
  t.equal(quota.remaining(partners, 10), 7, 'three are still under way');
  quota.settle(partners, 3, 3);
  t.equal(quota.remaining(partners, 10), 7);
  t.equal(quota.remaining(partners, 3), 0);
  await quota.flush();
  t.same(await stored(partners), { '2026-11-01': 4, '2026-12-01': 3 });
});

t.test('counts of a month that ended while the database was away are written when it is back', async (t) => {
  const quota = newQuota();
  await quota.load(partners);
  accept(quota, partners, 4);
  now = Date.UTC(2026, 11, 1);
  await quota.load(partners);
  link.broken = true;
  await quota.flush();
  link.broken = false;
  await quota.stop();
  t.same(await stored(partners), { '2026-11-01': 4 });
});

t.test('what was learned more than two seconds ago is read again before it is used', async (t) => {
  const quota = newQuota();
  t.equal(quota.isLoaded(partners), false);
  await quota.load(partners);
  t.equal(quota.isLoaded(partners), true);
  now += 1_999;
  t.equal(quota.isLoaded(partners), true);
  now += 1;
  t.equal(quota.isLoaded(partners), false);
});

t.test('an old count is used when the database cannot say a newer one, and none at all is an error', async (t) => {
  const quota = newQuota();
  await quota.load(partners);
  accept(quota, partners, 2);
  now += 60_000;
  link.broken = true;
  await quota.load(partners);
  t.equal(quota.remaining(partners, 10), 8);
  await t.rejects(newQuota().load(partners), { message: 'not reachable' });
});

t.test('two processes that count at once add up', async (t) => {
  const [one, two] = [newQuota(), newQuota()];
  await Promise.all([one.load(partners), two.load(partners)]);
  for (let round = 0; round < 5; round++) {
    accept(one, partners, 3);
    accept(two, partners, 4);
    await Promise.all([one.flush(), two.flush()]);
  }
  t.same(await stored(partners), { '2026-11-01': 35 });
  now += 600;
  for (const quota of [one, two]) {
    quota.isLoaded(partners);
    await quota.flush();
    t.equal(quota.used(partners), 35);
  }
});

t.test('callers at the same time share one look-up', async (t) => {
  const quota = newQuota();
  t.equal(quota.load(partners), quota.load(partners));
  await quota.load(partners);
});

t.test('months are those of UTC', async (t) => {
  const quota = newQuota();
  now = Date.UTC(2027, 0, 1) - 1;
  t.same(quota.month(), { name: '2026-12-01', startsAt: Date.UTC(2026, 11, 1), endsAt: Date.UTC(2027, 0, 1) });
  now += 1;
  t.equal(quota.month().name, '2027-01-01');
});
