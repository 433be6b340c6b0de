import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { idsOf, poll, seedEvents, uuidAt } from '../../helper/seed.ts';
import { idsUpTo, publicIds, seedAcknowledged, seedDead } from '../../helper/settled.ts';

const app = await startTestApp(t);
const hour = 3_600_000;

t.afterEach(() => {
  app.clock.stoppedAtMs = undefined;
});

const redrive = ({ key }: TestPartner, body: unknown) => app.request('POST', '/v1/dead-letters/redrive', { key, body });
const replay = ({ key }: TestPartner, body: unknown) => app.request('POST', '/v1/events/replay', { key, body });
const time = (ms: number) => new Date(ms).toISOString();
const wide = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
const inboxOf = async (partner: TestPartner) => idsOf(await poll(app, partner));
const listed = (ids: string[], event = {}) => ids.map((id) => ({ id, ...event }));

/** Three dead letters that differ in type, reason and time of death. */
async function seedThree(partner: TestPartner): Promise<{ ids: [string, string, string]; at: number }> {
  const at = Date.now() - 60_000;
  const ids: [string, string, string] = [uuidAt(at), uuidAt(at + 1), uuidAt(at + 2)];
  await seedDead(app.db, partner.id, [{ id: ids[0], type: 'order.created' }], { deadAtMs: at + 30_000 });
  await seedDead(app.db, partner.id, [{ id: ids[1], type: 'order.paid' }], { deadAtMs: at + 20_000, reason: 'max_deliveries_exceeded' });
  await seedDead(app.db, partner.id, [{ id: ids[2], type: 'customer.moved' }], { deadAtMs: at + 10_000 });
  return { ids, at };
}

t.test('an empty filter redrives every dead letter; a second time there is nothing left to do', async (t) => {
  const partner = await app.addPartner();
  const { ids } = await seedThree(partner);
  t.match(await redrive(partner, { filter: {} }), { status: 200, json: { matched: 3, moved: 3 } });
  t.same(await inboxOf(partner), publicIds(ids));
  t.match(await redrive(partner, { filter: {} }), { status: 200, json: { matched: 0, moved: 0 } });
  t.equal((await app.request('GET', '/v1/dead-letters', { key: partner.key })).json.count, 0);
});

t.test('a redrive chooses by reason, by types and by the time of death, from included and to not', async (t) => {
  const partner = await app.addPartner();
  const { ids, at } = await seedThree(partner);
  const cases: [filter: object, expected: number[]][] = [
    [{ reason: 'rejected' }, [0, 2]],
    [{ reason: 'max_deliveries_exceeded' }, [1]],
    [{ event_types: ['order.*'] }, [0, 1]],
    [{ event_types: ['order.created', 'customer.moved'] }, [0, 2]],
    [{ event_types: ['order.*'], reason: 'rejected' }, [0]],
    [{ from: time(at + 20_000) }, [0, 1]],
    [{ from: time(at + 20_001) }, [0]],
    [{ to: time(at + 20_000) }, [2]],
    [{ to: time(at + 20_001) }, [1, 2]],
    [{ from: time(at + 20_000), to: time(at + 30_000) }, [1]],
    [{ from: time(at + 30_000), to: time(at + 20_000) }, []],
    [{ from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' }, [0, 1, 2]],
    [{ event_types: ['order_.created'] }, []],
  ];
  for (const [filter, expected] of cases) {
    const name = JSON.stringify(filter);
    t.same((await redrive(partner, { filter, dry_run: true })).json, { matched: expected.length, dry_run: true }, name);
    t.match((await redrive(partner, { filter })).json, { matched: expected.length, moved: expected.length }, name);
    t.same(await inboxOf(partner), publicIds(expected.map((n) => ids[n] as string)), name);
    // Back to where they were.
    await app.db.query('DELETE FROM inbox WHERE partner_id = $1', [partner.id]);
    await app.db.query('DELETE FROM dead_letters WHERE partner_id = $1', [partner.id]);
    await app.db.query(
      `INSERT INTO dead_letters (partner_id, id, event_type, attributes, payload, reason, deliveries, replayed, dead_at)
       SELECT partner_id, id, event_type, attributes, payload, CASE event_type WHEN 'order.paid' THEN 'max_deliveries_exceeded' ELSE 'rejected' END, 1, false,
         $2::timestamptz + CASE event_type WHEN 'order.created' THEN 30 WHEN 'order.paid' THEN 20 ELSE 10 END * interval '1 second'
       FROM events WHERE partner_id = $1`,
      [partner.id, time(at)],
    );
  }
});

t.test('a redrive by ids moves those that are dead letters and names the others', async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const { ids } = await seedThree(partner);
  const { ids: foreign } = await seedThree(other);
  const unknown = ['evt_x', `evt_${uuidAt(Date.now())}`, `evt_${foreign[0]}`];
  const wanted = [unknown[0], `evt_${ids[2]}`, unknown[1], `evt_${ids[0]}`, unknown[2]];
  t.same((await redrive(partner, { event_ids: wanted, dry_run: true })).json, { matched: 2, dry_run: true });
  t.same(await inboxOf(partner), []);
  t.same((await redrive(partner, { event_ids: wanted })).json, { matched: 2, moved: 2, unmatched: unknown });
  t.same(await inboxOf(partner), publicIds([ids[0], ids[2]]));
  t.same((await redrive(partner, { event_ids: wanted })).json, { matched: 0, moved: 0, unmatched: wanted }, 'a repetition does nothing');
  t.equal((await app.request('GET', '/v1/dead-letters', { key: other.key })).json.count, 3, 'the other partner has lost nothing');
});

t.test('a redrive of nothing, of too much, of both or of something unknown is refused, and changes nothing', async (t) => {
  const partner = await app.addPartner();
  const { ids } = await seedThree(partner);
  const [id] = publicIds(ids);
  for (const [body, code] of [
    [{}, 'validation_failed'],
    [{ dry_run: true }, 'validation_failed'],
    [{ event_ids: [id], filter: {} }, 'validation_failed'],
    [{ event_ids: [] }, 'empty_batch'],
    [{ event_ids: Array.from({ length: 501 }, (_, n) => `evt_${n}`) }, 'batch_too_many'],
    [{ event_ids: [id, id] }, 'duplicate_event_in_request'],
    [{ filter: { types: ['a.b'] } }, 'unknown_field'],
    [{ filter: {}, maxPerSecond: 3 }, 'unknown_field'],
    [{ filter: {}, max_per_second: 0 }, 'validation_failed'],
    [{ filter: {}, dry_run: 'yes' }, 'validation_failed'],
    [{ filter: { from: 'yesterday' } }, 'validation_failed'],
    [{ filter: { reason: 'boredom' } }, 'validation_failed'],
    [{ filter: { event_types: [] } }, 'validation_failed'],
    [{ filter: { event_types: ['*'] } }, 'validation_failed'],
    [{ filter: { event_types: Array.from({ length: 21 }, (_, n) => `type.${n}`) } }, 'validation_failed'],
    [undefined, 'validation_failed'],
  ] as const)
    t.match(await redrive(partner, body), { status: 400, json: { code } }, JSON.stringify(body));
  t.same(await inboxOf(partner), []);
});

t.test('a replay takes what was received from the one time to before the other, and was acknowledged', async (t) => {
  const partner = await app.addPartner();
  const at = Date.now() - hour;
  const ids = [0, 1, 2, 3].map((n) => uuidAt(at + n));
  await seedAcknowledged(app.db, partner.id, listed(ids));
  await seedEvents(app.db, partner.id, [{ id: uuidAt(at + 1) }]);
  const filter = { from: time(at + 1), to: time(at + 3) };
  t.same((await replay(partner, { filter, dry_run: true })).json, { matched: 2, dry_run: true });
  t.same((await replay(partner, { filter })).json, { matched: 2, moved: 2 });
  const page = await poll(app, partner);
  t.same(
    page.json.events
      .filter(({ delivery }: { delivery: { replayed: boolean } }) => delivery.replayed)
      .map((each: { event_id: string }) => each.event_id),
    publicIds(ids.slice(1, 3)),
  );
  t.same((await replay(partner, { filter })).json, { matched: 0, moved: 0 }, 'a repetition does nothing');
});

t.test('a replay chooses by type and by where the events are, the oldest first up to the limit', async (t) => {
  const at = Date.now() - hour;
  const cases: [body: object, expected: number[]][] = [
    [{ filter: wide }, [0, 1, 2]],
    [{ filter: { ...wide, status: 'acknowledged' } }, [0, 1, 2]],
    [{ filter: { ...wide, status: 'dead_lettered' } }, [3, 4]],
    [{ filter: { ...wide, status: 'any' } }, [0, 1, 2, 3, 4]],
    [{ filter: { ...wide, event_types: ['order.*'] } }, [0, 2]],
    [{ filter: { ...wide, event_types: ['order.*'], status: 'any' } }, [0, 2, 4]],
    [{ filter: wide, limit: 2 }, [0, 1]],
    [{ filter: { ...wide, event_types: ['order.*'], status: 'any' }, limit: 2 }, [0, 4]],
    [{ filter: { ...wide, status: 'any' }, limit: 4 }, [0, 1, 3, 4]],
  ];
  for (const [body, expected] of cases) {
    const partner = await app.addPartner();
    // In time: 0 acknowledged, 3 and 4 dead, 1 and 2 acknowledged, 5 pending.
    const ids = [0, 3, 4, 1, 2, 5].map((place) => uuidAt(at + place));
    const event = (n: number) => ({ id: ids[n] as string, type: n % 2 === 0 ? 'order.created' : 'customer.moved' });
    await seedAcknowledged(app.db, partner.id, [0, 1, 2].map(event));
    await seedDead(app.db, partner.id, [3, 4].map(event));
    await seedEvents(app.db, partner.id, [event(5)]);
    const name = JSON.stringify(body);
    const counts = { matched: expected.length };
    t.same((await replay(partner, { ...body, dry_run: true })).json, { ...counts, dry_run: true }, name);
    t.same((await replay(partner, body)).json, { ...counts, moved: expected.length }, name);
    t.same((await inboxOf(partner)).sort(), publicIds([...expected, 5].map((n) => ids[n] as string)).sort(), name);
  }
});

t.test('a replay without its times, or with something unknown, is refused', async (t) => {
  const partner = await app.addPartner();
  for (const [body, code] of [
    [undefined, 'validation_failed'],
    [{}, 'validation_failed'],
    [{ filter: {} }, 'validation_failed'],
    [{ filter: { from: wide.from } }, 'validation_failed'],
    [{ filter: { to: wide.to } }, 'validation_failed'],
    [{ filter: { ...wide, status: 'pending' } }, 'validation_failed'],
    [{ filter: { ...wide, reason: 'rejected' } }, 'unknown_field'],
    [{ filter: wide, limit: 0 }, 'validation_failed'],
    [{ filter: wide, event_ids: [] }, 'unknown_field'],
    [{ filter: wide, max_per_second: 1.5 }, 'validation_failed'],
  ] as const)
    t.match(await replay(partner, body), { status: 400, json: { code } }, JSON.stringify(body));
});

t.test('500 matches are moved at once', async (t) => {
  const partner = await app.addPartner();
  const ids = idsUpTo(500);
  await seedAcknowledged(app.db, partner.id, listed(ids));
  t.match(await replay(partner, { filter: wide }), { status: 200, json: { matched: 500, moved: 500 } });
  t.same(await inboxOf(partner), publicIds(ids));
  t.equal((await app.db.query('SELECT FROM bulk_jobs WHERE partner_id = $1', [partner.id])).rowCount, 0);
});

t.test('few matches far apart are found in a long history', async (t) => {
  const partner = await app.addPartner();
  const ids = idsUpTo(12_000);
  await seedAcknowledged(
    app.db,
    partner.id,
    ids.map((id, n) => ({ id, type: n % 4_000 === 3_999 ? 'rare.one' : 'common.one' })),
  );
  const rare = [3_999, 7_999, 11_999].map((n) => ids[n] as string);
  t.same((await replay(partner, { filter: { ...wide, event_types: ['rare.*'] } })).json, { matched: 3, moved: 3 });
  t.same(await inboxOf(partner), publicIds(rare));
});

t.test('what has expired, what was expunged and what is another partner’s does not match', async (t) => {
  const [partner, other] = [await app.addPartner({ retentionSeconds: 3_600 }), await app.addPartner()];
  const now = Date.now();
  app.clock.stoppedAtMs = now;
  const [expired, young, expunged] = [uuidAt(now - hour), uuidAt(now - hour + 1), uuidAt(now - 1)];
  await seedAcknowledged(app.db, partner.id, listed([expired, young, expunged]), now - 1);
  const [deadExpired, dead, deadExpunged] = [uuidAt(now - hour), uuidAt(now - hour + 1), uuidAt(now - 1)];
  await seedDead(app.db, partner.id, listed([deadExpired, dead, deadExpunged]), { deadAtMs: now - 1 });
  await app.db.query('UPDATE events SET expunged_at = $2 WHERE id = ANY ($1)', [[expunged, deadExpunged], time(now)]);
  await seedAcknowledged(app.db, other.id, listed([uuidAt(now - 5)]), now - 1);
  await seedDead(app.db, other.id, listed([uuidAt(now - 5)]), { deadAtMs: now - 1 });
  t.same((await replay(partner, { filter: wide })).json, { matched: 1, moved: 1 });
  t.same(await inboxOf(partner), publicIds([young]));
  const named = publicIds([deadExpired, dead, deadExpunged]);
  t.same((await redrive(partner, { event_ids: named })).json, { matched: 1, moved: 1, unmatched: [named[0], named[2]] });
  t.same((await redrive(partner, { filter: {} })).json, { matched: 0, moved: 0 });
  t.same(await inboxOf(other), []);
  t.same((await replay(other, { filter: { ...wide, status: 'any' }, dry_run: true })).json, { matched: 2, dry_run: true });
});
