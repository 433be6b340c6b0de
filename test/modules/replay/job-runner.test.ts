import pg from 'pg';
import t, { type Test } from 'tap';
import { JobRunner } from '../../../src/modules/replay/job-runner.ts';
import { createJob, findJob } from '../../../src/modules/replay/job-store.ts';
import { type BulkKind, redriveSelection, replaySelection, type Selection } from '../../../src/modules/replay/selection.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { insertPartner } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { uuidAt } from '../../helper/seed.ts';
import { idsUpTo, seedAcknowledged, seedDead } from '../../helper/settled.ts';
import { until } from '../../helper/until.ts';

const started = Date.now();

const databaseUrl = await createTestDatabase(t);
const db = new pg.Client({ connectionString: databaseUrl });
db.on('error', () => {}); // the database is dropped under it at the end
await db.connect();
t.teardown(() => db.end());
/** Looks at the sessions of others, and ends them; of its own accord `db` may be in a transaction, which would see them as they were at its begin. */
const owner = new pg.Client({ connectionString: databaseUrl });
owner.on('error', () => {});
await owner.connect();
t.teardown(() => owner.end());
const { read: pool } = openPools(t);
let partners = 0;

function openPools(t: Pick<Test, 'teardown'>) {
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 4, onIdleError: () => {} });
  t.teardown(() => pools.close());
  return pools;
}

type JobOptions = { selection?: Selection; maxPerSecond?: number; kind?: BulkKind; matched?: number; countedAll?: boolean };

/** Runners as different processes have them, without the jobs of the tests before; each turn is taken by the test, at the time of its clock. */
async function start() {
  await db.query('TRUNCATE bulk_jobs, events, inbox, acknowledgements, dead_letters');
  const clock = { now: started };
  const moves: { kind: BulkKind; partnerId: number; events: number }[] = [];
  const errors: unknown[] = [];
  return {
    clock,
    moves,
    errors,
    runner: (its = pool) =>
      new JobRunner({
        pool: its,
        clock: () => clock.now,
        onMoved: (kind, partnerId, events) => void moves.push({ kind, partnerId, events }),
        onError: (error) => void errors.push(error),
      }),
    /** A job of a partner, for all that it has acknowledged if nothing else is said. */
    async job(partnerId: number, options: JobOptions = {}): Promise<string> {
      const { selection = everything(clock.now), maxPerSecond = null, kind = 'replay', matched = 0, countedAll = true } = options;
      const id = uuidAt(clock.now);
      const other = await createJob(pool, { partnerId, id, kind, selection, maxPerSecond, matched, countedAll, now: clock.now });
      if (other) throw new Error(`there is a job: ${other}`);
      return id;
    },
    async partner(retentionSeconds = 259_200) {
      partners += 1;
      return (await insertPartner(db, { slug: `partner${partners}`, retentionSeconds })).id;
    },
    inbox: async (partnerId: number) =>
      (await db.query<{ id: string }>('SELECT id FROM inbox WHERE partner_id = $1 ORDER BY id', [partnerId])).rows.map(({ id }) => id),
  };
}

const everything = (now: number) =>
  replaySelection({ filter: { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', status: 'any' }, dry_run: false }, now);
const listed = (ids: string[], event = {}) => ids.map((id) => ({ id, ...event }));

async function turns(runner: JobRunner): Promise<number> {
  let taken = 0;
  while (await runner.turn()) taken += 1;
  return taken;
}

t.test('a job moves its events in portions of 500, in their order, and says how far it is', async (t) => {
  const { clock, moves, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  const ids = idsUpTo(1_200, started);
  await seedAcknowledged(db, partnerId, listed(ids), started);
  const id = await job(partnerId, { matched: 1_200 });
  t.match(await findJob(pool, partnerId, id, clock.now), {
    status: 'queued',
    moved: 0,
    startedAtMs: null,
    finishedAtMs: null,
    createdAtMs: started,
  });
  const mine = runner();
  for (const [moved, status] of [
    [500, 'running'],
    [1_000, 'running'],
    [1_200, 'completed'],
  ] as const) {
    clock.now += 10;
    t.equal(await mine.turn(), true);
    t.match(await findJob(pool, partnerId, id, clock.now), { status, moved, matched: 1_200, startedAtMs: started + 10 });
    t.same(await inbox(partnerId), ids.slice(0, moved));
  }
  t.equal((await findJob(pool, partnerId, id, clock.now))?.finishedAtMs, clock.now);
  t.equal(await mine.turn(), false, 'there is nothing more to do');
  t.same(
    moves,
    [500, 500, 200].map((events) => ({ kind: 'replay', partnerId, events })),
    'each portion is told after its commit',
  );
});

t.test('a job takes what had been settled when it was asked for, and nothing that came since', async (t) => {
  const { clock, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  const ids = idsUpTo(3, started - 10);
  await seedAcknowledged(db, partnerId, listed(ids.slice(0, 1)), started);
  await seedDead(db, partnerId, listed(ids.slice(1, 2)), { deadAtMs: started });
  await job(partnerId);
  clock.now += 1;
  await seedAcknowledged(db, partnerId, listed(ids.slice(2)), clock.now);
  await seedDead(db, partnerId, listed([uuidAt(started - 5)]), { deadAtMs: clock.now });
  await seedAcknowledged(db, partnerId, listed([uuidAt(clock.now)]), clock.now);
  await turns(runner());
  t.same(await inbox(partnerId), ids.slice(0, 2));
});

t.test('a job for ids, with a filter or with a limit moves just those', async (t) => {
  const { clock, runner, job, partner, inbox } = await start();
  const ids = idsUpTo(1_000, started - 1);
  const types = (n: number) => (n % 400 === 0 ? 'rare.one' : 'common.one');
  const cases: [name: string, kind: BulkKind, selection: Selection, expected: string[]][] = [
    ['ids', 'redrive', { ids: [ids[3], ids[7], uuidAt(started)] as string[] }, [ids[3], ids[7]] as string[]],
    ['filter', 'redrive', redriveSelection({ event_types: ['rare.*'] }, started), [0, 400, 800].map((n) => ids[n] as string)],
    ['limit', 'replay', { ...everything(started), limit: 600 }, ids.slice(0, 600)],
    ['limit of a portion', 'replay', { ...everything(started), limit: 500 }, ids.slice(0, 500)],
  ];
  for (const [name, kind, selection, expected] of cases) {
    const partnerId = await partner();
    await seedDead(
      db,
      partnerId,
      ids.map((id, n) => ({ id, type: types(n) })),
      { deadAtMs: started },
    );
    const id = await job(partnerId, { kind, selection, matched: expected.length });
    await turns(runner());
    t.same(await inbox(partnerId), expected, name);
    t.match(await findJob(pool, partnerId, id, clock.now), { status: 'completed', moved: expected.length }, name);
  }
});

t.test('max_per_second is kept: a portion is a second’s worth at most, and the next one waits for its time', async (t) => {
  const { clock, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  await seedAcknowledged(db, partnerId, listed(idsUpTo(25, started)), started);
  const id = await job(partnerId, { maxPerSecond: 10, matched: 25 });
  const mine = runner();
  const moved = async () => (await inbox(partnerId)).length;
  const log: [ms: number, moved: number][] = [];
  for (; clock.now <= started + 3_000; clock.now += 50) {
    await mine.turn();
    log.push([clock.now - started, await moved()]);
  }
  for (const [ms, count] of log) t.ok(count <= 10 * (Math.floor(ms / 1_000) + 1), `${count} after ${ms} ms`);
  t.same(log.find(([, count]) => count === 25)?.[0], 2_000);
  t.match(await findJob(pool, partnerId, id, clock.now), { status: 'completed', moved: 25 });
});

t.test('after a pause of the whole service a rate is not made up for', async (t) => {
  const { clock, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  await seedAcknowledged(db, partnerId, listed(idsUpTo(100, started)), started);
  await job(partnerId, { maxPerSecond: 5 });
  await runner().turn();
  clock.now += 3_600_000;
  const later = runner();
  t.equal(await turns(later), 1);
  t.equal((await inbox(partnerId)).length, 10);
});

t.test('a clock that was an hour ahead when it wrote does not stop a job for an hour', async (t) => {
  const { clock, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  await seedAcknowledged(db, partnerId, listed(idsUpTo(20, started)), started);
  await job(partnerId, { maxPerSecond: 10 });
  clock.now += 3_600_000;
  await runner().turn();
  clock.now -= 3_600_000;
  await runner().turn();
  t.equal((await inbox(partnerId)).length, 20);
});

t.test('jobs of different partners take turns', async (t) => {
  const { clock, moves, runner, job, partner } = await start();
  const partners = [await partner(), await partner()];
  for (const partnerId of partners) {
    await seedAcknowledged(db, partnerId, listed(idsUpTo(1_000, started - 1)), started);
    await job(partnerId);
    clock.now += 1;
  }
  const mine = runner();
  for (let n = 0; n < 4; n++) {
    clock.now += 1;
    await mine.turn();
  }
  t.same(
    moves.map(({ partnerId }) => partnerId),
    [...partners, ...partners],
  );
});

t.test(
  'only one process at a time works on a job, and when it is killed in the middle of a portion the next one does that portion again',
  async (t) => {
    const { clock, moves, runner, job, partner, inbox } = await start();
    const partnerId = await partner();
    const ids = idsUpTo(1_500, started);
    await seedAcknowledged(db, partnerId, listed(ids), started);
    const id = await job(partnerId, { matched: 1_500 });
    const doomed = runner(openPools(t).read);
    await doomed.turn();

    // Its second portion waits for a row that we hold, with the job in its hands.
    await db.query('BEGIN');
    await db.query('SELECT FROM acknowledgements WHERE partner_id = $1 AND id = $2 FOR UPDATE', [partnerId, ids[700]]);
    const stuck = doomed.turn();
    const failed = t.rejects(stuck, 'its connection is lost');
    const backend = await until('the portion waits', async () => {
      const { rows } = await owner.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%unacknowledged%'`,
      );
      return rows[0]?.pid;
    });
    const second = runner();
    t.equal(await second.turn(), false, 'nobody else takes it meanwhile');
    t.match(await findJob(pool, partnerId, id, clock.now), { moved: 500 });
    await owner.query('SELECT pg_terminate_backend($1)', [backend]);
    await failed;
    await db.query('ROLLBACK');
    t.same(await inbox(partnerId), ids.slice(0, 500), 'nothing of the portion is left');

    t.equal(await turns(second), 2);
    t.same(await inbox(partnerId), ids);
    t.match(await findJob(pool, partnerId, id, clock.now), { status: 'completed', moved: 1_500, matched: 1_500 });
    t.equal(
      moves.reduce((sum, { events }) => sum + events, 0),
      1_500,
      'each is counted once',
    );
  },
);

t.test('several processes that work as fast as they can move each event once', async (t) => {
  const { clock, moves, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  const ids = idsUpTo(4_000, started);
  await seedAcknowledged(db, partnerId, listed(ids), started);
  const id = await job(partnerId, { matched: 4_000 });
  const finished = async () => (await findJob(pool, partnerId, id, clock.now))?.status === 'completed';
  const work = async (each: JobRunner) => {
    while (!(await finished())) await each.turn();
  };
  await Promise.all([runner(), runner(), runner()].map(work));
  t.same(await inbox(partnerId), ids);
  t.equal((await findJob(pool, partnerId, id, clock.now))?.moved, 4_000);
  t.equal(
    moves.reduce((sum, { events }) => sum + events, 0),
    4_000,
  );
});

t.test('what leaves in another way before its portion is not moved, and not counted', async (t) => {
  const { clock, runner, job, partner, inbox } = await start();
  const partnerId = await partner(3_600);
  const old = idsUpTo(10, started - 3_599_000);
  const ids = idsUpTo(700, started);
  await seedDead(db, partnerId, listed([...old, ...ids]), { deadAtMs: started });
  const id = await job(partnerId, { kind: 'redrive', selection: redriveSelection({}, started), matched: 710 });
  clock.now += 2_000; // the old ones have expired
  await db.query('DELETE FROM dead_letters WHERE id = $1', [ids[600]]);
  await db.query('UPDATE events SET expunged_at = $2 WHERE id = $1', [ids[650], new Date(clock.now).toISOString()]);
  await turns(runner());
  t.equal((await inbox(partnerId)).length, 698);
  t.match(await findJob(pool, partnerId, id, clock.now), { status: 'completed', matched: 710, moved: 698 });
});

t.test('where counting had ended early, the number grows with the job and is complete in the end', async (t) => {
  const { clock, runner, job, partner } = await start();
  const partnerId = await partner();
  await seedAcknowledged(db, partnerId, listed(idsUpTo(900, started)), started);
  const id = await job(partnerId, { matched: 100, countedAll: false });
  const mine = runner();
  await mine.turn();
  t.match(await findJob(pool, partnerId, id, clock.now), { status: 'running', matched: 500, moved: 500, countedAll: false });
  await turns(mine);
  t.match(await findJob(pool, partnerId, id, clock.now), { status: 'completed', matched: 900, moved: 900 });
});

t.test('a job that cannot go on ends as failed, keeps what it has moved, and makes room for another', async (t) => {
  const { clock, errors, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  await seedAcknowledged(db, partnerId, listed(idsUpTo(600, started)), started);
  const id = await job(partnerId, { matched: 600 });
  const mine = runner();
  await mine.turn();
  await db.query('ALTER TABLE inbox ADD CONSTRAINT broken CHECK (false) NOT VALID');
  t.equal(await mine.turn(), true);
  t.match(errors, [{ code: '23514' }]);
  t.match(await findJob(pool, partnerId, id, clock.now), { status: 'failed', moved: 500, finishedAtMs: clock.now });
  t.equal(await mine.turn(), false);
  await db.query('ALTER TABLE inbox DROP CONSTRAINT broken');
  await job(partnerId, { matched: 100 });
  await turns(mine);
  t.equal((await inbox(partnerId)).length, 600);
});

t.test('a failure of the database ends no job: the turn is thrown back and taken again', async (t) => {
  const { clock, errors, runner, job, partner, inbox } = await start();
  const partnerId = await partner();
  await seedAcknowledged(db, partnerId, listed(idsUpTo(600, started)), started);
  const id = await job(partnerId);
  await db.query('BEGIN; LOCK TABLE inbox');
  await t.rejects(runner().turn(), { code: '55P03' }, 'the wait for a lock has an end');
  await db.query('ROLLBACK');
  t.match(await findJob(pool, partnerId, id, clock.now), { status: 'queued', moved: 0 });
  t.same(errors, []);
  await turns(runner());
  t.equal((await inbox(partnerId)).length, 600);
});

t.test('a started runner finds jobs by itself, goes on at once when it is kicked, and stop waits for its turn', async (t) => {
  const { clock, moves, runner, job, partner } = await start();
  const partnerId = await partner();
  await seedAcknowledged(db, partnerId, listed(idsUpTo(1_100, started)), started);
  const mine = runner();
  t.teardown(() => mine.stop());
  const first = await job(partnerId);
  mine.start();
  await until('it is done', async () => (await findJob(pool, partnerId, first, clock.now))?.status === 'completed');
  t.equal(moves.length, 3);
  // Its own looks are a second apart; the quickest of some shows that it does not wait for them.
  const times: number[] = [];
  for (let round = 1; round <= 4; round++) {
    const begun = performance.now();
    const id = await job(partnerId);
    mine.kick();
    await until('it is done', async () => (await findJob(pool, partnerId, id, clock.now))?.status === 'completed');
    times.push(performance.now() - begun);
  }
  t.ok(Math.min(...times) < 400, `${times.map(Math.round)} ms`);
  await mine.stop();
  const last = await job(partnerId);
  mine.kick();
  t.match(await findJob(pool, partnerId, last, clock.now), { status: 'queued' }, 'a stopped one takes nothing up');
});

t.test('a finished job is there for seven days, one that has not finished for as long as it takes', async (t) => {
  const { clock, runner, job, partner } = await start();
  const partnerId = await partner();
  const id = await job(partnerId);
  const week = 7 * 86_400_000;
  t.match(await findJob(pool, partnerId, id, clock.now + 10 * week), { status: 'queued' });
  await runner().turn();
  t.match(await findJob(pool, partnerId, id, clock.now + week - 1), { status: 'completed' });
  t.equal(await findJob(pool, partnerId, id, clock.now + week), undefined);
});
