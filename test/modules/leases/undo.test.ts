import { once } from 'node:events';
import { connect } from 'node:net';
import pg from 'pg';
import t from 'tap';
import { claimEvents, findReceive, undoClaim } from '../../../src/modules/leases/receive-store.ts';
import { idFloor } from '../../../src/platform/event-id.ts';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { poll, receive, seedMany, settle } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

const app = await startTestApp(t);
const replica = await startTestApp(t, { databaseUrl: app.databaseUrl });
/** Holds locks, so that what the test wants to be under way is. */
const gate = new pg.Client({ connectionString: app.databaseUrl });
await gate.connect();
t.teardown(() => gate.end());

const lockedOut = () =>
  app.db
    .query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
    .then(({ rows }) => rows.length);
/** No statement is under way: what a request does between two statements takes no turn of the event loop. */
const idle = () =>
  [app, replica].every(({ app }) => app.pools.read.idleCount === app.pools.read.totalCount && app.pools.read.waitingCount === 0);
const undone = async () => (await app.app.metrics.leasesEnded.get()).values.find(({ labels }) => labels.how === 'undone')?.value ?? 0;
const inInbox = async (partner: TestPartner) =>
  (await app.db.query('SELECT deliveries, lease_token, visible_at FROM inbox WHERE partner_id = $1 ORDER BY id', [partner.id])).rows;

/** Sends a receive whose client goes away while its statement waits for the lock on `receives`; resolves when the server is through with it. */
async function receiveAndLeave(partner: TestPartner, body: object, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  await gate.query('BEGIN');
  await gate.query('LOCK TABLE receives IN ACCESS EXCLUSIVE MODE');
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  const text = JSON.stringify(body);
  socket.write(
    `POST /v1/inbox/receive HTTP/1.1\r\nhost: x\r\nx-api-key: ${partner.key}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  );
  await until('the receive waits for the lock', async () => (await lockedOut()) === 1);
  socket.destroy();
  await once(socket, 'close');
  await meanwhile();
  await gate.query('COMMIT');
  await until('the server is through with it', idle);
}

t.test('who leaves before its answer has leased nothing: the event is free, and no delivery is counted', async (t) => {
  const partner = await app.addPartner();
  const [id] = await seedMany(app.db, partner.id, 1);
  await app.db.query('UPDATE partners SET max_deliveries = 1 WHERE id = $1', [partner.id]);
  const before = await undone();
  await receiveAndLeave(partner, { receive_id: 'gone' });
  t.equal((await undone()) - before, 1);
  t.same(await inInbox(partner), [{ deliveries: 0, lease_token: null, visible_at: null }]);
  t.match(await receive(app, partner, { receive_id: 'gone' }), [{ event_id: id, delivery: { count: 1 } }]);
});

t.test('a repetition whose client leaves takes nothing away from the worker that has the first answer', async (t) => {
  const partner = await app.addPartner();
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  const [held] = await receive(app, partner, { receive_id: 'r' });
  const before = await undone();
  await receiveAndLeave(partner, { receive_id: 'r' });
  t.equal(await undone(), before);
  t.same(await receive(app, partner), [], 'nobody else gets it');
  t.equal((await settle(app, partner, id, 'acknowledge', { lease_token: held?.lease_token })).status, 200);
});

t.test('who leaves and comes again with the same receive_id has what its second answer says', async (t) => {
  const partner = await app.addPartner();
  // Two more than are taken: the second may come while the first has its two in hand, and then takes what is free.
  await seedMany(app.db, partner.id, 22);
  for (let round = 0; round < 10; round++) {
    let again: Promise<{ event_id: string; lease_token: string }[]> | undefined;
    await receiveAndLeave(partner, { max_events: 2, receive_id: `r${round}` }, async () => {
      again = receive(round % 2 ? app : replica, partner, { max_events: 2, receive_id: `r${round}` });
      await until('the second waits too', async () => (await lockedOut()) === 2);
    });
    const events = (await again) ?? [];
    t.equal(events.length, 2, `round ${round}`);
    for (const { event_id, lease_token } of events) {
      t.equal((await settle(app, partner, event_id, 'acknowledge', { lease_token })).status, 200, 'its token is the latest');
    }
  }
  const left = (await poll(app, partner, 'limit=500')).json.events;
  t.equal(left.length, 2, 'and what nobody was given is free');
});

t.test('of an undo and a repetition that meet, the first one counts', async (t) => {
  const { read } = app.app.pools;
  const claim = async (partner: TestPartner) => {
    const common = { after: '00000000-0000-7000-8000-000000000000', types: undefined, now: Date.now(), leaseMs: 60_000 };
    const more = { maxDeliveries: 10, receiveId: 'r', onlyFull: false, countLeases: false };
    const { events, version } = await claimEvents(read, { ...common, ...more, partnerId: partner.id, maxEvents: 5 });
    t.equal(events.length, 3);
    return { partnerId: partner.id, events, receiveId: 'r', version };
  };
  const repeated = await app.addPartner();
  await seedMany(app.db, repeated.id, 3);
  const claimed = await claim(repeated);
  t.same(await findReceive(read, { partnerId: repeated.id, receiveId: 'r', after: idFloor(0), now: Date.now() }), claimed.events);
  t.equal(await undoClaim(read, claimed), 0);
  t.same(
    (await inInbox(repeated)).map((row) => row.lease_token),
    claimed.events.map(({ token }) => token),
  );

  const left = await app.addPartner();
  await seedMany(app.db, left.id, 3);
  t.equal(await undoClaim(read, await claim(left)), 3);
  t.equal(await findReceive(read, { partnerId: left.id, receiveId: 'r', after: idFloor(0), now: Date.now() }), undefined);
  t.ok((await inInbox(left)).every((row) => row.deliveries === 0 && row.lease_token === null));
});
