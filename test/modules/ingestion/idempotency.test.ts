import t from 'tap';
import { insertKey, startTestApp } from '../../helper/app.ts';
import { isProblem } from './problems.ts';

const { request, addPartner, db } = await startTestApp(t);
const event = { event_type: 'order.created', payload: { id: 7 } };

function post(key: string, idempotencyKey: string | undefined, body: unknown = event) {
  return request('POST', '/v1/events', { key, body, headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey } });
}
const countOf = async (key: string) => (await request('GET', '/v1/inbox?limit=500', { key })).json.count;

t.test('same key and same content: 200 with the first event_id, duplicate:true and Idempotent-Replayed', async (t) => {
  const { key } = await addPartner();
  const first = await post(key, 'k');
  t.match(first.json, { status: 'accepted', duplicate: false });
  t.equal(first.headers.get('idempotent-replayed'), null);
  for (let i = 0; i < 3; i++) {
    const again = await post(key, 'k');
    t.equal(again.status, 200);
    t.same(again.json, { ...first.json, duplicate: true });
    t.equal(again.headers.get('idempotent-replayed'), 'true');
  }
  t.equal(await countOf(key), 1);
});

t.test('same key and other content: 422 idempotency_key_reused with original_event_id, and nothing is stored', async (t) => {
  const { key } = await addPartner();
  const base = { ...event, timestamp: '2026-11-24T10:30:00Z', metadata: { a: 'b' } };
  const first = await post(key, 'k', base);
  const others = [
    { ...base, event_type: 'order.deleted' },
    { ...base, payload: { id: 8 } },
    { ...base, timestamp: '2026-11-24T10:30:01Z' },
    { ...base, metadata: { a: 'c' } },
    { ...base, metadata: undefined },
    { ...base, timestamp: undefined },
    '{"event_type":"order.created","timestamp":"2026-11-24T10:30:00Z","metadata":{"a":"b"},"payload":{"id":7.0}}',
  ];
  for (const body of others) {
    const answer = await post(key, 'k', body);
    isProblem(t, answer, 422, 'idempotency_key_reused');
    t.equal(answer.json.original_event_id, first.json.event_id);
    t.equal(answer.json.retryable, false);
  }
  t.match((await post(key, 'k', base)).json, { duplicate: true, event_id: first.json.event_id });
  t.equal(await countOf(key), 1);
});

t.test('what is not content may differ: trace, unknown members, the order of members, where the key stands', async (t) => {
  const { key } = await addPartner();
  const first = await post(key, 'k', '{"event_type":"a","payload":{"id":7}}');
  const bodies = [
    '{"payload":{"id":7},"event_type":"a"}',
    '{ "event_type":"a", "payload" : {"id":7} , "sent_at": 5 }',
    '{"event_type":"a","payload":{"id":7},"idempotency_key":"k"}',
  ];
  for (const body of bodies) {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const again = await request('POST', '/v1/events', { key, body, headers: { 'idempotency-key': 'k', traceparent } });
    t.match(again.json, { duplicate: true, event_id: first.json.event_id }, body);
  }
});

t.test('the header is quoted (IETF) or bare, and means the same key as in the body', async (t) => {
  const { key } = await addPartner();
  const first = await post(key, 'order 7/created');
  for (const header of ['order 7/created', '"order 7/created"']) {
    t.match((await post(key, header)).json, { duplicate: true, event_id: first.json.event_id }, header);
  }
  t.match((await post(key, undefined, { ...event, idempotency_key: 'order 7/created' })).json, {
    duplicate: true,
    event_id: first.json.event_id,
  });
  t.match((await post(key, '"order 7/created"', { ...event, idempotency_key: 'order 7/created' })).json, { duplicate: true });
  t.match(
    (await post(key, undefined, { ...event, idempotency_key: '"order 7/created"' })).json,
    { duplicate: false },
    'in the body quotes are part of it',
  );
  const escaped = await post(key, '"a\\"b\\\\c"');
  t.match((await post(key, undefined, { ...event, idempotency_key: 'a"b\\c' })).json, { duplicate: true, event_id: escaped.json.event_id });
});

t.test('keys are told apart exactly: by case, by blanks, and from their beginnings', async (t) => {
  const { key } = await addPartner();
  const keys = [
    'k',
    'K',
    'k ',
    '"k k"',
    'kk',
    'k,k',
    'k%',
    'k_',
    '\\N',
    '0',
    '00',
    'null',
    'true',
    '{}',
    "'",
    'k'.repeat(254),
    'k'.repeat(255),
  ];
  for (const each of keys) {
    const header = each.startsWith('"') ? each : `"${each.replace(/[\\"]/g, '\\$&')}"`;
    t.match((await post(key, header)).json, { duplicate: false }, each.slice(0, 20));
  }
  t.equal(await countOf(key), keys.length);
});

t.test('1 to 255 printable ASCII characters; anything else is refused and nothing is stored', async (t) => {
  const { key } = await addPartner();
  for (const header of ['""', 'k'.repeat(256), `"${'k'.repeat(256)}"`, 'é', 'a\tb'])
    isProblem(t, await post(key, header), 400, 'idempotency_key_invalid', header.slice(0, 20));
  for (const idempotency_key of ['', 'k'.repeat(256), 'é', 'a\tb', 'a\u0000', 'a\n', '😀', 7, null, {}]) {
    const answer = await post(key, undefined, { ...event, idempotency_key });
    isProblem(t, answer, 400, 'validation_failed', JSON.stringify(idempotency_key)?.slice(0, 20));
    t.equal(answer.json.errors[0].pointer, '/idempotency_key');
  }
  t.equal(await countOf(key), 0);
});

t.test('one key in the header and another in the body is idempotency_key_mismatch', async (t) => {
  const { key } = await addPartner();
  isProblem(t, await post(key, 'a', { ...event, idempotency_key: 'b' }), 400, 'idempotency_key_mismatch');
  t.equal(await countOf(key), 0);
  t.match((await post(key, 'a')).json, { duplicate: false }, 'neither was used by that');
});

t.test('the scope is the partner: two partners may use the same key', async (t) => {
  const [one, other] = [await addPartner(), await addPartner()];
  const first = await post(one.key, 'shared');
  const second = await post(other.key, 'shared', { ...event, payload: { id: 'other' } });
  t.match(second.json, { duplicate: false });
  t.not(second.json.event_id, first.json.event_id);
  t.match((await post(one.key, 'shared')).json, { duplicate: true, event_id: first.json.event_id });
});

t.test('and not the API key: a rotated key retries safely', async (t) => {
  const partner = await addPartner();
  const rotated = await insertKey(db, partner.id, partner.slug);
  const first = await post(partner.key, 'k');
  t.match((await post(rotated, 'k')).json, { duplicate: true, event_id: first.json.event_id });
});

t.test('a refused event does not use its key', async (t) => {
  const { key } = await addPartner();
  isProblem(t, await post(key, 'k', { ...event, payload: 7 }), 400, 'validation_failed');
  t.match((await post(key, 'k')).json, { duplicate: false });
});

t.test('a duplicate of an acknowledged event is answered and does not come back to the inbox', async (t) => {
  const { key } = await addPartner();
  const { event_id } = (await post(key, 'k')).json;
  t.equal((await request('PATCH', `/v1/events/${event_id}/acknowledge`, { key })).status, 200);
  t.match((await post(key, 'k')).json, { duplicate: true, event_id });
  t.equal(await countOf(key), 0);
});
