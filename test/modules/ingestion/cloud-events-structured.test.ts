import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { batched, cloudEventsClient, required, structured } from './cloud-events.ts';
import { isProblem } from './problems.ts';

const app = await startTestApp(t);
const { addPartner } = app;

/** The raw text of the only event's payload in the plain inbox, and of its data among CloudEvents. */
async function deliveredTexts(client: Awaited<ReturnType<typeof cloudEventsClient>>): Promise<{ payload: string; data: string }> {
  const plain = (await client.plain()).text;
  const payload = plain.slice(plain.indexOf(',"payload":') + 11, plain.lastIndexOf(',"received_at":'));
  const cloudEvent = (await client.cloudEvents()).text;
  return { payload, data: cloudEvent.slice(cloudEvent.indexOf('"triggersid":') + 13 + 42 + 1, -2) };
}

t.test('data comes back byte for byte, whatever JSON it is', async (t) => {
  const values = [
    '{}',
    '{ "n" : [1.0,1E2,9007199254740993,-0], "same":1,"same":2, "\\u0061":"\\u0000\\ud800" }',
    '{"data":7}',
    '{"data_base64":"no"}',
    '[1.0, {"a":[]}]',
    '"a \\u00e9 text\\/"',
    '1.10',
    'true',
    'null',
  ];
  for (const value of values) {
    const client = await cloudEventsClient(app);
    const members = JSON.stringify(required).slice(1, -1);
    t.equal((await client.send(`{"data" :\n${value} ,${members}}`)).status, 200, value);
    const { payload, data } = await deliveredTexts(client);
    t.equal(payload, value.startsWith('{') ? value : `{"data":${value}}`);
    t.equal(data, `"data":${value}`);
  }
});

t.test('Base64 comes back as it was written, and no data as none', async (t) => {
  const client = await cloudEventsClient(app);
  await client.send(`${JSON.stringify(required).slice(0, -1)},"data_base64":"\\/\\/8="}`);
  t.same(await deliveredTexts(client), { payload: '{"data_base64":"\\/\\/8="}', data: '"data_base64":"\\/\\/8="' });
  const other = await cloudEventsClient(app);
  await other.send({ ...required, data_base64: null, datacontenttype: 'text/plain' });
  t.match((await other.plain()).json.events[0], { payload: {}, cloudevent: { data_at: null, datacontenttype: 'text/plain' } });
  const [event] = (await other.cloudEvents()).json;
  t.notOk('data' in event || 'data_base64' in event);
});

t.test('attributes of every type are kept with their type, time with its digits', async (t) => {
  const client = await cloudEventsClient(app);
  const kept = {
    subject: 'naïve "日本語" 😀 \\',
    dataschema: 'https://example.com/schema/2#/order',
    time: '2018-04-05T19:31:00.123456789+02:00',
    datacontenttype: 'application/vnd.order+json; charset="utf-8"; v=1',
    text: '',
    yes: true,
    no: false,
    largest: 2_147_483_647,
    smallest: -2_147_483_648,
    '0': 'a digit',
    averyveryverylongattributename: 'is against a SHOULD only',
  };
  const { json } = await client.send({ ...required, ...kept, data: {} });
  const [plain] = (await client.plain()).json.events;
  t.equal(plain.timestamp, '2018-04-05T17:31:00.123Z');
  const { type, ...others } = required;
  t.same(plain.cloudevent, { ...others, ...kept, data_at: '/payload' });
  t.equal(plain.metadata, null);
  t.same((await client.cloudEvents()).json, [{ ...required, ...kept, triggersid: json.event_id, data: {} }]);
});

t.test('an event without time has that of its arrival in the plain inbox, and none among CloudEvents', async (t) => {
  const client = await cloudEventsClient(app);
  await client.send({ ...required, time: null });
  const [plain] = (await client.plain()).json.events;
  t.equal(plain.timestamp, plain.received_at);
  t.notOk('time' in (await client.cloudEvents()).json[0]);
});

t.test('our own id on an event that comes from another inbox is replaced, and does not make it another event', async (t) => {
  const client = await cloudEventsClient(app);
  const first = await client.send({ ...required, triggersid: 'evt_of-another-inbox' });
  t.equal((await client.send({ ...required, triggersid: 'evt_of-a-third-one' })).json.duplicate, true);
  t.equal((await client.cloudEvents()).json[0].triggersid, first.json.event_id);
  t.notOk('triggersid' in (await client.plain()).json.events[0].cloudevent);
});

t.test('a wrong attribute is answered with a pointer to it', async (t) => {
  const client = await cloudEventsClient(app);
  const cases: [change: Record<string, unknown>, pointer: string, code: string][] = [
    [{ id: undefined }, '/id', 'required'],
    [{ id: null }, '/id', 'required'],
    [{ id: '' }, '/id', 'minLength'],
    [{ id: 7 }, '/id', 'type'],
    [{ id: 'a\nb' }, '/id', 'format'],
    [{ id: 'a\u0085b' }, '/id', 'format'],
    [{ id: '\udead' }, '/id', 'format'],
    [{ id: '\ufffe' }, '/id', 'format'],
    [{ id: '\u{1ffff}' }, '/id', 'format'],
    [{ source: undefined }, '/source', 'required'],
    [{ source: '' }, '/source', 'minLength'],
    [{ source: 'a b' }, '/source', 'format'],
    [{ source: '/%zz' }, '/source', 'format'],
    [{ source: '1:2' }, '/source', 'format'],
    [{ source: '/ü' }, '/source', 'format'],
    [{ type: undefined }, '/type', 'required'],
    [{ type: '' }, '/type', 'minLength'],
    [{ type: 'has space' }, '/type', 'pattern'],
    [{ type: 'x'.repeat(256) }, '/type', 'pattern'],
    [{ specversion: undefined }, '/specversion', 'required'],
    [{ specversion: 1.0 }, '/specversion', 'type'],
    [{ specversion: '' }, '/specversion', 'minLength'],
    [{ time: 'yesterday' }, '/time', 'format'],
    [{ time: '2018-02-30T00:00:00Z' }, '/time', 'format'],
    [{ time: 1522949460 }, '/time', 'type'],
    [{ subject: '' }, '/subject', 'minLength'],
    [{ dataschema: '/relative' }, '/dataschema', 'format'],
    [{ dataschema: '' }, '/dataschema', 'minLength'],
    [{ datacontenttype: 'json' }, '/datacontenttype', 'format'],
    [{ datacontenttype: '' }, '/datacontenttype', 'format'],
    [{ some_thing: 'x' }, '/some_thing', 'attribute_name'],
    [{ someThing: 'x' }, '/someThing', 'attribute_name'],
    [{ 'a/b~c': 'x' }, '/a~1b~0c', 'attribute_name'],
    [{ '': 'x' }, '/', 'attribute_name'],
    [{ ext: { nested: true } }, '/ext', 'type'],
    [{ ext: [] }, '/ext', 'type'],
    [{ ext: 1.5 }, '/ext', 'type'],
    [{ ext: 2_147_483_648 }, '/ext', 'type'],
    [{ ext: -2_147_483_649 }, '/ext', 'type'],
    [{ ext: 'a\u0000' }, '/ext', 'format'],
    [{ data: null, data_base64: '' }, '/data_base64', 'not'],
    [{ data_base64: 7 }, '/data_base64', 'type'],
    [{ data_base64: '... base64 encoded string ...' }, '/data_base64', 'format'],
    [{ data_base64: 'SGVsbG8' }, '/data_base64', 'format'],
    [{ data_base64: 'SGVsbG9=' }, '/data_base64', 'format'],
    [{ data_base64: '-_8=' }, '/data_base64', 'format'],
  ];
  for (const [change, pointer, code] of cases) {
    const name = `${JSON.stringify(change)} at ${pointer}`;
    const answer = await client.send({ ...required, ...change });
    isProblem(t, answer, 400, 'validation_failed', name);
    t.match(answer.json.errors, [{ pointer, code }], name);
    t.ok(answer.json.detail.startsWith(`${pointer} `), answer.json.detail);
  }
  t.equal((await client.plain()).json.count, 0, 'nothing was stored');
});

t.test('every wrong attribute is named, up to ten', async (t) => {
  const client = await cloudEventsClient(app);
  const { json } = await client.send({ specversion: '1.0', type: 'no type', time: 'never', data: {} });
  t.same(
    json.errors.map((error: { pointer: string }) => error.pointer),
    ['/type', '/time', '/id', '/source'],
  );
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`a_${at}`, 'x']));
  t.equal((await client.send(many)).json.errors.length, 10);
});

t.test('a name that JavaScript reads in its own way is an attribute name or none, like any other', async (t) => {
  const client = await cloudEventsClient(app);
  const members = JSON.stringify(required).slice(1, -1);
  const refused = await client.send(`{${members},"__proto__":{"id":"polluted"}}`);
  t.match(refused.json, { code: 'validation_failed', errors: [{ pointer: '/__proto__' }] });
  t.equal((await client.send(`{${members},"constructor":"x","hasownproperty":true}`)).status, 200);
  t.match((await client.cloudEvents()).json, [{ constructor: 'x', hasownproperty: true }]);
  t.equal(({} as Record<string, unknown>).polluted, undefined);
});

t.test('another version than 1.0 is unsupported_specversion, whatever else is wrong', async (t) => {
  const client = await cloudEventsClient(app);
  for (const specversion of ['0.3', '1.0.2', '1.1', '2.0', '1.0 ']) {
    const answer = await client.send({ specversion, eventTypeVersion: 'x' });
    isProblem(t, answer, 400, 'unsupported_specversion', specversion);
    t.match(answer.json.errors, [{ pointer: '/specversion' }]);
  }
});

t.test('what is no CloudEvent is told so', async (t) => {
  const client = await cloudEventsClient(app);
  const plain = await client.send({ event_type: 'order.created', payload: {} });
  isProblem(t, plain, 400, 'validation_failed');
  t.match(plain.json, { detail: /plain event.*application\/json/, errors: [{ pointer: '/specversion', code: 'required' }] });
  for (const body of ['[]', 'null', '7', '"text"', JSON.stringify([required])]) {
    const answer = await client.send(body);
    isProblem(t, answer, 400, 'validation_failed', body);
    t.match(answer.json.errors, [{ pointer: '', code: 'type' }], body);
  }
  for (const body of ['', '{"specversion":', '\ufeff{}', new Uint8Array([0x22, 0xff, 0x22])])
    isProblem(t, await client.send(body), 400, 'invalid_json');
});

t.test('a CloudEvent that says it is plain JSON is told its content type', async (t) => {
  const client = await cloudEventsClient(app);
  const answer = await client.send({ ...required, data: {} }, { 'content-type': 'application/json' });
  isProblem(t, answer, 400, 'validation_failed');
  t.match(answer.json, {
    detail: /application\/cloudevents\+json/,
    errors: [
      { pointer: '/event_type', code: 'required' },
      { pointer: '/specversion', code: 'content_type' },
    ],
  });
});

t.test('limits are those of plain events: 64 levels and 256 KiB', async (t) => {
  const client = await cloudEventsClient(app);
  const nested = (levels: number) => `${JSON.stringify(required).slice(0, -1)},"data":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  t.equal((await client.send(nested(63))).status, 200);
  isProblem(t, await client.send(nested(64)), 400, 'json_too_deep');
  const sized = (bytes: number) => {
    const text = JSON.stringify({ ...required, id: 'large', data: '' });
    return text.replace('"data":""', `"data":"${'x'.repeat(bytes - text.length)}"`);
  };
  t.equal((await client.send(sized(256 * 1024))).status, 200);
  isProblem(t, await client.send(sized(256 * 1024 + 1)), 413, 'payload_too_large');
});

t.test('an attribute as long as an event may be is checked in time and comes back', async (t) => {
  const client = await cloudEventsClient(app);
  const long = 200_000;
  const attempts = [
    { source: '/a'.repeat(long / 2) },
    { source: `/${'%20'.repeat(long / 3)}` },
    { source: `/${'a'.repeat(long)} ` },
    { datacontenttype: `a/b${' '.repeat(long)}x` },
    { datacontenttype: `a/b${'; c=d'.repeat(long / 5)}x;` },
    { subject: '%'.repeat(long) },
  ];
  for (const attempt of attempts) {
    const begun = performance.now();
    const { status } = await client.send({ ...required, ...attempt, id: JSON.stringify(attempt).slice(0, 20) });
    t.ok(status === 200 || status === 400);
    t.ok(performance.now() - begun < 2_000, 'no expression takes more than linear time');
  }
});

t.test('charset is UTF-8 or not there, in any spelling of the content type', async (t) => {
  const client = await cloudEventsClient(app);
  const types = [
    structured,
    `${structured};charset=utf-8`,
    `${structured}; charset="UTF-8"; v=1`,
    'Application/CloudEvents+JSON;Charset=US-ASCII',
  ];
  for (const [at, type] of types.entries())
    t.equal((await client.send({ ...required, id: `${at}` }, { 'content-type': type })).status, 200, type);
  for (const charset of ['iso-8859-1', 'utf-16', '"utf-7"']) {
    const answer = await client.send(required, { 'content-type': `${structured}; charset=${charset}` });
    isProblem(t, answer, 415, 'unsupported_media_type', charset);
    t.match(answer.json.detail, /UTF-8/);
  }
});

t.test('a batch, or another format than JSON, is 415 and told where to go', async (t) => {
  const client = await cloudEventsClient(app);
  const cases: [type: string, detail: RegExp][] = [
    [batched, /\/v1\/events\/batch/],
    ['application/cloudevents+avro', /application\/cloudevents\+json/],
    ['application/cloudevents', /application\/cloudevents\+json/],
    ['application/cloudevents+jsonp', /application\/cloudevents\+json/],
    ['text/csv', /application\/json/],
  ];
  for (const [type, detail] of cases) {
    const answer = await client.send([required], { 'content-type': type });
    isProblem(t, answer, 415, 'unsupported_media_type', type);
    t.match(answer.json.detail, detail);
  }
});

t.test('a key without the scope is refused before its event is looked at', async (t) => {
  const { key } = await addPartner({ scopes: ['inbox:read'] });
  const headers = { 'content-type': structured };
  isProblem(t, await app.request('POST', '/v1/events', { key, headers, body: 'no json' }), 403, 'forbidden');
});
