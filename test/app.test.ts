import t from 'tap';
import { startTestApp } from './helper/app.ts';

t.test('an event posted is in the inbox byte for byte, and gone after its acknowledgement', async (t) => {
  const { request, addPartner } = await startTestApp(t);
  const { key } = await addPartner();
  const payload = '{"b":1.0, "a":9007199254740993,"n":"\\u0000","a":1e400}';
  const posted = await request('POST', '/v1/events', { key, body: `{"event_type":"order.created","payload":${payload}}` });
  t.equal(posted.status, 200);
  const inbox = await request('GET', '/v1/inbox?limit=10', { key });
  t.equal(inbox.status, 200);
  t.ok(inbox.text.includes(`"payload":${payload}`), 'the payload is the text that was sent');
  t.equal(inbox.json.events[0].event_id, posted.json.event_id);
  const acknowledged = await request('PATCH', `/v1/events/${posted.json.event_id}/acknowledge`, { key });
  t.match(acknowledged.json, { event_id: posted.json.event_id, status: 'acknowledged' });
  t.same((await request('GET', '/v1/inbox', { key })).json, { events: [], count: 0, has_more: false, next_cursor: null });
});
