import t from 'tap';
import { startServer } from '../../faults/server-process.ts';
import { request, startTestApp, testPepper } from '../../helper/app.ts';
import { idsUpTo, seedAcknowledged } from '../../helper/settled.ts';
import { until } from '../../helper/until.ts';

const events = 20_000;

t.test('kill -9 in the middle of a job: it goes on within seconds of the next start, and each event is moved once', async (t) => {
  // Only its database and its partner; it is closed before anything is asked of the process.
  const { app, db, databaseUrl, addPartner } = await startTestApp(t);
  const { id: partnerId, key } = await addPartner();
  await app.close();
  const ids = idsUpTo(events);
  for (let from = 0; from < events; from += 5_000) {
    const portion = ids.slice(from, from + 5_000).map((id) => ({ id }));
    await seedAcknowledged(db, partnerId, portion);
  }
  const server = await startServer({ databaseUrl, pepper: testPepper, env: { NODE_ENV: 'test' } });
  t.teardown(() => server.stop());
  const ask = (method: string, path: string, body?: unknown) => request(`http://127.0.0.1:${server.port}`, method, path, { key, body });

  const filter = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
  const { status, json } = await ask('POST', '/v1/events/replay', { filter });
  t.equal(status, 202);
  const moved = async () => Number((await db.query('SELECT moved FROM bulk_jobs')).rows[0].moved);
  await until('some are moved', async () => (await moved()) >= 1_000);
  await server.kill();
  await until('Postgres has seen the end of its connections', async () => {
    const text = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'triggers-api%'`;
    return (await db.query(text)).rowCount === 0;
  });
  const before = await moved();
  t.ok(before < events, `${before} of ${events} when it was killed`);
  t.equal((await db.query('SELECT FROM inbox')).rowCount, before, 'what was moved was noted, and nothing else was');

  await server.start();
  await until('it goes on', async () => (await moved()) > before, 5_000);
  const job = await until(
    'it is done',
    async () => {
      const answer = await ask('GET', `/v1/jobs/${json.job_id}`);
      return answer.json.finished_at !== null && answer.json;
    },
    60_000,
  );
  t.match(job, { kind: 'replay', status: 'completed', matched: events, moved: events });
  const { rows } = await db.query('SELECT count(*)::int, count(*) FILTER (WHERE replayed)::int AS replayed FROM inbox');
  t.same(rows, [{ count: events, replayed: events }]);
  t.equal((await db.query('SELECT FROM acknowledgements')).rowCount, 0);
});
