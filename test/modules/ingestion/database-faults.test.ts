import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { lockWait } from '../../helper/lock-wait.ts';
import { isProblem } from './problems.ts';

const { request, addPartner, db, logs } = await startTestApp(t);
const event = (payload: object = {}) => ({ event_type: 'order.created', payload });
const post = (key: string, body: unknown = event(), headers: Record<string, string> = {}) =>
  request('POST', '/v1/events', { key, body, headers });
const batch = (key: string, body: unknown[]) => request('POST', '/v1/events/batch', { key, body });
const payloadsOf = async (key: string) =>
  (await request('GET', '/v1/inbox?limit=500', { key })).json.events.map((each: { payload: object }) => each.payload);

/**
 * Real errors of the real database: events whose payload holds `"fault":"<SQLSTATE>"` raise it, as often as `times` says (a sequence counts,
 * because a rollback does not undo it).
 */
await db.query(`
  CREATE SEQUENCE faults;
  CREATE TABLE fault_times (times bigint);
  INSERT INTO fault_times VALUES (0);
  CREATE FUNCTION raise_fault() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE state text := substring(NEW.payload FROM '"fault":"([0-9A-Z]{5})"');
  BEGIN
    IF state IS NOT NULL AND nextval('faults') <= (SELECT times FROM fault_times) THEN
      RAISE EXCEPTION 'secret words of the database' USING ERRCODE = state, DETAIL = NEW.payload;
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER raise_fault BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION raise_fault()`);
const raise = (times: number) => db.query(`UPDATE fault_times SET times = ${times}; ALTER SEQUENCE faults RESTART`);
const always = 1_000_000;

t.test('a deadlock, a serialization failure, a shutdown, a lack of resources: tried again, and the partner does not notice', async (t) => {
  const { key } = await addPartner();
  for (const state of ['40P01', '40001', '57P01', '53200', '55P03']) {
    await raise(2);
    const answer = await post(key, event({ fault: state }));
    t.equal(answer.status, 200, `${state}: ${answer.text}`);
    const { rows } = await db.query('SELECT last_value::int AS calls FROM faults');
    t.equal(rows[0].calls, 3, `${state}: two attempts failed and the third was stored`);
  }
  t.equal((await payloadsOf(key)).length, 5, 'each once');
});

t.test('also for a batch that goes by COPY', async (t) => {
  const { key } = await addPartner();
  await raise(1);
  const { json } = await batch(
    key,
    Array.from({ length: 80 }, (_, n) => event({ n, fault: '40P01' })),
  );
  t.match(json, { accepted: 80, failed: 0 });
  t.equal((await payloadsOf(key)).length, 80);
});

t.test('a value that passes validation and fails in Postgres is split out: its neighbours are stored', async (t) => {
  for (const state of ['22P05', '22008', '23514']) {
    for (const count of [3, 100]) {
      const { key } = await addPartner();
      await raise(always);
      const items = Array.from({ length: count }, (_, n) => event(n === 1 ? { n, fault: state } : { n }));
      const { status, json, text } = await batch(key, items);
      t.equal(status, 207);
      t.match(json, { accepted: count - 1, failed: 1 });
      t.match(json.results[1], { index: 1, status: 'failed', error: { code: 'validation_failed', retryable: false } });
      t.notMatch(text, /secret|fault/);
      const stored = await payloadsOf(key);
      t.same(
        stored,
        items.filter((_, n) => n !== 1).map(({ payload }) => payload),
        `${state} among ${count}`,
      );
    }
  }
});

t.test('also among the requests of several partners, with and without keys', async (t) => {
  const partners = [await addPartner(), await addPartner(), await addPartner()];
  await raise(always);
  const answers = await Promise.all(
    partners.flatMap(({ key }, partner) =>
      Array.from({ length: 20 }, (_, n) => {
        const poison = partner === 1 && n % 10 === 0;
        return post(key, event(poison ? { n, fault: '22P02' } : { n }), n % 2 === 0 ? { 'idempotency-key': `k${n}` } : {}).then(
          (answer) => ({ poison, answer }),
        );
      }),
    ),
  );
  for (const { poison, answer } of answers) {
    if (poison) isProblem(t, answer, 400, 'validation_failed');
    else t.equal(answer.status, 200, answer.text);
  }
  for (const [index, { key }] of partners.entries()) t.equal((await payloadsOf(key)).length, index === 1 ? 18 : 20);
});

t.test('an error of ours is 500, says nothing of the database, and is not remembered for the key', async (t) => {
  const { key } = await addPartner();
  await raise(1);
  const first = await post(key, event({ fault: 'XX000' }), { 'idempotency-key': 'k' });
  isProblem(t, first, 500, 'internal');
  t.equal(first.json.retryable, true);
  t.notMatch(first.text, /secret|XX000/);
  const retried = await post(key, event({ fault: 'XX000' }), { 'idempotency-key': 'k' });
  t.match(retried.json, { status: 'accepted', duplicate: false });
  t.equal((await payloadsOf(key)).length, 1);
});

t.test('a database that stays away is 503 with Retry-After within seconds, and the retry with the key lands once', async (t) => {
  const { key } = await addPartner();
  await raise(always);
  const begin = performance.now();
  const first = await post(key, event({ fault: '57P03' }), { 'idempotency-key': 'k' });
  t.ok(performance.now() - begin < 6_000);
  isProblem(t, first, 503, 'unavailable');
  t.equal(first.headers.get('retry-after'), '1');
  t.notMatch(first.text, /secret/);
  await raise(0);
  const retried = await post(key, event({ fault: '57P03' }), { 'idempotency-key': 'k' });
  t.match(retried.json, { status: 'accepted', duplicate: false });
  t.match((await post(key, event({ fault: '57P03' }), { 'idempotency-key': 'k' })).json, {
    duplicate: true,
    event_id: retried.json.event_id,
  });
});

t.test('a statement that takes too long is ended and answered 503', async (t) => {
  const { key } = await addPartner();
  await db.query(`CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
    CREATE TRIGGER linger BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION linger()`);
  const answer = await post(key);
  await db.query('DROP TRIGGER linger ON inbox');
  isProblem(t, answer, 503, 'unavailable');
  t.equal(answer.headers.get('retry-after'), '1');
  t.equal((await post(key)).status, 200, 'and afterwards all is well');
  t.equal((await payloadsOf(key)).length, 1);
});

t.test('a lock that another holds for a while is waited for, and the event is stored', async (t) => {
  const { key } = await addPartner();
  await db.query('BEGIN; LOCK TABLE events IN SHARE MODE');
  const answer = post(key);
  await lockWait(db);
  await db.query('COMMIT');
  t.equal((await answer).status, 200);
});

t.test('a missing partition heals itself: the day’s tables are made and the event is stored', async (t) => {
  const { key } = await addPartner();
  const { rows } = await db.query(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent IN ('events'::regclass, 'acknowledgements'::regclass)`,
  );
  await db.query(`DROP TABLE ${rows.map(({ name }) => name).join(', ')}`);
  const answers = await Promise.all([
    post(key),
    post(key, event(), { 'idempotency-key': 'k' }),
    batch(
      key,
      Array.from({ length: 80 }, () => event()),
    ),
  ]);
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200],
    answers.map(({ text }) => text.slice(0, 200)).join('\n'),
  );
  t.equal(answers[2].json.accepted, 80);
  t.equal((await payloadsOf(key)).length, 82);
});

t.test(
  'a missing partition that cannot be made is our failure: 503, also for an item of a batch, and its cause is logged once a request',
  async (t) => {
    const { key } = await addPartner();
    await db.query(`ALTER FUNCTION ensure_partitions RENAME TO ensure_partitions_kept`);
    await db.query(`CREATE FUNCTION ensure_partitions(timestamptz, integer) RETURNS integer LANGUAGE sql AS 'SELECT 0'`);
    await db.query(`GRANT EXECUTE ON FUNCTION ensure_partitions TO triggers_app`);
    const { rows } = await db.query(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass`);
    await db.query(`DROP TABLE ${rows.map(({ name }) => name).join(', ')}`);
    const [single, several] = await Promise.all([post(key), batch(key, [event(), event(), event()])]);
    await db.query(`DROP FUNCTION ensure_partitions; ALTER FUNCTION ensure_partitions_kept RENAME TO ensure_partitions`);
    isProblem(t, single, 503, 'unavailable');
    t.equal(single.headers.get('retry-after'), '1');
    t.match(several.json, { accepted: 0, failed: 3 });
    for (const { error } of several.json.results) t.match(error, { code: 'unavailable', retryable: true });
    const logged = logs.filter((line) => line.includes(`"request_id":"${several.headers.get('x-request-id')}"`));
    t.equal(logged.length, 1);
    t.match(JSON.parse(logged[0] as string), {
      level: 50,
      code: 'unavailable',
      operation: 'postEventsBatch',
      err: { code: '23514', severity: 'ERROR' },
    });
    t.equal((await post(key)).status, 200, 'and it heals as soon as they can be made');
  },
);
