import t from 'tap';
import { ExhaustedSweep } from '../../../src/modules/leases/exhausted.ts';
import { portion } from '../../../src/modules/leases/exhausted-store.ts';
import { startTestApp } from '../../helper/app.ts';
import { idsOf, poll, receive, seedMany, settle } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

const app = await startTestApp(t);
const dead = async (partnerId: number) =>
  (await app.db.query('SELECT id, reason, deliveries, payload FROM dead_letters WHERE partner_id = $1 ORDER BY id', [partnerId])).rows;

/** What the app's own sweep has moved. */
const counted = async () =>
  (await app.app.metrics.deadLetters.get()).values.find(({ labels }) => labels.reason === 'max_deliveries_exceeded')?.value ?? 0;

async function partnerWithCap(deliveries: number) {
  const partner = await app.addPartner();
  await app.db.query('UPDATE partners SET max_deliveries = $2 WHERE id = $1', [partner.id, deliveries]);
  await until('the new cap is known', async () => (await app.request('GET', '/v1/account', { key: partner.key })).status === 200);
  return partner;
}

t.test('an event becomes a dead letter when the lease of its last delivery lapses, once, and is seen by nobody in between', async (t) => {
  const partner = await partnerWithCap(2);
  const [id, other] = (await seedMany(app.db, partner.id, 2, { payload: '{"a":1.0}' })) as [string, string];
  t.match(await receive(app, partner, { max_events: 1, lease_seconds: 5 }), [{ event_id: id, delivery: { count: 1 } }]);
  app.clock.shiftMs += 6_000;
  t.match(await receive(app, partner, { max_events: 1, lease_seconds: 5 }), [{ event_id: id, delivery: { count: 2 } }]);
  app.clock.shiftMs += 6_000;
  t.same(idsOf(await poll(app, partner, 'limit=10&include_leased=true')), [other], 'hidden at once');
  t.same(
    (await receive(app, partner, { max_events: 10 })).map((event) => event.event_id),
    [other],
    'not given out again',
  );
  await until('it was moved', async () => (await dead(partner.id)).length === 1);
  t.same(await dead(partner.id), [{ id: id.slice(4), reason: 'max_deliveries_exceeded', deliveries: 2, payload: '{"a":1.0}' }]);
  const { rows } = await app.db.query('SELECT id FROM inbox WHERE partner_id = $1', [partner.id]);
  t.same(rows, [{ id: other.slice(4) }]);
  app.clock.shiftMs = 0;
});

t.test('two processes that look at once move each event once, and count them together', async (t) => {
  const partner = await partnerWithCap(1);
  await seedMany(app.db, partner.id, 1_200);
  // By statement: the sweep of the app would be faster than the two of the test.
  await app.db.query(
    `UPDATE inbox SET deliveries = 1, last_delivery = true, leased_at = now(), visible_at = '2020-01-01', lease_token = gen_random_uuid()
     WHERE partner_id = $1`,
    [partner.id],
  );
  const before = await counted();
  let moved = 0;
  const sweep = () =>
    new ExhaustedSweep({
      pool: app.app.pools.read,
      clock: Date.now,
      onMoved: (count) => {
        moved += count;
      },
      onError: (error) => t.fail(String(error)),
    }).sweep();
  await Promise.all([sweep(), sweep(), sweep()]);
  await until('all were moved', async () => (await dead(partner.id)).length === 1_200);
  const { rows } = await app.db.query('SELECT count(*)::integer AS left FROM inbox WHERE partner_id = $1', [partner.id]);
  t.equal(rows[0].left, 0);
  await until('those that the app moved are counted', async () => moved + (await counted()) - before === 1_200);
});

t.test('a sweep that is stopped ends after its portion', async (t) => {
  let looks = 0;
  const pool = { query: async () => ({ rows: [{ moved: `${portion}` }], looks: ++looks }) } as never;
  const sweep = new ExhaustedSweep({
    pool,
    clock: Date.now,
    onMoved: () => looks === 3 && void sweep.stop(),
    onError: (error) => t.fail(String(error)),
  });
  await sweep.sweep();
  t.equal(looks, 3);
});

t.test('a failing look is told and does not end the next one', async (t) => {
  const errors: unknown[] = [];
  const down = new Error('down');
  const pool = { query: () => Promise.reject(down) } as never;
  await new ExhaustedSweep({ pool, clock: Date.now, onMoved: () => {}, onError: (error) => errors.push(error) }).sweep();
  t.same(errors, [down]);
});

t.test('who handles an event late, but before anybody else, has handled it: also when it is a dead letter already', async (t) => {
  const partner = await partnerWithCap(1);
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  const [held] = await receive(app, partner, { lease_seconds: 5 });
  app.clock.shiftMs += 6_000;
  await until('it was moved', async () => (await dead(partner.id)).length === 1);
  const wrong = await settle(app, partner, id, 'acknowledge', { lease_token: '01234567-89ab-4cde-8f01-23456789abcd' });
  t.same([wrong.status, wrong.json.code], [409, 'lease_lost']);
  const late = await settle(app, partner, id, 'acknowledge', { lease_token: held?.lease_token });
  t.match(late.json, { status: 'acknowledged', event_id: id });
  t.same(await dead(partner.id), []);
  app.clock.shiftMs = 0;
});
