import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { idsOf, poll, receive, seedEvents, seedMany, settle, uuidAt } from '../../helper/seed.ts';
import { keepFromSweep } from '../leases/kept-event.ts';

const app = await startTestApp(t);
const deliveries = (answer: { json: { events: { delivery: unknown }[] } }) => answer.json.events.map(({ delivery }) => delivery);
/** Puts one event of an inbox into a state, by statement. */
const setRow = (partner: TestPartner, id: string, assignments: string) =>
  app.db.query(`UPDATE inbox SET ${assignments} WHERE partner_id = $1 AND id = $2`, [partner.id, id.slice(4)]);

t.test('a poll shows what is free; include_leased also what is leased or delayed; neither what is past its last delivery', async (t) => {
  const partner = await app.addPartner();
  const ids = (await seedMany(app.db, partner.id, 6)) as [string, string, string, string, string, string];
  const [free, leased, delayed, lapsed, exhausted, replayed] = ids;
  const soon = `'2100-01-01'`;
  const before = `'2020-01-01'`;
  await setRow(partner, leased, `deliveries = 1, leased_at = now(), visible_at = ${soon}, lease_token = gen_random_uuid()`);
  await setRow(partner, delayed, `deliveries = 2, visible_at = ${soon}, lease_token = gen_random_uuid()`);
  await setRow(partner, lapsed, `deliveries = 3, leased_at = ${before}, visible_at = ${before}, lease_token = gen_random_uuid()`);
  await setRow(partner, replayed, 'replayed = true');
  const release = await keepFromSweep(t, app.databaseUrl, exhausted);
  await setRow(partner, exhausted, `deliveries = 10, last_delivery = true, leased_at = ${before}, visible_at = ${before}`);
  const plain = await poll(app, partner);
  t.same(idsOf(plain), [free, lapsed, replayed]);
  t.same(deliveries(plain), [
    { count: 0, replayed: false },
    { count: 3, replayed: false },
    { count: 0, replayed: true },
  ]);
  const all = await poll(app, partner, 'include_leased=true');
  t.same(idsOf(all), [free, leased, delayed, lapsed, replayed]);
  t.same(
    deliveries(all).map((delivery) => (delivery as { count: number }).count),
    [0, 1, 2, 3, 0],
  );
  const { rows } = await app.db.query('SELECT FROM inbox WHERE partner_id = $1', [partner.id]);
  t.equal(rows.length, 6, 'it was there all the time');
  await release();
});

t.test('a poll counts no delivery and takes no lease', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 2);
  for (const query of ['limit=2', 'include_leased=true', 'limit=1']) await poll(app, partner, query);
  const { rows } = await app.db.query('SELECT deliveries, lease_token, visible_at FROM inbox WHERE partner_id = $1', [partner.id]);
  t.same(rows, [
    { deliveries: 0, lease_token: null, visible_at: null },
    { deliveries: 0, lease_token: null, visible_at: null },
  ]);
  t.same(
    (await receive(app, partner)).map((event) => event.event_id),
    ids,
  );
});

t.test('polls with and without include_leased at the same time do not share a page', async (t) => {
  const partner = await app.addPartner();
  const [held, free] = await seedMany(app.db, partner.id, 2);
  await receive(app, partner, { max_events: 1 });
  const pages = await Promise.all(
    Array.from({ length: 8 }, (_, index) => poll(app, partner, index % 2 ? 'limit=10&include_leased=true' : 'limit=10')),
  );
  t.same(
    pages.map(idsOf),
    pages.map((_, index) => (index % 2 ? [held, free] : [free])),
  );
});

t.test('leased events neither fill a page nor end a walk', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 30);
  await receive(app, partner, { max_events: 10 });
  const first = await poll(app, partner, 'limit=15');
  t.same(idsOf(first), ids.slice(10, 25));
  const second = await poll(app, partner, `limit=15&cursor=${first.json.next_cursor}`);
  t.same(idsOf(second), ids.slice(25));
  t.equal(second.json.has_more, false);
});

t.test('an event that expires under its lease is gone: for the poll, for the next receive and for its worker', async (t) => {
  const partner = await app.addPartner({ retentionSeconds: 3_600 });
  const id = uuidAt(Date.now() - 3_590_000);
  await seedEvents(app.db, partner.id, [{ id }]);
  const [held] = await receive(app, partner, { lease_seconds: 5 });
  app.clock.shiftMs += 11_000;
  t.same(idsOf(await poll(app, partner, 'include_leased=true')), []);
  t.same(await receive(app, partner), []);
  t.equal((await settle(app, partner, `evt_${id}`, 'acknowledge', { lease_token: held?.lease_token })).status, 404);
  app.clock.shiftMs = 0;
});
