import pg from 'pg';
import t from 'tap';
import type { SettleRow } from '../../../src/modules/acknowledgement/store.ts';
import { until } from '../../helper/until.ts';
import { type Held, interrupting, leaseText, row, startWriters } from './writers.ts';

const writers = await startWriters(t);
const { db, pool, one, clock } = writers;
const other = new pg.Client({ connectionString: pool.options.connectionString });
await other.connect();
t.teardown(() => other.end());

const ways: [string, (held: Held) => SettleRow][] = [
  ['an acknowledgement', (held) => row(held, { op: 'acknowledge' })],
  ['a release', (held) => row(held, { op: 'release', delaySeconds: 0 })],
  ['a rejection', (held) => row(held, { op: 'reject', reason: null })],
  ['an extension', (held) => row(held, { op: 'extend', leaseSeconds: 60 })],
];
const stored = async ({ id }: Held) => (await db.query('SELECT * FROM inbox WHERE partner_id = $1 AND id = $2', [one.id, id])).rows[0];

/** Until a statement waits for a row that another transaction has locked. */
const waitsForRow = () =>
  until('a settlement waits for a claim', async () => {
    const { rowCount } = await db.query(
      `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND locktype = 'transactionid' AND datname = current_database()`,
    );
    return rowCount === 1;
  });

/** A late settlement meets a claim that has locked the row and not committed yet. */
async function meet(settlement: (held: Held) => SettleRow, end: 'COMMIT' | 'ROLLBACK') {
  clock.now += 10_000;
  const [held] = (await writers.lease(one, 1, { leaseMs: -1 })) as [Held];
  await other.query('BEGIN');
  const { rows } = await other.query(leaseText, [one.id, [held.id], false, new Date(clock.now), new Date(clock.now + 60_000)]);
  const outcome = writers.newWriter().submit(settlement(held));
  await waitsForRow();
  await other.query(end);
  return { held, newToken: rows[0].token as string, outcome: await outcome };
}

for (const [what, settlement] of ways) {
  t.test(`${what} that meets a claim under way loses to it, and changes nothing`, async (t) => {
    const { held, newToken, outcome } = await meet(settlement, 'COMMIT');
    t.same(outcome, { status: 'failed', code: 'lease_lost' });
    t.match(await stored(held), {
      lease_token: newToken,
      deliveries: 2,
      leased_at: new Date(clock.now),
      visible_at: new Date(clock.now + 60_000),
    });
  });

  t.test(`${what} that meets a claim that comes to nothing still counts`, async (t) => {
    const { outcome } = await meet(settlement, 'ROLLBACK');
    t.not(outcome.status, 'failed');
  });
}

t.test('settlements without a token end what a claim under way has just leased', async (t) => {
  const plain = await meet((held) => ({ ...row(held, { op: 'acknowledge' }), token: null }), 'COMMIT');
  t.match(plain.outcome, { status: 'acknowledged', again: false });
  const { rows } = await db.query('SELECT lease_token, deliveries FROM acknowledgements WHERE id = $1', [plain.held.id]);
  t.same(rows, [{ lease_token: plain.newToken, deliveries: 2 }], 'with the lease that it had at its end');
  const rejected = await meet((held) => ({ ...row(held, { op: 'reject', reason: null }), token: null }), 'COMMIT');
  t.match(rejected.outcome, { status: 'dead_lettered', again: false });
  t.notOk(await stored(rejected.held));
});

t.test('an event that comes back between two statements of a settlement is settled all the same', async (t) => {
  const [a, b] = (await writers.lease(one, 2)) as [Held, Held];
  await writers.newWriter().submit(row(a, { op: 'acknowledge' }));
  const replay = () =>
    db.query(
      `WITH back AS (DELETE FROM acknowledgements WHERE id = $1 RETURNING partner_id, id)
       INSERT INTO inbox (partner_id, id, event_type, bytes, replayed) SELECT partner_id, id, event_type, 100, true FROM back JOIN events USING (partner_id, id)`,
      [a.id],
    );
  clock.now += 1_000;
  const acknowledged = await writers
    .newWriter({ from: interrupting(pool, 'findWhereabouts', replay) })
    .submit({ ...row(a, { op: 'acknowledge' }), token: null });
  t.same(acknowledged, { status: 'acknowledged', atMs: clock.now, again: false });
  t.notOk(await stored(a));

  await writers.newWriter().submit(row(b, { op: 'reject', reason: null }));
  const redrive = () =>
    db.query(
      `WITH back AS (DELETE FROM dead_letters WHERE id = $1 RETURNING partner_id, id, event_type)
       INSERT INTO inbox (partner_id, id, event_type, bytes) SELECT partner_id, id, event_type, 100 FROM back`,
      [b.id],
    );
  clock.now += 1_000;
  const raised = await writers
    .newWriter({ from: interrupting(pool, 'acknowledgeDead', redrive) })
    .submit({ ...row(b, { op: 'acknowledge' }), token: null });
  t.same(raised, { status: 'acknowledged', atMs: clock.now, again: false });
  t.notOk(await stored(b));
});
