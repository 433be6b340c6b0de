import t from 'tap';
import { createJob } from '../../../src/modules/replay/job-store.ts';
import { replaySelection } from '../../../src/modules/replay/selection.ts';
import { untilSafetyPoll } from '../../../src/pipeline/waits.ts';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { idsOf, poll, uuidAt } from '../../helper/seed.ts';
import { idsUpTo, publicIds, seedAcknowledged, seedDead } from '../../helper/settled.ts';
import { until } from '../../helper/until.ts';

const app = await startTestApp(t);

t.afterEach(async () => {
  await app.db.query('DELETE FROM bulk_jobs');
  app.clock.stoppedAtMs = undefined;
  app.clock.shiftMs = 0;
});

const redrive = ({ key }: TestPartner, body: unknown) => app.request('POST', '/v1/dead-letters/redrive', { key, body });
const replay = ({ key }: TestPartner, body: unknown) => app.request('POST', '/v1/events/replay', { key, body });
const jobOf = ({ key }: TestPartner, id: string) => app.request('GET', `/v1/jobs/${id}`, { key });
const wide = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
const listed = (ids: string[]) => ids.map((id) => ({ id }));

function ended(partner: TestPartner, id: string) {
  return until(`${id} has ended`, async () => {
    const { json } = await jobOf(partner, id);
    return json.finished_at !== null && json;
  });
}

/** A job that has moved one event and waits for its next second for as long as the clock stands: nobody moves anything meanwhile. */
async function startStuckJob(partner: TestPartner): Promise<string> {
  const now = app.clock.stoppedAtMs as number;
  await seedDead(app.db, partner.id, listed(idsUpTo(2, now)), { deadAtMs: now });
  const answer = await redrive(partner, { filter: {}, max_per_second: 1 });
  if (answer.status !== 202) throw new Error(answer.text);
  const { job_id } = answer.json;
  await until('its first portion is moved', async () => (await jobOf(partner, job_id)).json.moved === 1);
  return job_id;
}

t.test('501 matches are a job, which says how far it is, ends, and has moved them all in their order', async (t) => {
  const partner = await app.addPartner();
  const ids = idsUpTo(1_201);
  await seedAcknowledged(app.db, partner.id, listed(ids));
  const answer = await replay(partner, { filter: wide });
  t.equal(answer.status, 202);
  const { job_id } = answer.json;
  t.match(job_id, /^job_[0-9a-f-]{36}$/);
  t.same(answer.json, { job_id, status: 'queued', matched: 1_201 });
  const job = await ended(partner, job_id);
  t.match(job, { job_id, kind: 'replay', status: 'completed', matched: 1_201, moved: 1_201 });
  t.ok(job.created_at <= job.started_at && job.started_at <= job.finished_at);
  const seen = [await poll(app, partner, 'limit=500')];
  while (seen.at(-1)?.json.next_cursor) seen.push(await poll(app, partner, `limit=500&cursor=${seen.at(-1)?.json.next_cursor}`));
  t.same(seen.flatMap(idsOf), publicIds(ids));
  t.match(await replay(partner, { filter: wide }), { status: 200, json: { matched: 0, moved: 0 } }, 'there is nothing left to do');
});

t.test('a redrive of more than 500 dead letters is a job too', async (t) => {
  const partner = await app.addPartner();
  await seedDead(app.db, partner.id, listed(idsUpTo(501)));
  t.same((await redrive(partner, { filter: {}, dry_run: true })).json, { matched: 501, dry_run: true });
  const answer = await redrive(partner, { filter: {} });
  t.match(answer, { status: 202, json: { matched: 501 } });
  t.match(await ended(partner, answer.json.job_id), { kind: 'redrive', status: 'completed', moved: 501 });
  t.equal((await app.db.query('SELECT FROM inbox WHERE partner_id = $1', [partner.id])).rowCount, 501);
});

t.test('more matches than max_per_second are a job that keeps to it; as many are moved at once', async (t) => {
  const partner = await app.addPartner();
  const ids = idsUpTo(5);
  await seedDead(app.db, partner.id, listed(ids));
  const named = publicIds(ids.slice(0, 2));
  t.match(await redrive(partner, { event_ids: named, max_per_second: 2 }), { status: 200, json: { matched: 2, moved: 2 } });
  const answer = await redrive(partner, { event_ids: [...publicIds(ids), 'evt_x'], max_per_second: 2 });
  t.match(answer, { status: 202, json: { status: 'queued', matched: 3 } });
  await until('the first portion is moved', async () => (await jobOf(partner, answer.json.job_id)).json.moved === 2);
  // The second that the next one must wait passes at once.
  app.clock.shiftMs += 1_000;
  t.match(await ended(partner, answer.json.job_id), { kind: 'redrive', matched: 3, moved: 3, status: 'completed' });
  app.clock.shiftMs = 0;
});

t.test('a partner has one unfinished job: another is refused with its id, and what is done at once is not', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  app.clock.stoppedAtMs = Date.now();
  const id = await startStuckJob(partner);
  await seedAcknowledged(app.db, partner.id, listed(idsUpTo(501, app.clock.stoppedAtMs - 10)), app.clock.stoppedAtMs - 10);
  for (const answer of [await replay(partner, { filter: wide }), await replay(partner, { filter: wide, limit: 2, max_per_second: 1 })])
    t.match(answer, { status: 409, json: { code: 'job_in_progress', job_id: id, retryable: false } });
  t.match(await replay(partner, { filter: wide, limit: 3 }), { status: 200, json: { moved: 3 } });
  t.match(await replay(partner, { filter: wide, dry_run: true }), { status: 200, json: { matched: 498 } });
  const theirs = await startStuckJob(other);
  app.clock.stoppedAtMs = undefined;
  app.clock.shiftMs += 1_000;
  await ended(partner, id);
  await ended(other, theirs);
  app.clock.shiftMs = 0;
  await seedAcknowledged(app.db, partner.id, listed(idsUpTo(501)));
  const next = await replay(partner, { filter: wide });
  t.equal(next.status, 202, 'after its end there is room for another');
  await ended(partner, next.json.job_id);
});

t.test('of ten jobs that are asked for at once one is taken', async (t) => {
  const partner = await app.addPartner();
  app.clock.stoppedAtMs = Date.now();
  await seedDead(app.db, partner.id, listed(idsUpTo(10, app.clock.stoppedAtMs)), { deadAtMs: app.clock.stoppedAtMs });
  const answers = await Promise.all(Array.from({ length: 10 }, () => redrive(partner, { filter: {}, max_per_second: 1 })));
  const [taken, ...more] = answers.filter(({ status }) => status === 202);
  t.same(more, []);
  for (const { status, json } of answers) t.ok(status === 202 || (status === 409 && json.job_id === taken?.json.job_id));
  app.clock.stoppedAtMs = undefined;
});

t.test('a job is its partner’s own; another’s, an unknown one and what is no id are answered alike', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  app.clock.stoppedAtMs = Date.now();
  const id = await startStuckJob(partner);
  t.equal((await jobOf(partner, id)).status, 200);
  const unknown = `job_${uuidAt(Date.now())}`;
  const textOf = async (each: string) => (await jobOf(other, each)).text.replaceAll(each, '<id>').replace(/"request_id":"[^"]*"/, '');
  const none = await textOf(unknown);
  t.match(none, '"status":404');
  t.match(none, '"code":"job_not_found"');
  for (const each of [id, 'job_x', id.slice(4), `evt_${id.slice(4)}`]) t.equal(await textOf(each), none);
  app.clock.stoppedAtMs = undefined;
});

t.test('counting ends at 100,000 matches, and says so', async (t) => {
  const partner = await app.addPartner();
  // Straight into the tables: the ids need be no more than different and in order.
  await app.db.query(
    `WITH made AS (
       SELECT (substr(uuid_floor($2::timestamptz)::text, 1, 24) || lpad(to_hex(n), 12, '0'))::uuid AS id FROM generate_series(1, 100001) AS n
     ), stored AS (
       INSERT INTO events (partner_id, id, event_type, attributes, payload) SELECT $1, id, 'a.b', '"payload":', '{}' FROM made
     )
     INSERT INTO acknowledgements (partner_id, id, acknowledged_at) SELECT $1, id, $2 FROM made`,
    [partner.id, new Date().toISOString()],
  );
  const { status, json } = await replay(partner, { filter: wide, dry_run: true });
  t.equal(status, 200);
  // On a machine that is slow or busy the second ends before.
  t.ok(json.matched_at_least === true && json.matched > 0 && json.matched <= 100_000, JSON.stringify(json));
  t.match(await replay(partner, { filter: wide, limit: 700, dry_run: true }), { json: { matched: 700, matched_at_least: undefined } });
});

t.test('what a job moves wakes who waits for it', async (t) => {
  const partner = await app.addPartner();
  await seedAcknowledged(app.db, partner.id, listed(idsUpTo(501)));
  await until('the safety poll is not near', () => untilSafetyPoll(partner.id) > 5_000);
  const safetyPoll = performance.now() + untilSafetyPoll(partner.id);
  const waiting = poll(app, partner, 'wait=30&limit=1');
  const { json } = await replay(partner, { filter: wide });
  t.equal((await waiting).json.count, 1);
  t.ok(performance.now() < safetyPoll, 'sooner than by a look of its own');
  await ended(partner, json.job_id);
});

t.test('jobs that have not finished are a metric', async (t) => {
  const gauge = async () => Number(/^bulk_jobs_unfinished\{version="[^"]*"\} (\d+)$/m.exec(await app.app.metrics.registry.metrics())?.[1]);
  t.equal(await gauge(), 0);
  app.clock.stoppedAtMs = Date.now();
  const partner = await app.addPartner();
  const id = await startStuckJob(partner);
  t.equal(await gauge(), 1);
  app.clock.stoppedAtMs += 2_000;
  await ended(partner, id);
  t.equal(await gauge(), 0);
});

t.test('an application that closes ends its turn, and the next one goes on', async (t) => {
  const first = await startTestApp(t);
  const partner = await first.addPartner();
  const ids = idsUpTo(5_000);
  await seedAcknowledged(first.db, partner.id, listed(ids));
  const answer = await first.request('POST', '/v1/events/replay', { key: partner.key, body: { filter: wide } });
  t.equal(answer.status, 202);
  await first.app.close();
  const before = Number((await first.db.query('SELECT moved FROM bulk_jobs')).rows[0].moved);
  t.ok(before < 5_000, 'it was not done');
  t.equal(before, (await first.db.query('SELECT FROM inbox')).rowCount, 'what was moved was noted');
  const second = await startTestApp(t, { databaseUrl: first.databaseUrl });
  const path = `/v1/jobs/${answer.json.job_id}`;
  await until(
    'the other one has done it',
    async () => (await second.request('GET', path, { key: partner.key })).json.status === 'completed',
  );
  t.match((await second.request('GET', path, { key: partner.key })).json, { matched: 5_000, moved: 5_000 });
  t.equal((await second.db.query('SELECT FROM inbox')).rowCount, 5_000);
});

t.test('a job that another process has created is found within a few seconds', async (t) => {
  const partner = await app.addPartner();
  await seedAcknowledged(app.db, partner.id, listed(idsUpTo(3)));
  const now = Date.now();
  const selection = replaySelection({ filter: { ...wide, status: 'acknowledged' }, dry_run: false }, now);
  const id = uuidAt(now);
  await createJob(app.app.pools.read, {
    partnerId: partner.id,
    id,
    kind: 'replay',
    selection,
    maxPerSecond: null,
    matched: 3,
    countedAll: true,
    now,
  });
  const begun = performance.now();
  t.match(await ended(partner, `job_${id}`), { moved: 3 });
  t.ok(performance.now() - begun < 5_000);
});
