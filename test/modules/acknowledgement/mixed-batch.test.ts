import t from 'tap';
import type { SettleOutcome } from '../../../src/modules/acknowledgement/outcomes.ts';
import type { SettleRow } from '../../../src/modules/acknowledgement/store.ts';
import { seedEvents, uuidAt } from '../../helper/seed.ts';
import { type Held, row, startWriters } from './writers.ts';

const writers = await startWriters(t);
const { db, one, two, clock } = writers;

t.beforeEach(() => {
  clock.now += 10_000;
  writers.batches.length = 0;
  writers.woken.length = 0;
});

const ways = [
  (held: Held) => row(held, { op: 'acknowledge' }),
  (held: Held) => row(held, { op: 'reject', reason: `of ${held.partnerId}` }),
  (held: Held) => row(held, { op: 'release', delaySeconds: 7 }),
  (held: Held) => row(held, { op: 'extend', leaseSeconds: 600 }),
];

t.test('settlements of two partners that meet in one commit are never mixed, though the ids be the same', async (t) => {
  const ids = Array.from({ length: 24 }, (_, index) => uuidAt(clock.now - 1_000, index));
  const held: Held[] = [];
  for (const { id: partnerId } of [one, two]) {
    await seedEvents(
      db,
      partnerId,
      ids.map((id) => ({ id })),
    );
    const { rows } = await db.query(
      `UPDATE inbox SET deliveries = 1, leased_at = $3, visible_at = $4, lease_token = gen_random_uuid()
       WHERE partner_id = $1 AND id = ANY ($2::uuid[]) RETURNING partner_id AS "partnerId", id, lease_token AS token`,
      [partnerId, ids, new Date(clock.now), new Date(clock.now + 60_000)],
    );
    held.push(...rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  }
  const [ofOne, ofTwo] = [held.slice(0, 24), held.slice(24)] as [Held[], Held[]];
  // Event i is settled in one way for the one partner and in the next way for the other; every third time with the other partner's token.
  const rows = ids.flatMap((_, index) => {
    const [mine, theirs] = [ofOne[index] as Held, ofTwo[index] as Held];
    const stolen = index % 3 === 0 ? { ...mine, token: theirs.token } : mine;
    return [ways[index % 4]?.(stolen) as SettleRow, ways[(index + 1) % 4]?.(theirs) as SettleRow];
  });
  const writer = writers.newWriter();
  const outcomes = await Promise.all(rows.map((each) => writer.submit(each)));
  t.same(writers.batches, [48], 'they were one commit');
  const expected = rows.map((each, index): SettleOutcome => {
    if (index % 2 === 0 && (index / 2) % 3 === 0) return { status: 'failed', code: 'lease_lost' };
    if (each.op === 'acknowledge') return { status: 'acknowledged', atMs: clock.now, again: false };
    if (each.op === 'reject') return { status: 'dead_lettered', reason: 'rejected', atMs: clock.now, again: false };
    if (each.op === 'release') return { status: 'released', availableAtMs: clock.now + 7_000 };
    return { status: 'extended', leasedUntilMs: clock.now + 600_000 };
  });
  t.same(outcomes, expected);
  const { rows: details } = await db.query('SELECT DISTINCT partner_id, detail FROM dead_letters ORDER BY partner_id');
  t.same(
    details,
    [one, two].map(({ id }) => ({ partner_id: id, detail: `of ${id}` })),
  );
  const stolenLeft = await db.query('SELECT count(*)::int AS count FROM inbox WHERE partner_id = $1 AND visible_at = $2', [
    one.id,
    new Date(clock.now + 60_000),
  ]);
  t.equal(stolenLeft.rows[0].count, 8, 'what the wrong token named is as it was');
});

t.test('who waits is woken by releases and extensions, once a commit, and by nothing else', async (t) => {
  const [a, b, c, d, e] = (await writers.lease(one, 5)) as [Held, Held, Held, Held, Held];
  const [f] = (await writers.lease(two, 1, { lastDelivery: true })) as [Held];
  const submit = (rows: SettleRow[]) => {
    const writer = writers.newWriter();
    return Promise.all(rows.map((each) => writer.submit(each)));
  };
  await submit([row(a, { op: 'acknowledge' }), row(b, { op: 'reject', reason: null })]);
  t.same(writers.woken, []);
  await submit([{ ...row(d, { op: 'release', delaySeconds: 0 }), token: a.token }]);
  t.same(writers.woken, [], 'nor by a release that was refused');
  await submit([row(f, { op: 'release', delaySeconds: 0 })]);
  t.same(writers.woken, [], 'nor by one that made a dead letter');
  await submit([row(d, { op: 'release', delaySeconds: 0 }), row(e, { op: 'release', delaySeconds: 60 })]);
  t.same(writers.woken, [[one.id]]);
  await submit([row(c, { op: 'extend', leaseSeconds: 5 })]);
  t.same(writers.woken, [[one.id], [one.id]], 'a lease may be shortened');
});

t.test('of two settlements of one event that come together the second finds what the first has done', async (t) => {
  const held = await writers.lease(one, 4);
  const [a, b, c, d] = held as [Held, Held, Held, Held];
  const writer = writers.newWriter();
  const outcomes = await Promise.all([
    writer.submit(row(a, { op: 'reject', reason: null })),
    writer.submit(row(a, { op: 'acknowledge' })),
    writer.submit(row(b, { op: 'release', delaySeconds: 0 })),
    writer.submit(row(b, { op: 'acknowledge' })),
    writer.submit(row(c, { op: 'acknowledge' })),
    writer.submit(row(c, { op: 'release', delaySeconds: 0 })),
    writer.submit(row(d, { op: 'reject', reason: null })),
    writer.submit(row(d, { op: 'reject', reason: 'another' })),
  ]);
  t.match(outcomes, [
    { status: 'dead_lettered', again: false },
    { status: 'acknowledged', again: false },
    { status: 'released' },
    { status: 'acknowledged', again: false },
    { status: 'acknowledged', again: false },
    { status: 'failed', code: 'lease_lost' },
    { status: 'dead_lettered', again: false },
    { status: 'dead_lettered', again: true },
  ]);
  t.same(writers.batches, [4, 4]);
  const { rows } = await db.query('SELECT id FROM dead_letters WHERE partner_id = $1 AND id = ANY ($2::uuid[])', [
    one.id,
    held.map(({ id }) => id),
  ]);
  t.same(rows, [{ id: d.id }]);
});

t.test('two replicas that settle the same events in opposite orders and ways both come to an end, and each event ends once', async (t) => {
  const held = await writers.lease(one, 300);
  const [mine, theirs] = [writers.newWriter(), writers.newWriter()];
  const [acknowledged, rejected] = await Promise.all([
    Promise.all(
      held.map((each, index) => mine.submit(index % 50 ? row(each, { op: 'acknowledge' }) : row(each, { op: 'extend', leaseSeconds: 9 }))),
    ),
    Promise.all(held.toReversed().map((each) => theirs.submit(row(each, { op: 'reject', reason: null })))),
  ]);
  const ids = held.map(({ id }) => id);
  const ends = async (table: string) =>
    Number((await db.query(`SELECT count(*) FROM ${table} WHERE partner_id = $1 AND id = ANY ($2::uuid[])`, [one.id, ids])).rows[0].count);
  t.same(
    [await ends('inbox'), (await ends('acknowledgements')) + (await ends('dead_letters'))],
    [0, 300],
    'none is left, none is in two places',
  );
  t.equal(
    acknowledged.filter((outcome) => outcome.status === 'acknowledged').length,
    await ends('acknowledgements'),
    'who was told so has acknowledged',
  );
  t.ok(rejected.every((outcome) => outcome.status === 'dead_lettered' || (outcome.status === 'failed' && outcome.code === 'lease_lost')));
});

t.test('a dead letter that one partner acknowledges stays with the other partner, whose event has the same id', async (t) => {
  const id = uuidAt(clock.now - 1_000);
  const [mine, theirs] = [one, two].map(({ id: partnerId }): SettleRow => ({ op: 'reject', token: null, reason: null, partnerId, id })) as [
    SettleRow,
    SettleRow,
  ];
  for (const { partnerId } of [mine, theirs]) await seedEvents(db, partnerId, [{ id }]);
  const writer = writers.newWriter();
  await Promise.all([writer.submit(mine), writer.submit(theirs)]);
  t.match(await writer.submit({ op: 'acknowledge', token: null, partnerId: one.id, id }), { status: 'acknowledged', again: false });
  const { rows } = await db.query('SELECT partner_id FROM dead_letters WHERE id = $1', [id]);
  t.same(rows, [{ partner_id: two.id }]);
});
