import t from 'tap';
import { startTestApp, type TestApp, type TestPartner } from '../../helper/app.ts';
import { postEvent, receive, seedMany, settle } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

const app = await startTestApp(t, { READ_POOL_SIZE: 4 });

async function waiting({ app }: TestApp, count: number): Promise<void> {
  await until(`${count} wait`, async () => {
    const [gauge] = (await app.metrics.inboxWaits.get()).values;
    return gauge?.value === count && app.pools.read.waitingCount === 0 && app.pools.read.idleCount === app.pools.read.totalCount;
  });
}

/** Milliseconds after `ms` at which the answer has come; the answer must have the event. */
async function lateBy(t: Tap, answer: Promise<{ event_id: string }[]>, id: string, ms: number): Promise<number> {
  t.same(
    (await answer).map((event) => event.event_id),
    [id],
  );
  return Date.now() - ms;
}
type Tap = Pick<typeof t, 'same' | 'ok'>;

const wait = (partner: TestPartner, seconds = 20) => receive(app, partner, { wait_seconds: seconds, lease_seconds: 60 });
const peek = async (partner: TestPartner) => (await app.request('GET', '/v1/inbox?wait=20', { key: partner.key })).json.events;

// Far below the ten seconds after which a waiter looks by itself, and with room for a busy machine; the contract's 100 ms are met by one of a few.
const soonMs = 1_000;
const promisedMs = 100;

/** Does it up to five times, each time soon, until once it was as soon as is promised. */
async function isSoon(t: Tap, lateness: () => Promise<number>): Promise<void> {
  const late: number[] = [];
  do late.push(await lateness());
  while ((late.at(-1) as number) > promisedMs && late.length < 5);
  t.ok(
    late.every((ms) => ms >= 0 && ms < soonMs),
    `${late} ms`,
  );
  t.ok(Math.min(...late) <= promisedMs, `${late} ms`);
}

t.test('a waiting receive is answered at the insert', async (t) => {
  const partner = await app.addPartner();
  await isSoon(t, async () => {
    const answer = wait(partner);
    await waiting(app, 1);
    const begun = Date.now();
    const id = await postEvent(app, partner.key);
    return lateBy(t, answer, id, begun);
  });
});

for (const [who, ask] of [
  ['a receive', wait],
  ['a poll', peek],
] as const) {
  t.test(`${who} that waits is woken when a lease lapses`, async (t) => {
    const partner = await app.addPartner();
    const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
    await isSoon(t, async () => {
      app.clock.shiftMs += 60_000; // what the round before has leased is free
      const [held] = await receive(app, partner, { lease_seconds: 5 });
      app.clock.shiftMs += 4_500;
      const end = Date.parse(held?.lease_expires_at as string) - app.clock.shiftMs;
      return lateBy(t, ask(partner), id, end);
    });
    app.clock.shiftMs = 0;
  });

  t.test(`${who} that waits is woken when the delay of a release ends`, async (t) => {
    const partner = await app.addPartner();
    const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
    await isSoon(t, async () => {
      app.clock.shiftMs += 60_000;
      const [held] = await receive(app, partner, { lease_seconds: 60 });
      const answer = ask(partner);
      await waiting(app, 1);
      const begun = Date.now();
      const released = await settle(app, partner, id, 'release', { lease_token: held?.lease_token, delay_seconds: 1 });
      t.equal(released.json.status, 'released');
      const end = Date.parse(released.json.available_at) - app.clock.shiftMs;
      t.ok(end >= begun + 1_000);
      return lateBy(t, answer, id, end);
    });
    app.clock.shiftMs = 0;
  });
}

t.test('a release wakes who waits at once', async (t) => {
  const partner = await app.addPartner();
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  await isSoon(t, async () => {
    app.clock.shiftMs += 60_000;
    const [held] = await receive(app, partner, { lease_seconds: 60 });
    const answer = wait(partner);
    await waiting(app, 1);
    const begun = Date.now();
    await settle(app, partner, id, 'release', { lease_token: held?.lease_token });
    return lateBy(t, answer, id, begun);
  });
  app.clock.shiftMs = 0;
});

t.test('a client that goes away while it waits takes nothing', async (t) => {
  const partner = await app.addPartner();
  const leave = new AbortController();
  const gone = app.request('POST', '/v1/inbox/receive', { key: partner.key, body: { wait_seconds: 20 }, signal: leave.signal });
  await waiting(app, 1);
  leave.abort();
  await t.rejects(gone);
  await waiting(app, 0);
  const id = await postEvent(app, partner.key);
  t.match(await receive(app, partner), [{ event_id: id, delivery: { count: 1 } }]);
});

t.test('polls and receives share the ten waits of a partner', async (t) => {
  const partner = await app.addPartner();
  const leave = new AbortController();
  const waits = Array.from({ length: 10 }, (_, index) =>
    index % 2
      ? app.request('GET', '/v1/inbox?wait=20', { key: partner.key, signal: leave.signal })
      : app.request('POST', '/v1/inbox/receive', { key: partner.key, body: { wait_seconds: 20 }, signal: leave.signal }),
  );
  await waiting(app, 10);
  const eleventh = await app.request('POST', '/v1/inbox/receive', { key: partner.key, body: { wait_seconds: 1 } });
  t.same([eleventh.status, eleventh.json.code], [429, 'too_many_waits']);
  t.equal((await app.request('POST', '/v1/inbox/receive', { key: partner.key, body: {} })).status, 200, 'who does not wait is no wait');
  leave.abort();
  await Promise.allSettled(waits);
});

t.test('a lease that its holder shortens wakes who waits at its new end', async (t) => {
  const partner = await app.addPartner();
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  const [held] = await receive(app, partner, { lease_seconds: 600 });
  const answer = wait(partner);
  await waiting(app, 1);
  const extended = await settle(app, partner, id, 'extend', { lease_token: held?.lease_token, lease_seconds: 5 });
  const late = await lateBy(t, answer, id, Date.parse(extended.json.lease_expires_at));
  t.ok(late >= 0 && late < soonMs, `${late} ms after its end`);
});

t.test('an event that another replica is leasing at the moment of a look is seen when that lease ends', async (t) => {
  const partner = await app.addPartner();
  const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
  const end = Date.now() + 1_500;
  await app.db.query('BEGIN');
  await app.db.query(
    `UPDATE inbox SET deliveries = 1, leased_at = now(), visible_at = $2, lease_token = gen_random_uuid() WHERE partner_id = $1`,
    [partner.id, new Date(end).toISOString()],
  );
  const answer = wait(partner);
  await until('a look has passed the locked event by', async () => {
    const [gauge] = (await app.app.metrics.inboxWaits.get()).values;
    return gauge?.value === 1 && app.app.pools.read.totalCount > 0;
  });
  await until('it has looked', async () => {
    const { rows } = await app.db.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%candidates%' AND pid <> pg_backend_pid()`,
    );
    return rows.length > 0;
  });
  await app.db.query('COMMIT');
  const late = await lateBy(t, answer, id, end);
  t.ok(late >= 0 && late < soonMs, `${late} ms after its end`);
});
