import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent, seedMany, walk } from '../../helper/seed.ts';

const app = await startTestApp(t);

const firstCursor = async (partner: TestPartner, query = 'limit=2'): Promise<string> => (await poll(app, partner, query)).json.next_cursor;
const answerTo = (partner: TestPartner, cursor: string, query = 'limit=2') =>
  app.request('GET', `/v1/inbox?${query}&cursor=${encodeURIComponent(cursor)}`, { key: partner.key });

t.test('a cursor walks one pass: every event once, in order, whatever the page size', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 23);
  for (const limit of [1, 5, 22, 23, 24]) t.same((await walk(app, partner, `limit=${limit}`)).flatMap(idsOf), ids, `limit ${limit}`);
});

t.test('the limit may change from page to page', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 10);
  const cursor = await firstCursor(partner, 'limit=3');
  t.same(idsOf((await answerTo(partner, cursor, 'limit=500')) as never), ids.slice(3));
});

t.test('a pass is not moved by acknowledgements: the page after the cursor is the same', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 6);
  const cursor = await firstCursor(partner);
  await acknowledge(app, partner, ids.slice(0, 3));
  t.same(idsOf((await answerTo(partner, cursor)) as never), ids.slice(3, 5));
});

t.test('a cursor is opaque and safe in a URL', async (t) => {
  const partner = await app.addPartner();
  const [id] = await seedMany(app.db, partner.id, 3);
  const cursor = await firstCursor(partner, 'limit=1');
  t.match(cursor, /^[A-Za-z0-9_-]+$/);
  t.notOk(cursor.includes((id as string).slice(4)));
});

t.test('a cursor with any one character changed, cut or added is 400 invalid_cursor', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 5);
  const cursor = await firstCursor(partner);
  const forged = [...cursor].map((character, index) => cursor.slice(0, index) + (character === 'A' ? 'B' : 'A') + cursor.slice(index + 1));
  forged.push(cursor.slice(1), cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, 'x', 'null', `evt_${'0'.repeat(36)}`, 'A'.repeat(2_000));
  const codes = await Promise.all(forged.map(async (each) => (await answerTo(partner, each)).json));
  for (const [index, { status, code }] of codes.entries())
    t.same({ status, code }, { status: 400, code: 'invalid_cursor' }, forged[index]?.slice(0, 200) ?? '');
});

t.test("another partner's cursor is 400 invalid_cursor", async (t) => {
  const [mine, foreign] = [await app.addPartner(), await app.addPartner()];
  for (const partner of [mine, foreign]) await seedMany(app.db, partner.id, 5);
  const answer = await answerTo(mine, await firstCursor(foreign));
  t.match(answer, { status: 400, json: { code: 'invalid_cursor', retryable: false } });
});

t.test("another filter's cursor is 400 invalid_cursor, in both directions", async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 5, { type: 'order.created' });
  const [plain, filtered] = [await firstCursor(partner), await firstCursor(partner, 'limit=2&event_type=order.created')];
  t.match((await answerTo(partner, plain, 'limit=2&event_type=order.created')).json, { code: 'invalid_cursor' });
  t.match((await answerTo(partner, filtered)).json, { code: 'invalid_cursor' });
  t.match((await answerTo(partner, filtered, 'limit=2&event_type=order.*')).json, { code: 'invalid_cursor' });
  t.match(await answerTo(partner, filtered, 'limit=2&event_type=order.created'), { status: 200, json: { count: 2 } });
});

t.test('a cursor walks the longest filter that is allowed', async (t) => {
  const partner = await app.addPartner();
  const types = Array.from({ length: 20 }, (_, index) => `${'t'.repeat(200)}${index}`);
  const ids = [];
  for (const event_type of types) ids.push(await postEvent(app, partner.key, { event_type }));
  t.same((await walk(app, partner, `limit=7&event_type=${types.join(',')}`)).flatMap(idsOf), ids);
});

t.test('a polling loop without a cursor starts from the oldest event each time', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 5);
  await firstCursor(partner);
  t.same(idsOf(await poll(app, partner, 'limit=2')), ids.slice(0, 2));
});

t.test('a cursor at the end of the inbox shows what came after it', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 3);
  const cursor = await firstCursor(partner);
  const late = await postEvent(app, partner.key);
  const answer = await answerTo(partner, cursor, 'limit=10');
  t.equal(idsOf(answer as never).at(-1), late);
  t.equal(answer.json.count, 2);
});
