import pg from 'pg';
import t, { type Test } from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, seedEvents, seedMany, uuidAt } from '../../helper/seed.ts';

const app = await startTestApp(t);

/** A writer of its own, as another replica is. */
async function writer(t: Pick<Test, 'teardown'>): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: app.databaseUrl });
  client.on('error', () => {}); // dropped under it at the end
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** One turn of a polling loop: what a page shows is processed and acknowledged. */
async function turn(partner: TestPartner, limit = 10): Promise<string[]> {
  const ids = idsOf(await poll(app, partner, `limit=${limit}`));
  if (ids.length > 0) await acknowledge(app, partner, ids);
  return ids;
}

t.test('an event whose transaction commits after a younger one is not lost to a polling loop', async (t) => {
  const partner = await app.addPartner();
  const [slow, fast] = [await writer(t), await writer(t)];
  const now = Date.now();
  const [older, younger] = [uuidAt(now - 50), uuidAt(now)];
  await slow.query('BEGIN');
  await seedEvents(slow, partner.id, [{ id: older }]);
  await seedEvents(fast, partner.id, [{ id: younger }]);
  t.same(await turn(partner), [`evt_${younger}`], 'the younger is processed while the older is not committed');
  t.same(await turn(partner), []);
  await slow.query('COMMIT');
  t.same(await turn(partner), [`evt_${older}`], 'the older comes as soon as it is there');
  t.same(await turn(partner), []);
});

t.test('many transactions that commit in the reverse order of their ids lose nothing, and nothing comes twice', async (t) => {
  const partner = await app.addPartner();
  const writers = await Promise.all(Array.from({ length: 8 }, () => writer(t)));
  const now = Date.now();
  const ids = writers.map((_, index) => uuidAt(now - 100 + index));
  for (const [index, client] of writers.entries()) {
    await client.query('BEGIN');
    await seedEvents(client, partner.id, [{ id: ids[index] as string }]);
  }
  const processed: string[] = [];
  for (const client of writers.toReversed()) {
    await client.query('COMMIT');
    processed.push(...(await turn(partner, 3)));
  }
  processed.push(...(await turn(partner)));
  t.same(
    processed,
    ids.toReversed().map((id) => `evt_${id}`),
  );
});

t.test('a late commit below a busy partner’s poll floor is shown within a second', async (t) => {
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const partner = await app.addPartner();
  const slow = await writer(t);
  const late = uuidAt(Date.now() - 60_000);
  await slow.query('BEGIN');
  await seedEvents(slow, partner.id, [{ id: late }]);
  await seedMany(app.db, partner.id, 30);
  const now = Date.now();
  app.clock.stoppedAtMs = now;
  const first = await turn(partner, 5);
  const second = await turn(partner, 5);
  await slow.query('COMMIT');
  const third = await turn(partner, 5);
  t.notOk([...first, ...second, ...third].includes(`evt_${late}`), 'full pages from the floor do not look behind it');
  app.clock.stoppedAtMs = now + 999;
  t.notOk((await turn(partner, 5)).includes(`evt_${late}`));
  app.clock.stoppedAtMs = now + 1_000;
  t.equal((await turn(partner, 5))[0], `evt_${late}`, 'a second later the scan starts at the beginning');
});

t.test('a late commit below the floor is shown at once when the page is not full', async (t) => {
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 12);
  app.clock.stoppedAtMs = Date.now();
  await turn(partner, 5);
  await turn(partner, 5);
  const late = uuidAt(Date.now() - 60_000);
  await seedEvents(app.db, partner.id, [{ id: late }]);
  const page = await poll(app, partner, 'limit=5');
  t.equal(page.json.count, 3, 'two were left, and the late one');
  t.equal(idsOf(page)[0], `evt_${late}`);
});

t.test('an event in the same millisecond as the floor is not behind it', async (t) => {
  t.teardown(() => {
    app.clock.stoppedAtMs = undefined;
  });
  const partner = await app.addPartner();
  const now = Date.now();
  const same = (sequence: number) => uuidAt(now - 1_000, sequence);
  await seedEvents(
    app.db,
    partner.id,
    [1, 2, 3, 4, 5, 6, 7, 8].map((sequence) => ({ id: same(sequence) })),
  );
  app.clock.stoppedAtMs = now;
  await turn(partner, 2);
  await turn(partner, 2);
  const twin = same(0);
  await seedEvents(app.db, partner.id, [{ id: twin }]);
  t.equal((await turn(partner, 2))[0], `evt_${twin}`);
});
