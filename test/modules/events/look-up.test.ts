import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { idsOf, poll, postEvent, uuidAt } from '../../helper/seed.ts';

const app = await startTestApp(t);
const get = (id: string, key: string) => app.request('GET', `/v1/events/${id}`, { key });

t.test('a pending event is shown as on an inbox page, with its status and history', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key, { event_type: 'order.created', metadata: { source: 'shop' }, payload: { a: [1] } });
  const [onPage] = (await poll(app, partner)).json.events;
  const answer = await get(id, partner.key);
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('cache-control'), 'no-store');
  t.same(answer.json, { ...onPage, status: 'pending', history: [{ status: 'received', at: onPage.received_at }] });
});

t.test('an acknowledged event is still shown, with the time of its acknowledgement in the history', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const { json } = await app.request('PATCH', `/v1/events/${id}/acknowledge`, { key: partner.key });
  const shown = (await get(id, partner.key)).json;
  t.equal(shown.status, 'acknowledged');
  t.same(shown.history, [
    { status: 'received', at: shown.received_at },
    { status: 'acknowledged', at: json.acknowledged_at },
  ]);
});

t.test('the payload is given back byte for byte', async (t) => {
  const { key } = await app.addPartner();
  const payload = '{ "n":1.0,"big":9007199254740993, "z":"\\u0000" ,"a":1e400}';
  const posted = await app.request('POST', '/v1/events', { key, body: `{"event_type":"x","payload":${payload}}` });
  t.ok((await get(posted.json.event_id, key)).text.includes(`"payload":${payload},`));
});

t.test('looking an event up changes nothing', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  const first = await get(id, partner.key);
  t.equal((await get(id, partner.key)).text, first.text);
  t.same(idsOf(await poll(app, partner)), [id]);
});

t.test("an unknown or malformed id and another partner's event get the same 404, byte for byte", async (t) => {
  const [partner, other] = [await app.addPartner(), await app.addPartner()];
  const foreign = await postEvent(app, other.key);
  const unknown = `evt_${uuidAt(Date.now())}`;
  const answerTo = async (id: string) => {
    const { status, text } = await get(id, partner.key);
    return { status, text: text.replace(/"instance":"[^"]*"/, '').replace(/"request_id":"[^"]*"/, '') };
  };
  const expected = await answerTo(unknown);
  t.match(expected, { status: 404, text: /"code":"event_not_found"/ });
  for (const id of [foreign, 'x', 'evt_', unknown.slice(4), unknown.toUpperCase(), 'batch', '%20', 'x'.repeat(300)])
    t.same(await answerTo(id), expected, id.slice(0, 50));
});
