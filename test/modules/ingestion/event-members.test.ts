import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { isProblem } from './problems.ts';

const { request, addPartner } = await startTestApp(t);
const { key } = await addPartner();
const valid = { event_type: 'order.created', payload: {} };
const post = (members: object, partnerKey = key) => request('POST', '/v1/events', { key: partnerKey, body: { ...valid, ...members } });

/** What the inbox gives of the events that are posted by `each`, oldest first. */
async function roundTrip(bodies: object[]) {
  const { key } = await addPartner();
  for (const body of bodies) t.equal((await post(body, key)).status, 200, JSON.stringify(body));
  return (await request('GET', '/v1/inbox?limit=500', { key })).json.events;
}

t.test('event_type: a letter, digit or underscore, then up to 254 of these and . : / -', async (t) => {
  const types = ['a', '0', '_', 'order.created', 'Order:Created/v1.0-beta_2', 'a'.repeat(255), 'com.example.order/created', 'a..b', 'a-'];
  const events = await roundTrip(types.map((event_type) => ({ event_type })));
  t.same(
    events.map((event: { event_type: string }) => event.event_type),
    types,
  );
  const refused = [
    '',
    '.a',
    '-a',
    ':a',
    '/a',
    'a b',
    'a\u0000',
    'a\n',
    'é',
    'a'.repeat(256),
    'a,b',
    'a"b',
    'a*',
    'a\\',
    null,
    7,
    true,
    ['a'],
    {},
  ];
  for (const event_type of refused) {
    const answer = await post({ event_type });
    isProblem(t, answer, 400, 'validation_failed', JSON.stringify(event_type));
    t.equal(answer.json.errors[0].pointer, '/event_type');
  }
  isProblem(t, await request('POST', '/v1/events', { key, body: { payload: {} } }), 400, 'validation_failed');
});

t.test('payload: any JSON object, and only an object', async (t) => {
  for (const payload of [null, 7, 'text', '{}', true, [], [{}]]) {
    const answer = await post({ payload });
    isProblem(t, answer, 400, 'validation_failed', JSON.stringify(payload));
    t.equal(answer.json.errors[0].pointer, '/payload');
  }
  const missing = await request('POST', '/v1/events', { key, body: { event_type: 'a' } });
  isProblem(t, missing, 400, 'validation_failed');
  t.same(missing.json.errors, [{ pointer: '/payload', code: 'required', detail: 'is required' }]);
});

t.test('members that the body does not know are ignored', async (t) => {
  const [event] = await roundTrip([{ eventtype: 'x', delaySeconds: 7, data: {}, nested: { deep: [1] }, constructor: 1 }]);
  t.same(Object.keys(event), [
    'event_id',
    'event_type',
    'timestamp',
    'metadata',
    'trace_parent',
    'payload',
    'received_at',
    'expires_at',
    'delivery',
  ]);
});

t.test('timestamp: any RFC 3339 time, given back in UTC with milliseconds', async (t) => {
  const times: [string, string][] = [
    ['2026-11-24T10:30:00.123Z', '2026-11-24T10:30:00.123Z'],
    ['2026-11-24T10:30:00Z', '2026-11-24T10:30:00.000Z'],
    ['2026-11-24T10:30:00.123456789Z', '2026-11-24T10:30:00.123Z'],
    ['2026-11-24t10:30:00.5z', '2026-11-24T10:30:00.500Z'],
    ['2026-11-24T10:30:00+05:30', '2026-11-24T05:00:00.000Z'],
    ['2026-11-24T10:30:00+23:59', '2026-11-23T10:31:00.000Z'],
    ['2026-11-24T10:30:00-23:59', '2026-11-25T10:29:00.000Z'],
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['1969-07-20T20:17:40Z', '1969-07-20T20:17:40.000Z'],
  ];
  const events = await roundTrip(times.map(([timestamp]) => ({ timestamp })));
  t.same(
    events.map((event: { timestamp: string }) => event.timestamp),
    times.map(([, expected]) => expected),
  );
});

t.test('timestamp: by default when the event was received', async (t) => {
  const [event] = await roundTrip([{}]);
  t.equal(event.timestamp, event.received_at);
});

t.test('timestamp: what does not exist or cannot be stored is refused', async (t) => {
  const refused = [
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '2026-11-24T10:30:00+24:00',
    '2026-11-24T10:30:00+23:60',
    '2026-02-30T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2016-12-31T23:59:60Z',
    '2026-11-24T24:00:00Z',
    '2026-11-24',
    '2026-11-24T10:30:00',
    '2026-11-24T10:30:00Z\u0000',
    'yesterday',
    '',
    1_764_000_000,
    null,
    {},
  ];
  for (const timestamp of refused) {
    const answer = await post({ timestamp });
    isProblem(t, answer, 400, 'validation_failed', JSON.stringify(timestamp));
    t.equal(answer.json.errors[0].pointer, '/timestamp');
  }
});

t.test('metadata: up to 16 pairs of text of up to 1,024 bytes in UTF-8', async (t) => {
  const pairs = (count: number, value = 'v') => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
  const kept = [
    {},
    pairs(1),
    pairs(16, 'x'.repeat(1024)),
    { ['k'.repeat(128)]: '' },
    { 'any name\n"at" all\u0000': 'ü😀' },
    { a: 'ü'.repeat(512) },
  ];
  const events = await roundTrip([...kept.map((metadata) => ({ metadata })), {}]);
  t.same(
    events.map((event: { metadata: object | null }) => event.metadata),
    [...kept, null],
  );
  const refused = [
    pairs(17),
    { a: 'x'.repeat(1025) },
    { a: `x${'ü'.repeat(512)}` },
    { a: '😀'.repeat(257) },
    { a: 7 },
    { a: null },
    { a: {} },
    { ['k'.repeat(129)]: 'v' },
    { 'line\nend': 7 },
    { 'line\nend': 'x'.repeat(1025) },
    [],
    'a',
    7,
    null,
  ];
  for (const metadata of refused) {
    const answer = await post({ metadata });
    isProblem(t, answer, 400, 'validation_failed', JSON.stringify(metadata)?.slice(0, 60));
    t.match(answer.json.errors[0].pointer, /^\/metadata/);
  }
  const [tooLong] = (await post({ metadata: { a: '😀'.repeat(257) } })).json.errors;
  t.match(tooLong, { pointer: '/metadata/a', code: 'maxBytes', detail: 'must not have more than 1024 bytes in UTF-8' });
});

t.test('a traceparent header is stored and given back; an invalid one is ignored', async (t) => {
  const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const invalid = [
    '',
    'nonsense',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    `${valid}", "injected": "`,
  ];
  const { key } = await addPartner();
  for (const traceparent of [valid, ...invalid]) {
    t.equal(
      (await request('POST', '/v1/events', { key, headers: { traceparent }, body: { event_type: 'a', payload: {} } })).status,
      200,
      traceparent,
    );
  }
  await request('POST', '/v1/events', { key, body: { event_type: 'a', payload: {} } });
  await request('POST', '/v1/events/batch', { key, headers: { traceparent: valid }, body: [{ event_type: 'a', payload: {} }] });
  const { json } = await request('GET', '/v1/inbox?limit=500', { key });
  t.same(
    json.events.map((event: { trace_parent: string | null }) => event.trace_parent),
    [valid, ...invalid.map(() => null), null, valid],
  );
});

t.test('X-Request-Id: the caller’s if it is 8 to 64 letters, digits, _ or -, else a new one; on every answer', async (t) => {
  const send = (id: string | undefined, body: object) =>
    request('POST', '/v1/events', { key, headers: id === undefined ? {} : { 'x-request-id': id }, body });
  for (const id of ['a2345678', 'Z'.repeat(64), 'with_under-score']) {
    t.equal((await send(id, valid)).headers.get('x-request-id'), id);
    const refused = await send(id, {});
    t.equal(refused.headers.get('x-request-id'), id);
    t.equal(refused.json.request_id, id);
  }
  const made: (string | null)[] = [];
  for (const id of [undefined, '', 'short12', 'Z'.repeat(65), 'with space', 'semi;colon', 'dots.are.not', 'quote"quote']) {
    const answer = await send(id, valid);
    made.push(answer.headers.get('x-request-id'));
    t.match(made.at(-1), /^[A-Za-z0-9_-]{8,64}$/, `${id}`);
    t.not(made.at(-1), id);
  }
  t.equal(new Set(made).size, made.length, 'each is new');
});
