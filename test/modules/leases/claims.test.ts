import pg from 'pg';
import t from 'tap';
import { Claims, type Wish } from '../../../src/modules/leases/claims.ts';
import { insertPartner } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { seedMany } from '../../helper/seed.ts';

/** Claims on a real database, with the statements counted. */
const databaseUrl = await createTestDatabase(t);
const db = new pg.Client({ connectionString: databaseUrl });
await db.connect();
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
t.teardown(() => Promise.all([pool.end(), db.end()]));
const counted = { statements: 0 };
const counting = {
  query: (query: never) => {
    counted.statements += 1;
    return pool.query(query);
  },
} as unknown as pg.Pool;
let shiftMs = 0;
const claims = new Claims({ pool: counting, clock: () => Date.now() + shiftMs, onLeased: () => {} });

let partners = 0;
async function partnerWith(events: number, payload = '{}') {
  const { id } = await insertPartner(db, { slug: `p${++partners}` });
  const ids = events === 0 ? [] : await seedMany(db, id, events, { payload });
  const principal = { partnerId: id, retentionMs: 259_200_000, expiredThroughMs: 0, maxDeliveries: 10 };
  const claim = async (maxEvents: number, more: Partial<Wish> = {}) => {
    const wish = { principal, maxEvents, leaseMs: 60_000, types: undefined, receiveId: undefined, ...more } as Wish;
    return (await claims.claim(wish)).events.map(({ stored }) => `evt_${stored.slice(0, 36)}`);
  };
  counted.statements = 0;
  return { ids, claim };
}

t.test('receives that come while one is under way share the next statement, and its events in their order', async (t) => {
  const { ids, claim } = await partnerWith(10);
  const given = await Promise.all([claim(1), claim(2), claim(3), claim(10), claim(5)]);
  t.same(given, [ids.slice(0, 1), ids.slice(1, 3), ids.slice(3, 6), ids.slice(6), []]);
  t.ok(counted.statements <= 4, `${counted.statements} statements`);
});

t.test('when nothing is free, all who wait learn it from one statement', async (t) => {
  const { claim } = await partnerWith(0);
  const given = await Promise.all(Array.from({ length: 20 }, () => claim(400)));
  t.same(
    given,
    Array.from({ length: 20 }, () => []),
  );
  t.equal(counted.statements, 2, 'one for the first, one for those who came meanwhile');
});

t.test('receives of other leases, with filters or with an id go by themselves', async (t) => {
  const { ids, claim } = await partnerWith(6);
  const given = await Promise.all([
    claim(1),
    claim(1, { leaseMs: 5_000 }),
    claim(1, { receiveId: 'r' }),
    claim(1, { types: { exact: ['test.event'], prefixes: [] } }),
    claim(1, { types: { exact: ['another'], prefixes: [] } }),
    claim(1),
  ]);
  t.same(given.flat().sort(), ids.slice(0, 5));
  t.same(given[4], []);
});

t.test('an answer that is cut at its size leaves nobody without events that are there', async (t) => {
  const { ids, claim } = await partnerWith(40, JSON.stringify({ text: 'x'.repeat(200_000) }));
  const given = await Promise.all([claim(1), claim(19), claim(20)]);
  t.ok(given.every((events) => events.length > 0));
  t.same(given.flat(), ids.slice(0, given.flat().length), 'and nothing is skipped');
});

t.test('those whom an answer that was cut left with nothing keep their order', async (t) => {
  const { ids, claim } = await partnerWith(60, JSON.stringify({ text: 'x'.repeat(200_000) }));
  const given = await Promise.all([claim(1), claim(25), claim(5), claim(5), claim(5)]);
  t.same(given.flat(), ids.slice(0, given.flat().length));
  t.equal(given.slice(2).flat().length, 15);
});

t.test('with a backlog a claim is one statement, and what came free behind it is found within a second', async (t) => {
  const { ids, claim } = await partnerWith(50);
  t.same(await claim(5), ids.slice(0, 5));
  t.same(await claim(5), ids.slice(5, 10));
  t.equal(counted.statements, 2);
  const [freed] = ids as [string];
  await db.query('UPDATE inbox SET visible_at = NULL, leased_at = NULL WHERE id = $1', [freed.slice(4)]);
  t.same(await claim(5), ids.slice(10, 15), 'still from where the last one ended');
  shiftMs += 1_000;
  t.same(await claim(5), [freed, ...ids.slice(15, 19)]);
});

t.test('what is left behind the last claim and before it is given together, in order', async (t) => {
  const { ids, claim } = await partnerWith(12);
  t.same(await claim(5), ids.slice(0, 5));
  const [freed] = ids as [string];
  await db.query('UPDATE inbox SET visible_at = NULL, leased_at = NULL WHERE id = $1', [freed.slice(4)]);
  t.same(await claim(20), [freed, ...ids.slice(5)]);
  t.same(await claim(20), []);
});

t.test(
  'an event past its last delivery is never leased; one whose last lease is open, or that waits for a delay, is not yet free',
  async (t) => {
    const { ids, claim } = await partnerWith(4);
    const set = (index: number, assignments: string) =>
      db.query(`UPDATE inbox SET deliveries = 3, ${assignments} WHERE id = $1`, [ids[index]?.slice(4)]);
    await set(0, `last_delivery = true, leased_at = '2020-01-01', visible_at = '2020-01-01'`);
    await set(1, `last_delivery = true, leased_at = now(), visible_at = '2100-01-01'`);
    await set(2, `visible_at = '2100-01-01'`);
    t.same(await claim(10), ids.slice(3));
    t.same(await claim(10, { types: { exact: ['test.event'], prefixes: [] } }), []);
  },
);

t.test('a failing statement fails those whom it served, and the next ones are served', async (t) => {
  const { ids } = await partnerWith(1);
  let fail = true;
  const failing = { query: (query: never) => (fail ? Promise.reject(new Error('down')) : pool.query(query)) } as unknown as pg.Pool;
  const broken = new Claims({ pool: failing, clock: Date.now, onLeased: () => {} });
  const principal = { partnerId: partners, retentionMs: 259_200_000, expiredThroughMs: 0, maxDeliveries: 10 };
  const wish = { principal, maxEvents: 1, leaseMs: 60_000, types: undefined, receiveId: undefined } as unknown as Wish;
  await t.rejects(broken.claim(wish), { message: 'down' });
  fail = false;
  t.same(
    (await broken.claim(wish)).events.map(({ stored }) => `evt_${stored.slice(0, 36)}`),
    ids,
  );
});
