import pg from 'pg';
import t from 'tap';
import type { SettleOutcome } from '../../../src/modules/acknowledgement/outcomes.ts';
import { createSettleWriter } from '../../../src/modules/acknowledgement/settle-writer.ts';
import type { SettleRow } from '../../../src/modules/acknowledgement/store.ts';
import { insertPartner } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { seedEvents, uuidAt } from '../../helper/seed.ts';

/** A writer on a database of its own, and the sizes of the batches that it commits. */
const databaseUrl = await createTestDatabase(t);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
// A pool has ended before its sockets have closed: the database may be dropped under them.
pool.on('error', () => {});
const db = new pg.Client({ connectionString: databaseUrl });
await db.connect();
t.teardown(() => Promise.all([pool.end(), db.end()]));
const [one, two] = [await insertPartner(db, { slug: 'one' }), await insertPartner(db, { slug: 'two' })];

let now = Date.now();
const batches: number[] = [];
const newWriter = (maxQueuedRows = 10_000, from: pg.Pool = pool) =>
  createSettleWriter({ pool: from, clock: () => now, maxQueuedRows, onReleased: () => {}, onBatch: ({ rows }) => void batches.push(rows) });

const acknowledge = (partnerId: number, id: string): SettleRow => ({ op: 'acknowledge', token: null, partnerId, id });
const again = (outcome: SettleOutcome) => (outcome.status === 'acknowledged' ? outcome.again : undefined);

t.beforeEach(() => {
  batches.length = 0;
});

t.test("two partners whose requests meet in one commit never get each other's outcome", async (t) => {
  // The same ids for both, each with events that the other lacks, so that an outcome of the wrong partner is a wrong outcome.
  const writer = newWriter();
  const ids = Array.from({ length: 40 }, (_, index) => uuidAt(now - 100 + index));
  await seedEvents(
    db,
    one.id,
    ids.slice(0, 30).map((id) => ({ id })),
  );
  await seedEvents(
    db,
    two.id,
    ids.slice(10).map((id) => ({ id })),
  );
  const rows = ids.flatMap((id) => [acknowledge(one.id, id), acknowledge(two.id, id)]);
  const outcomes = await Promise.all(rows.map((row) => writer.submit(row)));
  t.same(batches, [80], 'they were one commit');
  const expected = ids.flatMap((_, index) =>
    [index < 30, index >= 10].map((has) =>
      has ? { status: 'acknowledged', atMs: now, again: false } : { status: 'failed', code: 'event_not_found' },
    ),
  );
  t.same(outcomes, expected);
});

t.test('requests of two partners in one commit are told apart when both repeat what only one has done', async (t) => {
  const writer = newWriter();
  const id = uuidAt(now);
  for (const { id: partnerId } of [one, two]) await seedEvents(db, partnerId, [{ id }]);
  const first = now;
  await writer.submit(acknowledge(one.id, id));
  now += 5_000;
  const outcomes = await Promise.all([one, two].map(({ id: partnerId }) => writer.submit(acknowledge(partnerId, id))));
  t.same(outcomes, [
    { status: 'acknowledged', atMs: first, again: true },
    { status: 'acknowledged', atMs: now, again: false },
  ]);
  t.same(batches, [1, 2]);
});

t.test('requests for one event are never in one commit: the second learns what the first has done', async (t) => {
  const writer = newWriter();
  const id = uuidAt(now);
  await seedEvents(db, one.id, [{ id }]);
  const outcomes = await Promise.all(Array.from({ length: 3 }, () => writer.submit(acknowledge(one.id, id))));
  t.same(
    outcomes.map((outcome) => again(outcome)),
    [false, true, true],
  );
  t.same(batches, [1, 1, 1]);
});

t.test('two replicas that acknowledge the same events in opposite orders both succeed', async (t) => {
  const ids = Array.from({ length: 300 }, (_, index) => uuidAt(now - 1_000 + index));
  await seedEvents(
    db,
    one.id,
    ids.map((id) => ({ id })),
  );
  const [mine, theirs] = [newWriter(), newWriter()];
  const outcomes = await Promise.all([
    ...ids.map((id) => mine.submit(acknowledge(one.id, id))),
    ...ids.toReversed().map((id) => theirs.submit(acknowledge(one.id, id))),
  ]);
  t.equal(outcomes.filter((outcome) => again(outcome) === false).length, 300);
  t.equal(outcomes.filter((outcome) => again(outcome) === true).length, 300);
});

t.test('a full queue refuses, and loses nothing of what it has taken', async (t) => {
  const writer = newWriter(4); // of which one partner may have half
  const ids = [uuidAt(now), uuidAt(now), uuidAt(now)];
  await seedEvents(
    db,
    one.id,
    ids.map((id) => ({ id })),
  );
  const outcomes = await Promise.allSettled(ids.map((id) => writer.submit(acknowledge(one.id, id))));
  t.same(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected'],
  );
  t.match(outcomes[2], { reason: { name: 'QueueFullError' } });
});

t.test(
  'the answer to a COMMIT is lost: the repetition is still the first acknowledgement, and only an earlier one is already',
  async (t) => {
    const [before, id] = [uuidAt(now), uuidAt(now)];
    await seedEvents(db, one.id, [{ id: before }, { id }]);
    await newWriter().submit(acknowledge(one.id, before));
    const earlier = now;
    now += 1_000;
    const first = now;
    // Time goes on between the attempts.
    const writer = newWriter(
      10,
      losingFirstAnswer(() => {
        now += 500;
      }),
    );
    const outcomes = await Promise.all([before, id].map((each) => writer.submit(acknowledge(one.id, each))));
    t.same(outcomes, [
      { status: 'acknowledged', atMs: earlier, again: true },
      { status: 'acknowledged', atMs: first, again: false },
    ]);
    t.equal(now, first + 500, 'an answer was lost');
    const repeated = await writer.submit(acknowledge(one.id, id));
    t.same(repeated, { status: 'acknowledged', atMs: first, again: true }, 'a new request for it is told so');
  },
);

t.test('a wall clock that is set back does not prolong the retries', async (t) => {
  // The pauses between attempts become turns of the event loop, and each attempt takes a second of the monotonic clock.
  t.intercept(globalThis, 'setTimeout', { value: (callback: () => void) => setImmediate(callback), writable: true, configurable: true });
  let monotonic = performance.now();
  t.intercept(performance, 'now', { value: () => monotonic, writable: true, configurable: true });
  const down = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  let attempts = 0;
  const refusing = {
    connect() {
      now -= 3_600_000;
      monotonic += 1_000;
      attempts += 1;
      return Promise.reject(attempts > 10 ? new TypeError('it does not stop') : down);
    },
  } as unknown as pg.Pool;
  await t.rejects(newWriter(10, refusing).submit(acknowledge(one.id, uuidAt(Date.now()))), down);
  t.equal(attempts, 3);
  now = Date.now();
});

/** The pool, whose first client commits and then says that the connection was lost; `meanwhile` happens before that is said. */
function losingFirstAnswer(meanwhile: () => void): pg.Pool {
  let used = 0;
  const connect = async () => {
    const client = await pool.connect();
    if (used++ > 0) return client;
    return {
      async query(config: pg.QueryConfig) {
        await client.query(config);
        meanwhile();
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      },
      release: () => client.release(true),
    };
  };
  return { connect } as unknown as pg.Pool;
}
