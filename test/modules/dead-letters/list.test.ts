import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { uuidAt } from '../../helper/seed.ts';
import { publicIds, seedDead } from '../../helper/settled.ts';

const app = await startTestApp(t);
const hour = 3_600_000;

t.afterEach(() => {
  app.clock.stoppedAtMs = undefined;
});

async function list({ key }: TestPartner, query = '') {
  const answer = await app.request('GET', `/v1/dead-letters${query}`, { key });
  if (answer.status !== 200) throw new Error(`a list was answered ${answer.status}: ${answer.text}`);
  return answer;
}
const idsOf = ({ json }: { json: { dead_letters: { event_id: string }[] } }) => json.dead_letters.map(({ event_id }) => event_id);

/** Dead letters whose events came in one order and died in another, two in a millisecond each; ids in the order in which the list must show them. */
async function seedShuffled(partner: TestPartner, count: number): Promise<string[]> {
  const now = Date.now();
  const letters = Array.from({ length: count }, (_, n) => ({ id: uuidAt(now - 1_000 - n), death: Math.floor(n / 2) }));
  for (const { id, death } of letters) await seedDead(app.db, partner.id, [{ id }], { deadAtMs: now - 500 + death });
  letters.sort((a, b) => b.death - a.death || (a.id < b.id ? 1 : -1));
  return publicIds(letters.map(({ id }) => id));
}

t.test('a dead letter is shown with the members of its event, why and when it died, and both of its clocks', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const at = Date.now() - 60_000;
  const id = uuidAt(at);
  const event = { id, type: 'order.created', payload: '{"n":1.0,"big":9007199254740993}', metadata: '{"source":"shop"}' };
  await seedDead(app.db, partner.id, [event], { detail: 'the "order"\nis unknown', deadAtMs: at + 30_000, deliveries: 3 });
  const answer = await list(partner);
  const [letter] = answer.json.dead_letters;
  t.match(letter, {
    event_id: `evt_${id}`,
    event_type: 'order.created',
    metadata: { source: 'shop' },
    received_at: new Date(at).toISOString(),
    expires_at: new Date(at + 30_000 + hour).toISOString(),
    delivery: { count: 3, replayed: false },
    reason: 'rejected',
    detail: 'the "order"\nis unknown',
    dead_lettered_at: new Date(at + 30_000).toISOString(),
    redrivable_until: new Date(at + hour).toISOString(),
  });
  t.match(answer.text, '"payload":{"n":1.0,"big":9007199254740993}', 'byte for byte');
  t.equal(answer.headers.get('cache-control'), 'no-store');
  const one = await app.request('GET', `/v1/dead-letters/evt_${id}`, { key: partner.key });
  t.equal(one.status, 200);
  t.same(one.json, letter);
  t.equal(one.headers.get('cache-control'), 'no-store');
});

t.test('an event that a worker rejects is a dead letter with its reason, and no longer in the inbox', async (t) => {
  const { key, ...partner } = await app.addPartner();
  const { json } = await app.request('POST', '/v1/events', { key, body: { event_type: 'a.b', payload: {} } });
  await app.request('PATCH', `/v1/events/${json.event_id}/reject`, { key, body: { reason: 'no such order' } });
  t.match((await list({ key, ...partner })).json.dead_letters, [{ event_id: json.event_id, reason: 'rejected', detail: 'no such order' }]);
  t.equal((await app.request('GET', '/v1/inbox', { key })).json.count, 0);
});

t.test('without dead letters the list is empty, and 200', async (t) => {
  t.same((await list(await app.addPartner())).json, { dead_letters: [], count: 0, has_more: false, next_cursor: null });
});

t.test('the newest dead letter comes first, whatever the order in which the events came; a walk shows each once', async (t) => {
  const partner = await app.addPartner();
  const expected = await seedShuffled(partner, 9);
  t.same(idsOf(await list(partner)), expected);
  for (const limit of [1, 2, 4, 9]) {
    const seen: string[] = [];
    let page = await list(partner, `?limit=${limit}`);
    for (;;) {
      seen.push(...idsOf(page));
      t.equal(page.json.count, idsOf(page).length);
      t.equal(page.json.has_more, page.json.next_cursor !== null);
      if (page.json.next_cursor === null) break;
      page = await list(partner, `?limit=${limit}&cursor=${page.json.next_cursor}`);
    }
    t.same(seen, expected, `limit ${limit}`);
  }
});

t.test('a dead letter that comes during a walk does not move the pages behind it', async (t) => {
  const partner = await app.addPartner();
  const expected = await seedShuffled(partner, 4);
  const { next_cursor } = (await list(partner, '?limit=2')).json;
  await seedDead(app.db, partner.id, [{ id: uuidAt(Date.now()) }]);
  t.same(idsOf(await list(partner, `?limit=2&cursor=${next_cursor}`)), expected.slice(2));
});

t.test('reason and event_type choose among the dead letters', async (t) => {
  const partner = await app.addPartner();
  const now = Date.now();
  const [a, b, c] = [uuidAt(now - 3), uuidAt(now - 2), uuidAt(now - 1)];
  await seedDead(app.db, partner.id, [{ id: a, type: 'order.created' }], { deadAtMs: now - 3 });
  await seedDead(app.db, partner.id, [{ id: b, type: 'order.paid' }], { deadAtMs: now - 2, reason: 'max_deliveries_exceeded' });
  await seedDead(app.db, partner.id, [{ id: c, type: 'customer.moved' }], { deadAtMs: now - 1 });
  const shown = async (query: string) => idsOf(await list(partner, query));
  t.same(await shown('?reason=rejected'), publicIds([c, a]));
  t.same(await shown('?reason=max_deliveries_exceeded'), publicIds([b]));
  t.same(await shown('?event_type=order.*'), publicIds([b, a]));
  t.same(await shown('?event_type=order.paid,customer.moved'), publicIds([c, b]));
  t.same(await shown('?event_type=order.*&reason=rejected'), publicIds([a]));
  t.same(await shown('?event_type=nothing.of.it'), []);
});

t.test('a page is cut at 4 MiB, however few that makes, and says that there are more', async (t) => {
  const partner = await app.addPartner();
  const now = Date.now();
  const payload = JSON.stringify({ text: 'x'.repeat(250_000) });
  const ids = Array.from({ length: 20 }, (_, n) => uuidAt(now - n));
  await seedDead(
    app.db,
    partner.id,
    ids.map((id) => ({ id, payload })),
  );
  const first = await list(partner, '?limit=500');
  t.ok(first.text.length <= 4 * 1024 * 1024, `${first.text.length} bytes`);
  t.equal(first.json.count, 16);
  t.equal(first.json.has_more, true);
  const second = await list(partner, `?limit=500&cursor=${first.json.next_cursor}`);
  t.equal(second.json.count, 4);
  t.equal(new Set([...idsOf(first), ...idsOf(second)]).size, 20);
});

t.test('a cursor that is not one of ours, of another partner, of the inbox or with other filters is refused', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  for (const each of [partner, other]) await seedShuffled(each, 3);
  const ask = async (query: string, { key } = partner) => (await app.request('GET', `/v1/dead-letters?${query}`, { key })).json.code;
  const { next_cursor: mine } = (await list(partner, '?limit=1&reason=rejected')).json;
  const { next_cursor: theirs } = (await list(other, '?limit=1&reason=rejected')).json;
  t.equal(await ask('cursor=abc'), 'invalid_cursor');
  t.equal(await ask(`reason=rejected&cursor=${theirs}`), 'invalid_cursor');
  t.equal(await ask(`cursor=${mine}`), 'invalid_cursor');
  t.equal(await ask(`reason=rejected&event_type=test.*&cursor=${mine}`), 'invalid_cursor');
  t.equal(await ask(`reason=rejected&limit=2&cursor=${mine}`), undefined, 'the limit may change');
  const inbox = await app.request('GET', `/v1/inbox?cursor=${mine}`, { key: partner.key });
  t.equal(inbox.json.code, 'invalid_cursor', 'nor does it walk the inbox');
});

t.test('parameters that are not valid are refused by name', async (t) => {
  const { key } = await app.addPartner();
  for (const [query, pointer] of [
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['reason=boredom', 'reason'],
    ['event_type=*', 'event_type'],
    ['status=dead', 'status'],
  ] as const) {
    const answer = await app.request('GET', `/v1/dead-letters?${query}`, { key });
    t.match(answer, { status: 400, json: { code: 'invalid_parameter' } }, query);
    t.equal(answer.json.errors[0].pointer, pointer);
  }
});

t.test('a dead letter is there until its own retention ends, to the millisecond, also when its event has expired', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const at = Date.now() - 50 * 60_000;
  const id = uuidAt(at);
  const deadAtMs = at + 40 * 60_000;
  await seedDead(app.db, partner.id, [{ id }], { deadAtMs });
  const seen = async () => [
    idsOf(await list(partner)).length,
    (await app.request('GET', `/v1/dead-letters/evt_${id}`, { key: partner.key })).status,
  ];
  app.clock.stoppedAtMs = deadAtMs + hour - 1;
  t.same(await seen(), [1, 200]);
  app.clock.stoppedAtMs = deadAtMs + hour;
  t.same(await seen(), [0, 404]);
  t.equal((await app.request('DELETE', `/v1/dead-letters/evt_${id}`, { key: partner.key })).status, 404);
});

t.test('a dead letter that expired under a shorter retention does not come back under a longer one', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const deadAtMs = Date.now() - hour - 1;
  await seedDead(app.db, partner.id, [{ id: uuidAt(deadAtMs) }], { deadAtMs });
  t.same(idsOf(await list(partner)), []);
  await app.request('PATCH', '/v1/account', { key: partner.key, body: { retention_hours: 24 } });
  t.same(idsOf(await list(partner)), []);
});

t.test('what is in the inbox, unknown or no id at all is no dead letter', async (t) => {
  const { key } = await app.addPartner();
  const { json } = await app.request('POST', '/v1/events', { key, body: { event_type: 'a.b', payload: {} } });
  for (const id of [json.event_id, `evt_${uuidAt(Date.now())}`, 'evt_x', 'redrive']) {
    for (const method of ['GET', 'DELETE'])
      t.match(await app.request(method, `/v1/dead-letters/${id}`, { key }), { status: 404, json: { code: 'event_not_found' } }, id);
  }
  t.equal((await app.request('GET', '/v1/inbox', { key })).json.count, 1, 'nothing was deleted');
});

t.test('deleting a dead letter deletes the event for good, once', async (t) => {
  const partner = await app.addPartner();
  const [id, kept] = [uuidAt(Date.now() - 1), uuidAt(Date.now())];
  await seedDead(app.db, partner.id, [{ id }, { id: kept }]);
  const path = `/v1/dead-letters/evt_${id}`;
  const answer = await app.request('DELETE', path, { key: partner.key });
  t.equal(answer.status, 200);
  t.same(answer.json, { event_id: `evt_${id}`, status: 'deleted' });
  for (const [method, gone] of [
    ['DELETE', path],
    ['GET', path],
    ['GET', `/v1/events/evt_${id}`],
    ['POST', `${path}/redrive`],
    ['POST', `/v1/events/evt_${id}/replay`],
    ['PATCH', `/v1/events/evt_${id}/acknowledge`],
  ] as const) {
    const again = await app.request(method, gone, { key: partner.key });
    t.match(again, { status: 404, json: { code: 'event_not_found' } }, `${method} ${gone}`);
  }
  t.same(idsOf(await list(partner)), publicIds([kept]));
  for (const table of ['events', 'inbox', 'acknowledgements', 'dead_letters'])
    t.equal((await app.db.query(`SELECT FROM ${table} WHERE id = $1`, [id])).rowCount, 0, table);
  t.match(await app.app.metrics.registry.metrics(), /^dead_letters_deleted_total\{version="[^"]*"\} 1$/m);
});

t.test("another partner's dead letter is answered as one that does not exist, and stays", async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const [id, unknown] = [uuidAt(Date.now()), uuidAt(Date.now())];
  await seedDead(app.db, other.id, [{ id }]);
  t.same(idsOf(await list(partner)), []);
  const answerTo = async (method: string, each: string) => {
    const { status, text } = await app.request(method, `/v1/dead-letters/evt_${each}`, { key: partner.key });
    return { status, text: text.replaceAll(each, '<id>').replace(/"request_id":"[^"]*"/, '') };
  };
  for (const method of ['GET', 'DELETE']) {
    const none = await answerTo(method, unknown);
    t.equal(none.status, 404);
    t.same(await answerTo(method, id), none);
  }
  t.same(idsOf(await list(other)), publicIds([id]));
});
