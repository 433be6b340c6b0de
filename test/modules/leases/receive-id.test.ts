import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { receive, seedMany, settle } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

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

t.test('a client that is gone when its answer comes has leased nothing: the event is free, and no delivery is counted', async (t) => {
  const partner = await app.addPartner();
  const [id] = await seedMany(app.db, partner.id, 1);
  // The row is locked until the client has gone, so that the claim is under way when it goes.
  await app.db.query('BEGIN');
  await app.db.query('SELECT pg_advisory_xact_lock(1)');
  await app.db.query('LOCK TABLE receives IN ACCESS EXCLUSIVE MODE');
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  const body = JSON.stringify({ receive_id: 'gone' });
  socket.write(
    `POST /v1/inbox/receive HTTP/1.1\r\nhost: x\r\nx-api-key: ${partner.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const watcher = await startTestApp(t, { databaseUrl: app.databaseUrl });
  await until('the receive waits for the lock', async () => {
    const { rows } = await watcher.db.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return rows.length > 0;
  });
  socket.destroy();
  await once(socket, 'close');
  await app.db.query('COMMIT');
  await until('the lease was given back', async () => {
    const { values } = await app.app.metrics.leasesEnded.get();
    return values.some(({ labels, value }) => labels.how === 'undone' && value === 1);
  });
  const { rows } = await app.db.query('SELECT deliveries, lease_token, visible_at FROM inbox WHERE partner_id = $1', [partner.id]);
  t.same(rows, [{ deliveries: 0, lease_token: null, visible_at: null }]);
  const [event] = await receive(app, partner, { receive_id: 'gone' });
  t.match(event, { event_id: id, delivery: { count: 1 } });
});
