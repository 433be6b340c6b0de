import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent, seedMany, uuidAt } from '../../helper/seed.ts';

const app = await startTestApp(t);
const unknownId = () => `evt_${uuidAt(Date.now())}`;
const post = (key: string, body: unknown) => app.request('POST', '/v1/events/acknowledge', { key, body });

t.test('when every event is acknowledged the answer is 200, with a result for each in the order of the request', async (t) => {
  const partner = await app.addPartner();
  const ids = (await seedMany(app.db, partner.id, 10)).toReversed();
  const { status, json } = await acknowledge(app, partner, ids);
  t.equal(status, 200);
  t.match(json, { acknowledged: 10, already_acknowledged: 0, failed: 0 });
  t.same(
    json.results.map(({ index, event_id, status }: Record<string, unknown>) => [index, event_id, status]),
    ids.map((id, index) => [index, id, 'acknowledged']),
  );
  t.equal((await poll(app, partner)).json.count, 0);
});

t.test('when any failed the answer is 207, and its neighbours are acknowledged all the same', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const [first, second] = await seedMany(app.db, partner.id, 2);
  const foreign = await postEvent(app, other.key);
  const done = await postEvent(app, partner.key);
  const before = await app.request('PATCH', `/v1/events/${done}/acknowledge`, { key: partner.key });
  const ids = [first as string, unknownId(), done, 'not an id', foreign, second as string];
  const { status, json } = await acknowledge(app, partner, ids);
  t.equal(status, 207);
  t.match(json, { acknowledged: 2, already_acknowledged: 1, failed: 3 });
  const error = { code: 'event_not_found', detail: String, retryable: false };
  t.match(json.results, [
    { index: 0, event_id: ids[0], status: 'acknowledged', acknowledged_at: String },
    { index: 1, event_id: ids[1], status: 'failed', error },
    { index: 2, event_id: done, status: 'acknowledged', already_acknowledged: true, acknowledged_at: before.json.acknowledged_at },
    { index: 3, event_id: 'not an id', status: 'failed', error },
    { index: 4, event_id: foreign, status: 'failed', error },
    { index: 5, event_id: ids[5], status: 'acknowledged', acknowledged_at: String },
  ]);
  t.same(json.results[1].error, json.results[4].error, "another partner's event is like one that does not exist");
  t.same(idsOf(await poll(app, other)), [foreign]);
  t.equal((await poll(app, partner)).json.count, 0);
});

t.test('repeating a batch succeeds, and every time told is the first', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 5);
  const times = async () => (await acknowledge(app, partner, ids)).json;
  const first = await times();
  const again = await times();
  t.match(again, { acknowledged: 0, already_acknowledged: 5, failed: 0 });
  const told = ({ results }: { results: { acknowledged_at: string }[] }) => results.map(({ acknowledged_at }) => acknowledged_at);
  t.same(told(again), told(first));
});

t.test('500 events are taken and 501 are 400 batch_too_many', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 501);
  t.match((await acknowledge(app, partner, ids)).json, { status: 400, code: 'batch_too_many' });
  t.equal((await poll(app, partner)).json.has_more, true, 'and nothing was acknowledged');
  t.match((await acknowledge(app, partner, ids.slice(0, 500))).json, { acknowledged: 500, failed: 0 });
  t.same(idsOf(await poll(app, partner)), [ids[500]]);
});

t.test('an empty list is 400 empty_batch', async (t) => {
  const partner = await app.addPartner();
  t.match((await acknowledge(app, partner, [])).json, { status: 400, code: 'empty_batch' });
});

t.test('an event named twice is 400 duplicate_event_in_request, says where, and nothing is acknowledged', async (t) => {
  const partner = await app.addPartner();
  const [one, two] = (await seedMany(app.db, partner.id, 2)) as [string, string];
  const { json } = await acknowledge(app, partner, [one, two, one]);
  t.match(json, { status: 400, code: 'duplicate_event_in_request', errors: [{ pointer: '/event_ids/2' }] });
  t.equal((await poll(app, partner)).json.count, 2);
});

t.test('a member that the command does not know is 400 unknown_field', async (t) => {
  const partner = await app.addPartner();
  const [id] = await seedMany(app.db, partner.id, 1);
  for (const member of ['lease_tokens', 'eventIds', '__proto__']) {
    const { json } = await post(partner.key, `{"event_ids":["${id}"],"${member}":[]}`);
    t.match(json, { status: 400, code: 'unknown_field', errors: [{ pointer: `/${member}` }] }, member);
  }
  t.equal((await poll(app, partner)).json.count, 1);
});

t.test('a body of another shape is 400 and names what is wrong', async (t) => {
  const { key } = await app.addPartner();
  const wrong: [unknown, string][] = [
    [undefined, 'validation_failed'],
    ['{}', 'validation_failed'],
    ['[]', 'validation_failed'],
    ['{"event_ids":"evt_1"}', 'validation_failed'],
    ['{"event_ids":[1]}', 'validation_failed'],
    ['{"event_ids":[null]}', 'validation_failed'],
    ['{"event_ids":', 'invalid_json'],
  ];
  for (const [body, code] of wrong) t.match((await post(key, body)).json, { status: 400, code }, `${body}`);
  t.match((await post(key, '{"event_ids":["a",1]}')).json.errors, [{ pointer: '/event_ids/1', code: 'type' }]);
});

t.test('an event acknowledged in two batches at once is new in exactly one of them', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 100);
  const answers = await Promise.all([
    acknowledge(app, partner, ids),
    acknowledge(app, partner, ids.toReversed()),
    acknowledge(app, partner, ids),
  ]);
  t.equal(
    answers.reduce((sum, { json }) => sum + json.acknowledged, 0),
    100,
  );
  t.equal(
    answers.reduce((sum, { json }) => sum + json.already_acknowledged, 0),
    200,
  );
});

t.test('what failed by our fault leaves its cause in the log, once a request, and may be sent again', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 3);
  await app.db.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''planned'' USING ERRCODE = ''XX000''; END';
    CREATE TRIGGER fail BEFORE DELETE ON inbox FOR EACH ROW EXECUTE FUNCTION fail()`);
  const { status, headers, json } = await acknowledge(app, partner, ids);
  await app.db.query('DROP TRIGGER fail ON inbox');
  t.equal(status, 207);
  for (const { error } of json.results) t.match(error, { code: 'internal', retryable: true });
  const logged = app.logs.filter((line) => line.includes(`"request_id":"${headers.get('x-request-id')}"`));
  t.equal(logged.length, 1);
  t.match(JSON.parse(logged[0] as string), {
    level: 50,
    code: 'internal',
    operation: 'acknowledgeEvents',
    err: { message: 'Postgres: SQLSTATE XX000' },
  });
  t.match((await acknowledge(app, partner, ids)).json, { acknowledged: 3 });
});
