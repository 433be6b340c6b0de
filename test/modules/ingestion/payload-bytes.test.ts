import t from 'tap';
import { startTestApp } from '../../helper/app.ts';

const { request, addPartner } = await startTestApp(t);

/** Payloads that a parser, a serializer, jsonb or an escaping mistake would change. */
const payloads = [
  '{}',
  '{ }',
  '{"number":9007199254740993}',
  '{"n":[1.0,1.10,-0,1E2,1e-7,1e400,123456789012345678901234567890,0.1000000000000000055511151231257827]}',
  '{"z":1,"a":2,"10":3,"2":4}',
  '{"same":1,"same":2}',
  '{"nul":"\\u0000","bell":"\\u0007","lone":"\\ud800","pair":"\\ud83d\\ude00","upper":"\\u00E9","lower":"\\u00e9"}',
  '{"slash":"\\/","plain":"/","quote":"\\"","backslash":"\\\\","lines":"\\n\\r\\t\\b\\f"}',
  '{"looks like copy":"\\\\N \\\\. \\\\t"}',
  '{\n\t"white" : "space" ,\r\n  "and" : [ 1 , 2 ]\n}',
  '{"raw":"naïve 日本語 😀 \u2028\u2029 \ufeff \u007f \uffff"}',
  '{"braces":"}{][,:","nested":{"payload":{"events":[{}]}}}',
  '{"__proto__":{"x":1},"constructor":{"prototype":{}},"toString":null}',
  '{"":"","\\u0061":1,"a":2}',
  '{"quote":"\'; DROP TABLE events; --","dollar":"$1 $$ %s"}',
  `{"long":"${'x'.repeat(100_000)}"}`,
  `{"deep":${'['.repeat(62)}${']'.repeat(62)}}`,
];

/** The payload texts of the whole inbox, oldest first; the text between the two members that stand around it. */
async function delivered(key: string): Promise<string[]> {
  const { text, json } = await request('GET', '/v1/inbox?limit=500', { key });
  const found = text.split('"payload":{').length - 1;
  t.ok(found >= json.count);
  const texts: string[] = [];
  for (let at = 0; texts.length < json.count; ) {
    const start = text.indexOf(',"payload":', at) + ',"payload":'.length;
    const end = text.indexOf(',"received_at":', start);
    texts.push(text.slice(start, end));
    at = end;
  }
  return texts;
}

t.test('a payload is given back byte for byte', async (t) => {
  const { key } = await addPartner();
  for (const payload of payloads) {
    const { status, text } = await request('POST', '/v1/events', { key, body: `{"event_type":"a","payload":${payload}}` });
    t.equal(status, 200, text);
  }
  t.same(await delivered(key), payloads);
});

t.test('also from a batch that goes to the database by COPY', async (t) => {
  const { key } = await addPartner();
  const many = Array.from({ length: 80 }, (_, index) => payloads[index % payloads.length] as string).filter(
    (text) => text.length < 10_000 && !text.startsWith('{"deep"'),
  );
  t.ok(many.length >= 64);
  const items = many.map((payload) => `{"event_type":"a","payload":${payload}}`);
  const bodies = [`{"events":[${items.join(',')}]}`, `[${items.join(' ,\n')}]`];
  for (const body of bodies) {
    const { status, json } = await request('POST', '/v1/events/batch', { key, body });
    t.equal(status, 200);
    t.equal(json.accepted, many.length);
  }
  t.same(await delivered(key), [...many, ...many]);
});

t.test('also beside an idempotency key, and from small batches', async (t) => {
  const { key } = await addPartner();
  for (const [index, payload] of payloads.entries()) {
    const body = `{"payload":${payload},"event_type":"a"}`;
    t.equal((await request('POST', '/v1/events', { key, body, headers: { 'idempotency-key': `k${index}` } })).status, 200);
  }
  const few = payloads.slice(0, 7);
  const body = `[${few.map((payload) => `{"event_type":"a","payload":${payload}}`).join(',')}]`;
  t.equal((await request('POST', '/v1/events/batch', { key, body })).status, 200);
  t.same(await delivered(key), [...payloads, ...few]);
});

t.test('metadata is given back byte for byte too', async (t) => {
  const { key } = await addPartner();
  const metadata = '{ "b":"\\u0000", "a" : "\\ud800\\\\ü" ,"":"" }';
  const item = `{"event_type":"a","metadata":${metadata},"payload":{}}`;
  await request('POST', '/v1/events', { key, body: item });
  await request('POST', '/v1/events/batch', { key, body: `[${Array.from({ length: 64 }, () => item).join(',')}]` });
  const { text, json } = await request('GET', '/v1/inbox?limit=500', { key });
  t.equal(json.count, 65);
  t.equal(text.split(`"metadata":${metadata},`).length - 1, 65);
});

t.test('of a repeated payload the last counts, however its name is spelled; the stored one is the checked one', async (t) => {
  const { key } = await addPartner();
  const accepted: [string, string][] = [
    ['{"event_type":"a","payload":{"v":1},"payload":{"v":2}}', '{"v":2}'],
    ['{"event_type":"a","payload":7,"payload":{"v":3}}', '{"v":3}'],
    ['{"event_type":"a","payload":{"v":4},"p\\u0061yload":{"v":5}}', '{"v":5}'],
    ['{"event_type":"a","\\u0070\\u0061\\u0079\\u006c\\u006f\\u0061\\u0064":{"v":6}}', '{"v":6}'],
    ['{"event_type":"a","\\\\u0070ayload":1,"nested":{"payload":2},"payload":{"v":7},"payload ":3}', '{"v":7}'],
  ];
  for (const [body] of accepted) t.equal((await request('POST', '/v1/events', { key, body })).status, 200, body);
  const items = accepted.map(([body]) => body);
  t.equal((await request('POST', '/v1/events/batch', { key, body: `[${items.join(',')}]` })).status, 200);
  const expected = accepted.map(([, payload]) => payload);
  t.same(await delivered(key), [...expected, ...expected]);
  const refused = [
    '{"event_type":"a","payload":{},"payload":5}',
    '{"event_type":"a","payload":{},"p\\u0061yload":5}',
    '{"event_type":"a","payload":{},"payload":[]}',
  ];
  for (const body of refused) t.equal((await request('POST', '/v1/events', { key, body })).status, 400, body);
});

t.test('a name that an earlier body had in the same place is not taken for another spelling of payload or events', async (t) => {
  const { key } = await addPartner();
  // V8 compares names with those of earlier objects of the same shape; see withPlainNames in json-spans.ts.
  for (let i = 0; i < 3; i++) {
    await request('POST', '/v1/events', { key, body: '{"event_type":"a","payload":{},"p\\\\u0061":1}' });
    await request('POST', '/v1/events/batch', { key, body: '{"events":[{"event_type":"a","payload":{}}],"\\\\u0065":1}' });
  }
  t.equal((await request('POST', '/v1/events', { key, body: '{"event_type":"a","payload":{},"p\\u0061yload":5}' })).status, 400);
  const answer = await request('POST', '/v1/events/batch', { key, body: '{"events":[{"event_type":"a","payload":{}}],"\\u0065vents":5}' });
  t.equal(answer.status, 400, answer.text);
});
