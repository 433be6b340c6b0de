import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { receive, seedMany, settle } from '../../helper/seed.ts';
import { keepFromSweep } from './kept-event.ts';

const app = await startTestApp(t);
const leases = (events: { event_id: string; lease_token: string }[]) => events.map((event) => [event.event_id, event.lease_token]);

t.test('the same receive again gives the same events and tokens, and counts no delivery', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 5);
  const first = await receive(app, partner, { max_events: 3, receive_id: 'r-1' });
  const again = await receive(app, partner, { max_events: 3, receive_id: 'r-1' });
  t.equal(first.length, 3);
  t.same(again, first);
  t.equal((await receive(app, partner, { max_events: 3, receive_id: 'r-2' })).length, 2, 'another one goes on');
});

t.test('an event whose token is no longer the latest is left out of the repetition', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 3);
  const [one, two, three] = await receive(app, partner, { receive_id: 'r', lease_seconds: 60 });
  await settle(app, partner, ids[0] as string, 'acknowledge', { lease_token: one?.lease_token });
  await settle(app, partner, ids[1] as string, 'release', { lease_token: two?.lease_token });
  t.same(
    (await receive(app, partner, { max_events: 1 })).map((event) => event.event_id),
    [ids[1]],
    'another worker has it now',
  );
  t.same(leases(await receive(app, partner, { receive_id: 'r' })), leases([three as never]));
});

t.test('an empty result is not remembered, and after five minutes nothing is', async (t) => {
  const partner = await app.addPartner();
  t.same(await receive(app, partner, { receive_id: 'r' }), []);
  const [id] = await seedMany(app.db, partner.id, 1);
  const [first] = await receive(app, partner, { receive_id: 'r', lease_seconds: 5 });
  t.equal(first?.event_id, id);
  app.clock.shiftMs = 5 * 60_000 - 1_000;
  t.equal(
    (await receive(app, partner, { receive_id: 'r' }))[0]?.lease_token,
    first?.lease_token,
    'also after its lease has lapsed: nobody else has it',
  );
  app.clock.shiftMs = 5 * 60_000 + 1_000;
  const [later] = await receive(app, partner, { receive_id: 'r' });
  t.equal(later?.event_id, id);
  t.not(later?.lease_token, first?.lease_token);
  t.equal(later?.delivery.count, 2);
  app.clock.shiftMs = 0;
});

t.test('the same receive many times at once leases once', async (t) => {
  const partner = await app.addPartner();
  const other = await app.addPartner();
  const replica = await startTestApp(t, { databaseUrl: app.databaseUrl });
  await seedMany(app.db, partner.id, 50);
  await seedMany(app.db, other.id, 2);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => receive(index % 2 ? app : replica, partner, { max_events: 4, receive_id: 'once' })),
  );
  for (const answer of answers) t.same(leases(answer), leases(answers[0] as never));
  const { rows } = await app.db.query('SELECT sum(deliveries)::integer AS deliveries FROM inbox WHERE partner_id = $1', [partner.id]);
  t.equal(rows[0].deliveries, 4);
  t.equal((await receive(app, other, { receive_id: 'once' })).length, 2, 'the name is the partner’s own');
});

t.test('an event past its last delivery is not given again, and waits to become a dead letter', async (t) => {
  const partner = await app.addPartner();
  await app.db.query('UPDATE partners SET max_deliveries = 1 WHERE id = $1', [partner.id]);
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  t.equal((await receive(app, partner, { receive_id: 'r', lease_seconds: 5 })).length, 1);
  const release = await keepFromSweep(t, app.databaseUrl, id);
  app.clock.shiftMs += 6_000;
  t.same(await receive(app, partner, { receive_id: 'r' }), []);
  t.equal((await app.db.query('SELECT FROM inbox WHERE partner_id = $1', [partner.id])).rowCount, 1, 'it was still there');
  await release();
  app.clock.shiftMs = 0;
});

t.test('a receive_id is any printable text without spaces', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 2);
  const id = '!~"/+=@{}'.padEnd(64, 'z');
  const first = await receive(app, partner, { max_events: 1, receive_id: id });
  t.same(await receive(app, partner, { max_events: 1, receive_id: id }), first);
  for (const receive_id of ['', `${id}z`, 'a b', 'ä', 'a\n']) {
    const answer = await app.request('POST', '/v1/inbox/receive', { key: partner.key, body: { receive_id } });
    t.same([answer.status, answer.json.code], [400, 'validation_failed'], receive_id);
  }
});
