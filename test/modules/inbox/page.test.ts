import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent, seedEvents, seedMany, uuidAt, walk } from '../../helper/seed.ts';

const app = await startTestApp(t);

t.test('an empty inbox is 200 with an empty page', async (t) => {
  const answer = await poll(app, await app.addPartner(), 'limit=10');
  t.equal(answer.status, 200);
  t.equal(answer.text, '{"events":[],"count":0,"has_more":false,"next_cursor":null}');
  t.match(answer.headers.get('content-type'), /^application\/json(;|$)/);
  t.equal(answer.headers.get('cache-control'), 'no-store');
});

t.test('an event on a page has the documented members', async (t) => {
  const partner = await app.addPartner();
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const event = { event_type: 'order.created', timestamp: '2026-11-24T10:30:00.5+01:00', payload: { a: 1 }, metadata: { source: 'shop' } };
  const posted = await app.request('POST', '/v1/events', { key: partner.key, body: event, headers: { traceparent: trace } });
  const [shown] = (await poll(app, partner)).json.events;
  t.same(shown, {
    event_id: posted.json.event_id,
    event_type: 'order.created',
    timestamp: '2026-11-24T09:30:00.500Z',
    payload: { a: 1 },
    metadata: { source: 'shop' },
    trace_parent: trace,
    received_at: posted.json.received_at,
    expires_at: posted.json.expires_at,
    delivery: { count: 0, replayed: false },
  });
  t.equal(Date.parse(shown.expires_at) - Date.parse(shown.received_at), 72 * 3_600_000);
});

t.test('payload and metadata come back byte for byte', async (t) => {
  const partner = await app.addPartner();
  const payload = '{ "z":1.0,"a":9007199254740993 ,"e":1e400,"n":"\\u0000\\ud800","é":"\u2028","__proto__":{"x":[ ]},"a":-0}';
  const metadata = '{"b":"\\u00e9", "a" :"1"}';
  await app.request('POST', '/v1/events', {
    key: partner.key,
    body: `{"metadata":${metadata},"event_type":"order.created","payload":${payload}}`,
  });
  const { text } = await poll(app, partner);
  t.ok(text.includes(`"payload":${payload},`), 'the payload is the text that was sent');
  t.ok(text.includes(`"metadata":${metadata},`), 'the metadata is the text that was sent');
});

t.test('limit is exact: fewer come only when there are no more', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 501);
  for (const limit of [1, 2, 99, 100, 499, 500]) {
    const { json } = await poll(app, partner, `limit=${limit}`);
    t.same(idsOf({ json }), ids.slice(0, limit), `limit ${limit}`);
    t.match(json, { count: limit, has_more: true, next_cursor: String });
  }
  t.equal((await poll(app, partner, '')).json.count, 100, 'the default limit is 100');
});

t.test('has_more is false exactly when the page ends the inbox', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 3);
  t.match((await poll(app, partner, 'limit=3')).json, { count: 3, has_more: false, next_cursor: null });
  t.match((await poll(app, partner, 'limit=4')).json, { count: 3, has_more: false, next_cursor: null });
  t.match((await poll(app, partner, 'limit=2')).json, { count: 2, has_more: true });
});

t.test('a page that would pass 4 MiB is shorter, says has_more, and all events come over the pages', async (t) => {
  const partner = await app.addPartner();
  // Just under 256 KiB each; a long type, because the bound is on the page and not on the payloads alone.
  const payload = JSON.stringify({ text: 'x'.repeat(255 * 1024) });
  const ids = await seedMany(app.db, partner.id, 40, { payload, type: 't'.repeat(255) });
  const pages = await walk(app, partner, 'limit=500');
  t.ok(pages.length >= 3, '40 events of 255 KiB are more than two pages');
  for (const page of pages) t.ok(Buffer.byteLength(page.text) <= 4 * 1024 * 1024, `a page of ${Buffer.byteLength(page.text)} bytes`);
  for (const page of pages.slice(0, -1)) {
    t.equal(page.json.has_more, true);
    t.ok(Buffer.byteLength(page.text) > 3.5 * 1024 * 1024, 'a page stops only where the next event would pass the bound');
  }
  t.same(pages.flatMap(idsOf), ids);
  t.equal(pages.at(-1)?.json.has_more, false);
});

t.test('the 4 MiB are counted in bytes, and with small events too', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 500, { type: 't'.repeat(255), payload: JSON.stringify({ text: 'ü'.repeat(4_000) }) });
  const pages = await walk(app, partner, 'limit=500');
  for (const page of pages) t.ok(Buffer.byteLength(page.text) <= 4 * 1024 * 1024, `a page of ${Buffer.byteLength(page.text)} bytes`);
  t.same(pages.flatMap(idsOf), ids);
});

t.test('events come oldest first, within a page and across pages', async (t) => {
  const partner = await app.addPartner();
  const now = Date.now();
  // Stored in an order that is neither that of arrival nor its reverse, several in one millisecond.
  const ids = [5, 1, 4, 0, 3, 2].flatMap((offset) => [2, 0, 1].map((sequence) => uuidAt(now - 10 + offset, sequence)));
  for (const id of ids) await seedEvents(app.db, partner.id, [{ id }]);
  const expected = ids.map((id) => `evt_${id}`).sort();
  t.same((await walk(app, partner, 'limit=4')).flatMap(idsOf), expected);
  t.same(idsOf(await poll(app, partner)), expected);
});

t.test('the order holds while others write: every page of a pass is ascending, and after it nothing is missing', async (t) => {
  const partner = await app.addPartner();
  const before = await seedMany(app.db, partner.id, 300);
  let writing = true;
  const posted: string[] = [];
  const writers = Array.from({ length: 4 }, async () => {
    while (writing) posted.push(await postEvent(app, partner.key));
  });
  const passes: string[][] = [];
  for (let pass = 0; pass < 5; pass++) passes.push((await walk(app, partner, 'limit=37')).flatMap(idsOf));
  writing = false;
  await Promise.all(writers);
  for (const seen of passes) {
    t.same(seen, [...new Set(seen)].sort(), 'a pass shows each event once, oldest first');
    t.same(seen.slice(0, 300), before, 'what was there before comes first');
  }
  const all = (await walk(app, partner, 'limit=500')).flatMap(idsOf);
  t.same(all, [...before, ...posted.sort()]);
});

t.test('looking changes nothing: the same events come again, never counted as deliveries', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 5);
  for (let look = 0; look < 3; look++) {
    const { json } = await poll(app, partner, 'limit=5');
    t.same(idsOf({ json }), ids);
    t.ok(json.events.every((event: { delivery: object }) => JSON.stringify(event.delivery) === '{"count":0,"replayed":false}'));
  }
});

t.test("the story's poll pattern processes each event once", async (t) => {
  const partner = await app.addPartner();
  const sent = await Promise.all(Array.from({ length: 57 }, (_, index) => postEvent(app, partner.key, { payload: { index } })));
  const processed: string[] = [];
  for (;;) {
    const events = idsOf(await poll(app, partner, 'limit=10'));
    if (events.length === 0) break;
    for (const id of events) {
      processed.push(id);
      const answer = await app.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key });
      t.equal(answer.status, 200);
    }
  }
  t.same(processed, sent.sort());
});

t.test('what was acknowledged never comes again, and what was not keeps coming', async (t) => {
  const partner = await app.addPartner();
  const ids = await seedMany(app.db, partner.id, 20);
  const even = ids.filter((_, index) => index % 2 === 0);
  const odd = ids.filter((_, index) => index % 2 === 1);
  await acknowledge(app, partner, even);
  t.same(idsOf(await poll(app, partner)), odd);
  t.same((await walk(app, partner, 'limit=3')).flatMap(idsOf), odd);
});
