import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { idsOf, poll, postEvent, uuidAt } from '../../helper/seed.ts';

const app = await startTestApp(t);
const partner = await app.addPartner();
const path = (id: string) => `/v1/events/${id}/acknowledge`;
const settle = (id: string, key = partner.key, body?: unknown) => app.request('PATCH', path(id), { key, body });

t.test('an acknowledgement is answered with the id, the status and the time', async (t) => {
  const id = await postEvent(app, partner.key);
  const before = Date.now();
  const { status, json } = await settle(id);
  t.equal(status, 200);
  t.same(Object.keys(json), ['event_id', 'status', 'acknowledged_at']);
  t.match(json, { event_id: id, status: 'acknowledged', acknowledged_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ });
  t.ok(Date.parse(json.acknowledged_at) >= before && Date.parse(json.acknowledged_at) <= Date.now());
});

t.test('an acknowledged event is never delivered again, and its neighbours are', async (t) => {
  const ids = [await postEvent(app, partner.key), await postEvent(app, partner.key), await postEvent(app, partner.key)];
  await settle(ids[1] as string);
  t.same(idsOf(await poll(app, partner)), [ids[0], ids[2]]);
});

t.test('acknowledging again succeeds, says already_acknowledged and keeps the first time', async (t) => {
  const id = await postEvent(app, partner.key);
  const first = await settle(id);
  app.clock.shiftMs = 60_000;
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  for (let again = 0; again < 2; again++) {
    const { status, json } = await settle(id);
    t.same(
      [status, json],
      [200, { event_id: id, status: 'acknowledged', acknowledged_at: first.json.acknowledged_at, already_acknowledged: true }],
    );
  }
});

t.test('of twenty acknowledgements of one event at once exactly one is not already_acknowledged, and all tell one time', async (t) => {
  const id = await postEvent(app, partner.key);
  const answers = await Promise.all(Array.from({ length: 20 }, () => settle(id)));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal(answers.filter(({ json }) => json.already_acknowledged === undefined).length, 1);
  t.equal(new Set(answers.map(({ json }) => json.acknowledged_at)).size, 1);
});

t.test('the body may be missing, empty, null or {}', async (t) => {
  for (const body of [undefined, '', 'null', '{}', ' { } ']) {
    const answer = await settle(await postEvent(app, partner.key), partner.key, body);
    t.match(answer, { status: 200, json: { status: 'acknowledged' } }, `${body}`);
  }
});

t.test('a member that the command does not know is 400 unknown_field, and nothing is acknowledged', async (t) => {
  const id = await postEvent(app, partner.key);
  for (const member of ['delaySeconds', 'event_id', '__proto__', 'constructor']) {
    const { json } = await settle(id, partner.key, `{"${member}":1}`);
    t.match(json, { status: 400, code: 'unknown_field', errors: [{ pointer: `/${member}`, code: 'unknown_field' }] }, member);
  }
  t.ok(idsOf(await poll(app, partner)).includes(id));
});

t.test('a body that is no object is 400 validation_failed', async (t) => {
  const id = await postEvent(app, partner.key);
  for (const body of ['[]', '1', '"x"', 'true'])
    t.match((await settle(id, partner.key, body)).json, { status: 400, code: 'validation_failed' }, body);
});

t.test("an unknown, malformed, expired or another partner's id gets the same answer, byte for byte", async (t) => {
  const other = await app.addPartner();
  const foreign = await postEvent(app, other.key);
  const foreignDone = await postEvent(app, other.key);
  await settle(foreignDone, other.key);
  const expired = await postEvent(app, partner.key);
  const unknown = `evt_${uuidAt(Date.now())}`;
  app.clock.shiftMs = 73 * 3_600_000;
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  const answerTo = async (id: string) => {
    const { status, headers, text } = await settle(id);
    const sameForAll = text.replace(/"instance":"[^"]*"/, '').replace(/"request_id":"[^"]*"/, '');
    return { status, body: sameForAll, type: headers.get('content-type') };
  };
  const expired404 = await answerTo(expired);
  app.clock.shiftMs = 0;
  const expected = await answerTo(unknown);
  t.match(expected, { status: 404, body: /"code":"event_not_found"/ });
  t.same(expired404, expected, 'expired');
  const malformed = [
    'evt_',
    'evt_x',
    unknown.slice(4),
    unknown.toUpperCase(),
    `${unknown}0`,
    unknown.replace('-7', '-4'),
    'x'.repeat(300),
    '%00',
    '..%2f',
    '%F0%9F%98%80',
  ];
  for (const id of [foreign, foreignDone, ...malformed]) t.same(await answerTo(id), expected, id.slice(0, 50));
  t.same(idsOf(await poll(app, other)), [foreign], "and the other's event is untouched");
});

t.test('an acknowledged event stays acknowledged when its producer repeats it', async (t) => {
  const id = await postEvent(app, partner.key, { idempotency_key: 'once' });
  await settle(id);
  t.equal(await postEvent(app, partner.key, { idempotency_key: 'once' }), id);
  t.notOk(idsOf(await poll(app, partner)).includes(id));
});
