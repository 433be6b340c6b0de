import pg from 'pg';
import t, { type Test } from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { acknowledge, postEvent, seedEvents, seedMany, uuidAt } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';
import { Follower, list, othersEnded, walkList } from './follow.ts';

const app = await startTestApp(t);
const hourMs = 3_600_000;

/** A writer of its own, as another replica is. */
async function writer(t: Pick<Test, 'teardown'>): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: app.databaseUrl });
  client.on('error', () => {}); // dropped under it at the end
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

const shown = (...ids: string[]) => ids.map((id) => `evt_${id}`);
/** Other files use the same server: their transactions may hold an event back for a moment. */
const seeing = (follower: Follower, ids: string[]) =>
  until(`${ids.length} events are seen`, async () => {
    await follower.catchUp();
    return follower.seen.length >= ids.length;
  });

t.test('an event that is committed with a smaller id than those already seen is not behind the cursor', async (t) => {
  const partner = await app.addPartner();
  const now = Date.now();
  const [older, younger] = [uuidAt(now - 50), uuidAt(now)];
  const follower = new Follower(app, partner);
  await seedEvents(app.db, partner.id, [{ id: younger }]);
  await seeing(follower, [younger]);
  await seedEvents(app.db, partner.id, [{ id: older }]);
  await seeing(follower, [younger, older]);
  t.same(follower.seen, shown(younger, older));
});

t.test('while a transaction is open, nothing that began after it is shown, and then both are', async (t) => {
  const partner = await app.addPartner();
  const slow = await writer(t);
  const now = Date.now();
  const [older, younger] = [uuidAt(now - 50), uuidAt(now)];
  const follower = new Follower(app, partner);
  await slow.query('BEGIN');
  await seedEvents(slow, partner.id, [{ id: older }]);
  await seedEvents(app.db, partner.id, [{ id: younger }]);
  t.same(await follower.catchUp(), []);
  t.same(await follower.catchUp(), []);
  await slow.query('COMMIT');
  await seeing(follower, [older, younger]);
  t.same(follower.seen, shown(older, younger), 'in the order in which the transactions began');
});

t.test('a rolled back transaction holds nothing up', async (t) => {
  const partner = await app.addPartner();
  const slow = await writer(t);
  await slow.query('BEGIN');
  await seedEvents(slow, partner.id, [{ id: uuidAt(Date.now()) }]);
  const [id] = await seedMany(app.db, partner.id, 1);
  const follower = new Follower(app, partner);
  t.same(await follower.catchUp(), []);
  await slow.query('ROLLBACK');
  await seeing(follower, [id as string]);
  t.same(follower.seen, [id]);
});

t.test('an event that is committed half a minute late is seen, with one event to a page too', async (t) => {
  for (const limit of [1, 500]) {
    const partner = await app.addPartner();
    const slow = await writer(t);
    const now = Date.now();
    const late = uuidAt(now - 30_000);
    await slow.query('BEGIN');
    await seedEvents(slow, partner.id, [{ id: late }]);
    const before = await seedMany(app.db, partner.id, 5);
    const follower = new Follower(app, partner, `limit=${limit}`);
    await follower.catchUp();
    await slow.query('COMMIT');
    await seeing(follower, [late, ...before]);
    t.same([...follower.seen].sort(), shown(late).concat(before).sort());
  }
});

t.test('an event whose commit hangs for minutes is seen when it has ended', async (t) => {
  t.teardown(() => {
    app.clock.shiftMs = 0;
  });
  for (const limit of [1, 500]) {
    const partner = await app.addPartner();
    const before = await seedMany(app.db, partner.id, 5);
    const follower = new Follower(app, partner, `limit=${limit}`);
    await seeing(follower, before);
    const slow = await writer(t);
    const hanging = uuidAt(Date.now());
    await slow.query('BEGIN');
    await seedEvents(slow, partner.id, [{ id: hanging }]);
    for (const minutes of [2, 4, 6]) {
      app.clock.shiftMs = minutes * 60_000;
      await postEvent(app, partner.key);
      t.same(await follower.catchUp(), []);
    }
    await slow.query('COMMIT');
    await until('all nine are seen', async () => {
      await follower.catchUp();
      return follower.seen.length === 9;
    });
    t.equal(follower.seen[5], `evt_${hanging}`);
    app.clock.shiftMs = 0;
  }
});

t.test('writers that commit in any order and a reader beside them: each event is seen exactly once', async (t) => {
  const partner = await app.addPartner();
  const writers = await Promise.all(Array.from({ length: 5 }, () => writer(t)));
  const stored: string[] = [];
  let writing = writers.length;
  const write = async (client: pg.Client) => {
    for (let transaction = 0; transaction < 15; transaction++) {
      const ids = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, (_, n) =>
        uuidAt(Date.now() - Math.floor(Math.random() * 2_000), n),
      );
      await client.query('BEGIN');
      for (const id of ids) await seedEvents(client, partner.id, [{ id }]);
      await client.query('SELECT pg_sleep(random() * 0.02)');
      if (Math.random() < 0.1) await client.query('ROLLBACK');
      else {
        await client.query('COMMIT');
        stored.push(...shown(...ids));
      }
    }
    writing -= 1;
  };
  const followers = [1, 3, 500].map((limit) => new Follower(app, partner, `limit=${limit}`));
  const typed = new Follower(app, partner, 'limit=7&event_type=test.*');
  const follow = async (follower: Follower) => {
    while (writing > 0) await follower.catchUp();
    await seeing(follower, stored);
  };
  await Promise.all([...writers.map(write), ...[...followers, typed].map(follow)]);
  for (const { seen } of [...followers, typed]) t.same([...seen].sort(), [...stored].sort());
  const afterwards = new Follower(app, partner, 'limit=11');
  await seeing(afterwards, stored);
  t.same([...afterwards.seen].sort(), [...stored].sort());
});

t.test('what is older than a minute is walked in the order of ids, once, whatever the page size', async (t) => {
  const partner = await app.addPartner();
  const ids = Array.from({ length: 120 }, (_, n) => uuidAt(Date.now() - hourMs + n * 20_000));
  await seedEvents(
    app.db,
    partner.id,
    ids.toSorted(() => Math.random() - 0.5).map((id) => ({ id })),
  );
  for (const limit of [1, 7, 119, 120, 121, 500]) {
    const follower = new Follower(app, partner, `limit=${limit}`);
    await seeing(follower, ids);
    t.same([...follower.seen].sort(), shown(...ids), `limit ${limit}`);
    if (limit < 50) t.same(follower.seen.slice(0, 50), shown(...ids.slice(0, 50)), 'in order');
  }
});

t.test('there is always a cursor: a reader that found nothing goes on with it', async (t) => {
  const partner = await app.addPartner();
  const first = (await list(app, partner, 'order=asc')).json;
  t.match(first, { events: [], count: 0, has_more: false, next_cursor: /^[\w-]+$/ });
  const id = await postEvent(app, partner.key);
  const cursor = first.next_cursor;
  const page = await until('the event is shown', async () => {
    const { json } = await list(app, partner, `order=asc&cursor=${cursor}`);
    return json.count === 1 && json;
  });
  t.match(page, { events: [{ event_id: id, status: 'pending' }], has_more: false, next_cursor: /^[\w-]+$/ });
  t.same((await list(app, partner, `order=asc&cursor=${page.next_cursor}`)).json.events, []);
});

t.test('a change of an event’s state does not bring it again', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 3);
  const follower = new Follower(app, partner);
  await seeing(follower, ids);
  await acknowledge(app, partner, ids);
  t.same(await follower.catchUp(), []);
});

t.test('a filter that matches little of much: pages may be empty while there is more, and each looks at 2,000 events', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 2_100, { type: 'much' });
  const [rare] = await seedMany(app.db, partner.id, 1, { type: 'rare' });
  await acknowledge(app, partner, [rare as string]);
  await othersEnded(app.db);
  for (const filter of ['event_type=rare', 'status=acknowledged', 'event_type=r.*,rare&status=acknowledged']) {
    const pages = await walkList(app, partner, `order=asc&${filter}`);
    t.match(pages[0]?.json, { count: 0, has_more: true }, filter);
    const follower = new Follower(app, partner, filter);
    await seeing(follower, [rare as string]);
    t.same(follower.seen, [rare], filter);
  }
});

t.test('data that was restored from another cluster is seen once, and what is stored since comes after it', async (t) => {
  const partner = await app.addPartner();
  const ids = (await seedMany(app.db, partner.id, 20)).sort();
  // As after a restore: the numbers of transactions are those of the other cluster, far ahead of this one's.
  await app.db.query(
    `UPDATE events SET xid = (('x' || right(id::text, 4))::bit(16)::int + 4000000000000)::text::xid8 WHERE partner_id = $1`,
    [partner.id],
  );
  const [one, many] = [new Follower(app, partner, 'limit=1'), new Follower(app, partner)];
  await othersEnded(app.db);
  const part = (await list(app, partner, 'order=asc&limit=5')).json;
  t.equal(part.count, 5);
  await Promise.all([one, many].map((follower) => seeing(follower, ids)));
  const fresh = await postEvent(app, partner.key);
  for (const follower of [one, many]) {
    await seeing(follower, [...ids, fresh]);
    t.same([...follower.seen].sort(), [...ids, fresh].sort());
    t.equal(follower.seen.at(-1), fresh);
  }
  const rest = await until('all are shown', async () => {
    const { json } = await list(app, partner, `order=asc&limit=500&cursor=${part.next_cursor}`);
    return json.count >= 16 && json;
  });
  t.same([...part.events, ...rest.events].map(({ event_id }: { event_id: string }) => event_id).sort(), [...ids, fresh].sort());
});

t.test('an event of a replica whose clock ran an hour ahead does not take the reader along', async (t) => {
  const partner = await app.addPartner();
  const ahead = uuidAt(Date.now() + hourMs);
  await seedEvents(app.db, partner.id, [{ id: ahead }]);
  const follower = new Follower(app, partner);
  await seeing(follower, [ahead]);
  const id = await postEvent(app, partner.key);
  await seeing(follower, [ahead, id]);
  t.same(follower.seen, [`evt_${ahead}`, id]);
});

t.test('from and to bound what is followed, and a page is cut at 4 MiB', async (t) => {
  const partner = await app.addPartner();
  const start = Date.now() - hourMs;
  const ids = Array.from({ length: 30 }, (_, n) => uuidAt(start + n));
  const payload = JSON.stringify({ text: 'x'.repeat(250_000) });
  await seedEvents(
    app.db,
    partner.id,
    ids.map((id) => ({ id, payload })),
  );
  const time = (ms: number) => new Date(ms).toISOString();
  const between = `from=${time(start + 5)}&to=${time(start + 25)}`;
  await othersEnded(app.db);
  const follower = new Follower(app, partner, between);
  await seeing(follower, ids.slice(5, 25));
  t.same(follower.seen, shown(...ids.slice(5, 25)));
  const first = await list(app, partner, `order=asc&${between}`);
  t.equal(first.json.count, 16);
  t.equal(first.json.has_more, true);
  t.ok(Buffer.byteLength(first.text) <= 4 * 1024 * 1024);
});
