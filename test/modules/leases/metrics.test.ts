import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { acknowledge, receive, seedMany, settle } from '../../helper/seed.ts';

const app = await startTestApp(t);
const replica = await startTestApp(t, { databaseUrl: app.databaseUrl });

async function figures({ app: { metrics } } = app) {
  const ended = (await metrics.leasesEnded.get()).values;
  const value = (how: string) => ended.find(({ labels }) => labels.how === how)?.value ?? 0;
  const granted = (await metrics.leasesGranted.get()).values[0]?.value;
  const inFlight = (await metrics.leasesInFlight.get()).values[0]?.value;
  return { granted, inFlight, released: value('released'), extended: value('extended'), lapsed: value('lapsed') };
}

t.test('leases are counted when they are taken and when they end; those open are the same on every replica', async (t) => {
  const partner = await app.addPartner();
  const other = await app.addPartner();
  const ids = (await seedMany(app.db, partner.id, 6)) as [string, string, string, string, string, string];
  await seedMany(app.db, other.id, 2);
  await receive(app, partner, { max_events: 4, lease_seconds: 5 });
  await receive(replica, other, { lease_seconds: 60 });
  t.same(await figures(), { granted: 4, inFlight: 6, released: 0, extended: 0, lapsed: 0 });
  t.same(await figures(replica), { granted: 2, inFlight: 6, released: 0, extended: 0, lapsed: 0 });

  app.clock.shiftMs = replica.clock.shiftMs = 6_000;
  t.equal((await figures()).inFlight, 2, 'a lease that has lapsed is not open');
  const again = await receive(app, partner, { max_events: 6, lease_seconds: 600 });
  t.same(await figures(), { granted: 10, inFlight: 8, released: 0, extended: 0, lapsed: 4 }, 'taken over, and two never leased before');

  const token = (index: number) => ({ lease_token: again[index]?.lease_token });
  await settle(app, partner, ids[0], 'release', { ...token(0), delay_seconds: 60 });
  await settle(app, partner, ids[1], 'extend', { ...token(1), lease_seconds: 700 });
  await acknowledge(app, partner, [ids[2]]);
  t.same(await figures(), { granted: 10, inFlight: 6, released: 1, extended: 1, lapsed: 4 });
});
