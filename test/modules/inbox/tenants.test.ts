import t from 'tap';
import { startTestApp, type TestPartner } from '../../helper/app.ts';
import { acknowledge, idsOf, poll, postEvent, walk } from '../../helper/seed.ts';

const app = await startTestApp(t);

t.test("no byte of a partner's events is in any answer to another, whatever it asks", async (t) => {
  const [mine, foreign] = [await app.addPartner(), await app.addPartner()];
  const marker = 'planted-marker-7f3a';
  const foreignIds = [];
  for (let index = 0; index < 5; index++) {
    foreignIds.push(
      await postEvent(app, foreign.key, {
        event_type: marker,
        payload: { marker },
        metadata: { marker },
        idempotency_key: `${marker}-${index}`,
      }),
    );
    await postEvent(app, mine.key);
  }
  const [id] = foreignIds;
  const answers = await Promise.all([
    app.request('GET', '/v1/inbox?limit=500', { key: mine.key }),
    app.request('GET', `/v1/inbox?limit=500&event_type=${marker}`, { key: mine.key }),
    app.request('GET', '/v1/inbox?wait=1&event_type=planted.*', { key: mine.key }),
    app.request('GET', `/v1/events/${id}`, { key: mine.key }),
    app.request('PATCH', `/v1/events/${id}/acknowledge`, { key: mine.key }),
    acknowledge(app, mine, foreignIds),
    app.request('POST', '/v1/events', { key: mine.key, body: { event_type: 'x', payload: {}, idempotency_key: `${marker}-0` } }),
    app.request('GET', '/v1/account', { key: mine.key }),
    app.request('GET', '/v1/usage', { key: mine.key }),
  ]);
  for (const { text } of answers) {
    // What a request itself named, its path or its ids, may be repeated.
    const said = foreignIds.reduce((rest, own) => rest.replaceAll(own, ''), text);
    t.notOk(said.includes(marker), said.slice(0, 80));
    t.notOk(said.includes(foreign.slug));
  }
  t.same(idsOf(await poll(app, foreign)), foreignIds, 'and nothing of it was changed');
});

t.test('a keyed event of one partner does not hold the key for another', async (t) => {
  const [one, two] = [await app.addPartner(), await app.addPartner()];
  const ids = [await postEvent(app, one.key, { idempotency_key: 'same' }), await postEvent(app, two.key, { idempotency_key: 'same' })];
  t.not(ids[0], ids[1]);
  t.same([idsOf(await poll(app, one)), idsOf(await poll(app, two))], [[ids[0]], [ids[1]]]);
});

t.test('partners that write and read at once each see exactly their own', async (t) => {
  const partners: TestPartner[] = [];
  for (let index = 0; index < 6; index++) partners.push(await app.addPartner());
  const sent = await Promise.all(
    partners.map((partner) =>
      Promise.all(Array.from({ length: 40 }, () => postEvent(app, partner.key, { payload: { of: partner.slug } }))),
    ),
  );
  for (const [index, partner] of partners.entries()) {
    const pages = await walk(app, partner, 'limit=7');
    t.same(pages.flatMap(idsOf), sent[index]?.sort());
    const owners = pages.flatMap(({ json }) => json.events.map((event: { payload: { of: string } }) => event.payload.of));
    t.same(new Set(owners), new Set([partner.slug]));
  }
});
