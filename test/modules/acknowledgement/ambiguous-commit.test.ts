import t from 'tap';
import type { SettleOutcome } from '../../../src/modules/acknowledgement/outcomes.ts';
import { type Held, leaseText, losingAnswer, row, startWriters } from './writers.ts';

/** The answer to a COMMIT is lost, the batch is repeated half a second later, and each row is answered as if nothing had happened. */
const writers = await startWriters(t);
const { db, pool, one, clock } = writers;

t.beforeEach(() => {
  clock.now += 10_000;
  writers.woken.length = 0;
});

const lossy = (statement: string, meanwhile?: () => Promise<void>) =>
  writers.newWriter({
    from: losingAnswer(pool, statement, async () => {
      clock.now += 500;
      await meanwhile?.();
    }),
  });
const stored = async ({ id }: Held) => (await db.query('SELECT * FROM inbox WHERE partner_id = $1 AND id = $2', [one.id, id])).rows[0];

t.test('each way to settle recognises its own work', async (t) => {
  const [a, b, c, d] = (await writers.lease(one, 4)) as [Held, Held, Held, Held];
  const [last] = (await writers.lease(one, 1, { lastDelivery: true })) as [Held];
  const first = clock.now;
  const rows = [
    row(a, { op: 'acknowledge' }),
    row(b, { op: 'reject', reason: 'no' }),
    row(c, { op: 'release', delaySeconds: 30 }),
    row(d, { op: 'extend', leaseSeconds: 90 }),
    row(last, { op: 'release', delaySeconds: 30 }),
  ];
  const writer = lossy('settleRows');
  const outcomes: SettleOutcome[] = await Promise.all(rows.map((each) => writer.submit(each)));
  t.equal(clock.now, first + 500, 'an answer was lost');
  t.same(outcomes, [
    { status: 'acknowledged', atMs: first, again: false },
    { status: 'dead_lettered', reason: 'rejected', atMs: first, again: false },
    { status: 'released', availableAtMs: first + 30_000 },
    { status: 'extended', leasedUntilMs: first + 90_000 },
    { status: 'dead_lettered', reason: 'max_deliveries_exceeded', atMs: first, again: false },
  ]);
  t.same((await stored(c)).visible_at, new Date(first + 30_000), 'and what was stored is what was told');
  t.same((await stored(d)).visible_at, new Date(first + 90_000));
  t.same(writers.woken, [[one.id]]);
  const dead = await db.query('SELECT dead_at FROM dead_letters WHERE partner_id = $1 AND id = ANY ($2::uuid[])', [
    one.id,
    [b.id, last.id],
  ]);
  t.same(dead.rows, [{ dead_at: new Date(first) }, { dead_at: new Date(first) }]);
});

t.test('a new request for the same is told that it was done before', async (t) => {
  const [a, b] = (await writers.lease(one, 2)) as [Held, Held];
  const first = clock.now;
  const writer = lossy('settleRows');
  const rows = [row(a, { op: 'acknowledge' }), row(b, { op: 'reject', reason: null })];
  await Promise.all(rows.map((each) => writer.submit(each)));
  t.same(await Promise.all(rows.map((each) => writer.submit(each))), [
    { status: 'acknowledged', atMs: first, again: true },
    { status: 'dead_lettered', reason: 'rejected', atMs: first, again: true },
  ]);
});

t.test('a dead letter that was acknowledged is recognised too', async (t) => {
  const [a] = (await writers.lease(one, 1)) as [Held];
  await writers.newWriter().submit(row(a, { op: 'reject', reason: null }));
  clock.now += 1_000;
  const first = clock.now;
  const outcome = await lossy('acknowledgeDead').submit(row(a, { op: 'acknowledge' }));
  t.equal(clock.now, first + 500, 'an answer was lost');
  t.same(outcome, { status: 'acknowledged', atMs: first, again: false });
});

t.test('an answer lost after the settlement, when others are looked up, costs nothing either', async (t) => {
  const [a, b] = (await writers.lease(one, 2)) as [Held, Held];
  const first = clock.now;
  const writer = lossy('findWhereabouts');
  const outcomes = await Promise.all([
    writer.submit(row(a, { op: 'reject', reason: null })),
    writer.submit({ ...row(b, { op: 'release', delaySeconds: 0 }), token: a.token }),
  ]);
  t.equal(clock.now, first + 500, 'an answer was lost');
  t.same(outcomes, [
    { status: 'dead_lettered', reason: 'rejected', atMs: first, again: false },
    { status: 'failed', code: 'lease_lost' },
  ]);
});

t.test('an event that another worker has received between release and repetition stays that worker’s', async (t) => {
  const [a] = (await writers.lease(one, 1)) as [Held];
  let token: string | undefined;
  const writer = lossy('settleRows', async () => {
    const { rows } = await db.query(leaseText, [one.id, [a.id], false, new Date(clock.now), new Date(clock.now + 60_000)]);
    token = rows[0].token;
  });
  t.same(await writer.submit(row(a, { op: 'release', delaySeconds: 0 })), { status: 'failed', code: 'lease_lost' });
  t.match(await stored(a), { lease_token: token, visible_at: new Date(clock.now + 60_000), deliveries: 2 });
});
