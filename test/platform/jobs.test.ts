import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import t, { type Test } from 'tap';
import { type Job, startJobs } from '../../src/platform/jobs.ts';
import { migrate } from '../../src/platform/migrations.ts';
import { createTestDatabase } from '../helper/database.ts';
import { until } from '../helper/until.ts';

/** A queue seen from outside, in place of the clock that would give a beat each minute. */
async function start(t: Test) {
  const databaseUrl = await createTestDatabase(t);
  const errors: { error: unknown; job: string | undefined }[] = [];
  const replica = async (jobs: Job[]) => {
    const started = await startJobs({ databaseUrl, jobs, pollSeconds: 0.5, onError: (error, job) => void errors.push({ error, job }) });
    t.teardown(() => started.stop());
    return started;
  };
  const queue = new PgBoss({ connectionString: databaseUrl, supervise: false, schedule: false, max: 1 });
  queue.on('error', () => {}); // its database is dropped under it at the end
  const open = async () => {
    await queue.start();
    t.teardown(() => queue.stop({ graceful: false }));
    return queue;
  };
  return { databaseUrl, errors, replica, open };
}

t.test('of two replicas exactly one runs each beat, and never two at once', async (t) => {
  const { errors, replica, open } = await start(t);
  const runs: [number, number] = [0, 0];
  let running = 0;
  let most = 0;
  const job = (index: 0 | 1): Job => ({
    name: 'beat',
    schedule: '0 0 1 1 *',
    async run() {
      runs[index] += 1;
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
    },
  });
  await Promise.all([replica([job(0)]), replica([job(1)])]);
  const queue = await open();
  for (let beat = 1; beat <= 4; beat++) {
    const id = await until('the beat before has ended', () => queue.send('beat', {}));
    await until('the beat has run', async () => (await queue.findJobs('beat', { id }))[0]?.state === 'completed');
    t.equal(runs[0] + runs[1], beat);
  }
  t.equal(most, 1);
  t.same(errors, []);
});

t.test('a beat that comes while the job still runs is dropped: a job never overlaps with itself', async (t) => {
  const { replica, open } = await start(t);
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  let runs = 0;
  await replica([
    {
      name: 'slow',
      schedule: '0 0 1 1 *',
      async run() {
        runs += 1;
        begun.resolve();
        await finish.promise;
      },
    },
  ]);
  const queue = await open();
  const id = (await queue.send('slow', {})) as string;
  await begun.promise;
  t.equal(await queue.send('slow', {}), null);
  finish.resolve();
  await until('it has ended', async () => (await queue.findJobs('slow', { id }))[0]?.state === 'completed');
  t.equal(runs, 1);
});

t.test('a job that fails is reported by name and tried again', async (t) => {
  const { errors, replica, open } = await start(t);
  const failure = new Error('planned');
  let runs = 0;
  await replica([
    {
      name: 'fragile',
      schedule: '0 0 1 1 *',
      async run() {
        runs += 1;
        if (runs === 1) throw failure;
      },
    },
  ]);
  const queue = await open();
  const id = (await queue.send('fragile', {})) as string;
  await until('it has succeeded', async () => (await queue.findJobs('fragile', { id }))[0]?.state === 'completed', 30_000);
  t.equal(runs, 2);
  t.same(errors, [{ error: failure, job: 'fragile' }]);
});

t.test('every job is scheduled once, by its cron, however many replicas start', async (t) => {
  const { replica, open } = await start(t);
  const jobs = [
    { name: 'hourly', schedule: '7 * * * *', run: async () => {} },
    { name: 'minutely', schedule: '* * * * *', run: async () => {} },
  ];
  for (let index = 0; index < 3; index++) await replica(jobs);
  const queue = await open();
  t.same((await queue.getSchedules()).map(({ name, cron }) => [name, cron]).sort(), [
    ['hourly', '7 * * * *'],
    ['minutely', '* * * * *'],
  ]);
});

t.test('the tables of the queue come with the migrations: without them the jobs do not start, and make none', async (t) => {
  const { databaseUrl, replica } = await start(t);
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  t.teardown(() => db.end());
  const tables = async () => (await db.query(`SELECT count(*)::int FROM pg_tables WHERE schemaname = 'pgboss'`)).rows[0].count;
  t.ok((await tables()) > 0);
  await db.query('DROP SCHEMA pgboss CASCADE');
  await t.rejects(replica([]), /pg-boss is not installed/);
  t.equal(await tables(), 0);
  await Promise.all([migrate(databaseUrl), migrate(databaseUrl)]);
  t.ok((await tables()) > 0, 'and two migrations at once agree about them');
  await (await replica([])).stop();
});

t.test('stop lets a running job end', async (t) => {
  const { replica, open } = await start(t);
  const begun = Promise.withResolvers<void>();
  let ended = false;
  const jobs = await replica([
    {
      name: 'running',
      schedule: '0 0 1 1 *',
      async run() {
        begun.resolve();
        for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
        ended = true;
      },
    },
  ]);
  await (await open()).send('running', {});
  await begun.promise;
  await jobs.stop();
  t.equal(ended, true);
});

/** A job that ends when it is told to, and no sooner. */
function patient(work: (signal: AbortSignal | undefined) => Promise<void>) {
  const begun = Promise.withResolvers<void>();
  const job: Job = {
    name: 'patient',
    schedule: '0 0 1 1 *',
    run(signal) {
      begun.resolve();
      return work(signal);
    },
  };
  return { job, begun: begun.promise };
}

t.test('a running job is told at once that the process ends, and gets the time that it is given', async (t) => {
  const { errors, replica, open } = await start(t);
  let told = 0;
  let ended = false;
  const { job, begun } = patient(async (signal) => {
    if (signal && !signal.aborted) await once(signal, 'abort');
    told = performance.now();
    // Longer than the queue waits by itself: the last answer of a slow mail server.
    await delay(2_500);
    ended = true;
  });
  const jobs = await replica([job]);
  const queue = await open();
  const id = (await queue.send('patient', {})) as string;
  await begun;
  const asked = performance.now();
  await jobs.stop(20_000);
  t.equal(ended, true);
  t.ok(told - asked < 1_000);
  t.equal((await queue.findJobs('patient', { id }))[0]?.state, 'completed');
  t.same(errors, []);
});

t.test('a job that does not end keeps nobody longer than that, and is tried again', async (t) => {
  const { replica, open } = await start(t);
  const released = Promise.withResolvers<void>();
  const { job, begun } = patient(() => released.promise);
  const jobs = await replica([job]);
  const queue = await open();
  const id = (await queue.send('patient', {})) as string;
  await begun;
  await jobs.stop(1_000);
  t.equal((await queue.findJobs('patient', { id }))[0]?.state, 'retry');
  released.resolve();
});
