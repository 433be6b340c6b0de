import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { cloudEventsClient, required } from './cloud-events.ts';
import { isProblem } from './problems.ts';
import { exchange, postHead } from './raw-http.ts';

const app = await startTestApp(t);
const requiredHeaders = Object.entries(required).map(([name, value]) => `ce-${name}: ${value}`);

t.test('JSON is kept as its text, without the white space around it; what JSON is says the content type', async (t) => {
  const cases: [type: string, body: string, payload: string][] = [
    ['application/json', ' {"n" : 1.0}\r\n', '{"n" : 1.0}'],
    ['application/json; charset=utf-8', '[1.0]', '{"data":[1.0]}'],
    ['APPLICATION/JSON', '"text"', '{"data":"text"}'],
    ['text/json', 'null', '{"data":null}'],
    ['application/vnd.example.order+json;v=2', '{"a":1,"a":2}', '{"a":1,"a":2}'],
  ];
  for (const [type, body, payload] of cases) {
    const client = await cloudEventsClient(app);
    t.equal((await client.sendBinary({}, body, { 'content-type': type })).status, 200, type);
    t.ok((await client.plain()).text.includes(`"payload":${payload},"received_at"`), type);
    t.equal((await client.plain()).json.events[0].cloudevent.datacontenttype, type);
  }
});

t.test('text that is UTF-8 is kept as text, and everything else as bytes', async (t) => {
  const latin = Buffer.from([0x67, 0xfc, 0x6e]);
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const cases: [type: string, body: string | Uint8Array, data: Record<string, unknown>][] = [
    ['text/plain', 'grün "€"\n\u0000', { data: 'grün "€"\n\u0000' }],
    ['text/csv; header=present', 'a,b', { data: 'a,b' }],
    ['application/xml', '<a/>', { data: '<a/>' }],
    ['image/svg+xml', '<svg/>', { data: '<svg/>' }],
    ['application/x-www-form-urlencoded', 'a=1&b=%20', { data: 'a=1&b=%20' }],
    ['application/yaml; charset=utf-8', 'a: 1', { data: 'a: 1' }],
    ['text/plain; charset=us-ascii', 'plain', { data: 'plain' }],
    ['text/plain', latin, { data_base64: latin.toString('base64') }],
    ['text/plain; charset=iso-8859-1', latin, { data_base64: latin.toString('base64') }],
    ['text/plain; charset=iso-8859-1', 'ascii', { data_base64: Buffer.from('ascii').toString('base64') }],
    ['application/octet-stream', 'ascii', { data_base64: Buffer.from('ascii').toString('base64') }],
    ['image/png', everyByte, { data_base64: everyByte.toString('base64') }],
  ];
  for (const [type, body, data] of cases) {
    const client = await cloudEventsClient(app);
    const sent = await client.sendBinary({}, body, { 'content-type': type });
    t.equal(sent.status, 200, `${type}: ${sent.text}`);
    t.same((await client.plain()).json.events[0].payload, data, type);
    const [{ specversion, id, source, type: eventType, datacontenttype, triggersid, ...rest }] = (await client.cloudEvents()).json;
    t.same({ specversion, id, source, type: eventType }, required);
    t.equal(datacontenttype, type);
    t.equal(triggersid, sent.json.event_id);
    t.same(rest, data, type);
  }
});

t.test('a body without a content type is bytes; no body, with a content type or without, is no data', async (t) => {
  const { key } = await app.addPartner();
  const send = (id: string, body: string, ...headers: string[]) =>
    exchange(
      app.url,
      postHead('/v1/events', key, body.length, ...requiredHeaders.slice(0, 1), `ce-id: ${id}`, ...requiredHeaders.slice(2), ...headers),
      body,
    );
  for (const answer of [
    await send('1', 'bytes'),
    await send('2', ''),
    await send('3', '', 'Content-Type: application/json'),
    await send('4', '', 'Content-Type: image/png'),
  ])
    t.equal(answer.status, 200, answer.text);
  const { events } = (await app.request('GET', '/v1/inbox', { key })).json;
  t.match(events[0], { payload: { data_base64: 'Ynl0ZXM=' }, cloudevent: { data_at: '/payload/data_base64' } });
  t.notOk('datacontenttype' in events[0].cloudevent);
  for (const event of events.slice(1)) t.match([event.payload, event.cloudevent.data_at], [{}, null]);
  t.equal(events[2].cloudevent.datacontenttype, 'application/json');
  t.equal(events[3].cloudevent.datacontenttype, 'image/png');
});

t.test('values in double quotes lose them, with their escapes', async (t) => {
  const client = await cloudEventsClient(app);
  await client.sendBinary({ subject: '"a \\"b\\" \\\\ c%20d"', other: 'not "quoted"', half: '"open' });
  t.match((await client.plain()).json.events[0].cloudevent, { subject: 'a "b" \\ c d', other: 'not "quoted"', half: '"open' });
});

t.test('names of attributes in any case are lower case', async (t) => {
  const { key } = await app.addPartner();
  const headers = requiredHeaders.map((header) => header.replace('ce-', 'CE-')).concat('Ce-MyExtension: X');
  t.equal((await exchange(app.url, postHead('/v1/events', key, 0, ...headers))).status, 200);
  t.match((await app.request('GET', '/v1/inbox', { key })).json.events[0].cloudevent, { id: required.id, myextension: 'X' });
});

t.test('a wrong attribute is answered with the header that holds it', async (t) => {
  const client = await cloudEventsClient(app);
  const cases: [attributes: Record<string, string | null>, pointer: string, code: string][] = [
    [{ id: null }, 'ce-id', 'required'],
    [{ source: null }, 'ce-source', 'required'],
    [{ type: null }, 'ce-type', 'required'],
    [{ id: '' }, 'ce-id', 'minLength'],
    [{ specversion: '' }, 'ce-specversion', 'minLength'],
    [{ source: '/a%20b' }, 'ce-source', 'format'],
    [{ type: 'has%20space' }, 'ce-type', 'pattern'],
    [{ time: 'now' }, 'ce-time', 'format'],
    [{ subject: '%C0%A0' }, 'ce-subject', 'format'],
    [{ subject: '%ED%A0%80' }, 'ce-subject', 'format'],
    [{ subject: '100%' }, 'ce-subject', 'format'],
    [{ subject: '%4' }, 'ce-subject', 'format'],
    [{ subject: '%0a' }, 'ce-subject', 'format'],
    [{ subject: 'gr\u00fcn' }, 'ce-subject', 'format'],
    [{ datacontenttype: 'text/plain' }, 'ce-datacontenttype', 'format'],
    [{ data: 'x' }, 'ce-data', 'attribute_name'],
    [{ some_thing: 'x' }, 'ce-some_thing', 'attribute_name'],
    [{ 'a-b': 'x' }, 'ce-a-b', 'attribute_name'],
  ];
  for (const [attributes, pointer, code] of cases) {
    const name = JSON.stringify(attributes);
    const answer = await client.sendBinary(attributes, '{}', { 'content-type': 'application/json' });
    isProblem(t, answer, 400, 'validation_failed', name);
    t.match(answer.json.errors, [{ pointer, code }], name);
  }
  const type = await client.sendBinary({}, 'x', { 'content-type': 'text/plain; nonsense' });
  t.match(type.json, { code: 'validation_failed', errors: [{ pointer: 'content-type', code: 'format' }] });
  t.equal((await client.plain()).json.count, 0, 'nothing was stored');
});

t.test('a header that is there twice is refused, even with the same value', async (t) => {
  const { key } = await app.addPartner();
  const answer = await exchange(app.url, postHead('/v1/events', key, 0, ...requiredHeaders, 'ce-subject: a', 'ce-subject: a'));
  t.equal(answer.status, 400);
  t.match(JSON.parse(answer.text), { code: 'validation_failed', errors: [{ pointer: 'ce-subject' }] });
});

t.test('another version than 1.0 is unsupported_specversion', async (t) => {
  const client = await cloudEventsClient(app);
  const answer = await client.sendBinary({ specversion: '0.3', id: null }, 'x', { 'content-type': 'text/plain' });
  isProblem(t, answer, 400, 'unsupported_specversion');
  t.match(answer.json.errors, [{ pointer: 'ce-specversion' }]);
});

t.test('data that says it is JSON must be JSON, of at most 64 levels', async (t) => {
  const client = await cloudEventsClient(app);
  const json = { 'content-type': 'application/json' };
  isProblem(t, await client.sendBinary({}, '{"a":', json), 400, 'invalid_json');
  isProblem(t, await client.sendBinary({}, "I'm just a string", json), 400, 'invalid_json');
  isProblem(t, await client.sendBinary({}, Buffer.from([0x22, 0xff, 0x22]), { 'content-type': 'application/a+json' }), 400, 'invalid_json');
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  isProblem(t, await client.sendBinary({}, nested(65), json), 400, 'json_too_deep');
  t.equal((await client.sendBinary({}, nested(64), json)).status, 200);
  t.equal((await client.sendBinary({ id: 'text' }, nested(65), { 'content-type': 'text/plain' })).status, 200, 'text has no levels');
});

t.test('data has at most 256 KiB, as it comes and as it is given back', async (t) => {
  const client = await cloudEventsClient(app);
  const largest = Buffer.alloc(256 * 1024);
  const bytes = { 'content-type': 'application/octet-stream' };
  isProblem(t, await client.sendBinary({}, Buffer.alloc(256 * 1024 + 1), bytes), 413, 'payload_too_large');
  const encoded = await client.sendBinary({}, largest, bytes);
  isProblem(t, encoded, 413, 'payload_too_large');
  t.match(encoded.json.detail, /given back/);
  isProblem(t, await client.sendBinary({}, largest.subarray(0, 64 * 1024), { 'content-type': 'text/plain' }), 413, 'payload_too_large');
  t.equal((await client.sendBinary({}, largest.subarray(0, 190 * 1024), bytes)).status, 200);
});

t.test('without ce-specversion a request is a plain event or nothing, whatever other headers of the kind it has', async (t) => {
  const client = await cloudEventsClient(app);
  const event = JSON.stringify({ event_type: 'order.created', payload: {} });
  t.equal((await client.sendBinary({ specversion: null }, event, { 'content-type': 'application/json' })).status, 200);
  t.notOk('cloudevent' in (await client.plain()).json.events[0]);
  const answer = await client.sendBinary({ specversion: null }, 'x', { 'content-type': 'text/plain' });
  isProblem(t, answer, 415, 'unsupported_media_type');
  for (const body of [undefined, '']) {
    const nothing = await client.sendBinary({ specversion: null }, body, body === undefined ? {} : { 'content-type': 'application/json' });
    isProblem(t, nothing, 400, 'validation_failed');
    t.match(nothing.json.errors, [{ pointer: '', code: 'type', detail: 'must be object' }]);
  }
  const nothing = await client.sendBinary({ specversion: null }, 'null', { 'content-type': 'application/json' });
  t.match(nothing.json, { code: 'validation_failed', errors: [{ pointer: '', code: 'type', detail: 'must be object' }] });
});

t.test('structured mode may repeat its attributes as headers; its body counts', async (t) => {
  const client = await cloudEventsClient(app);
  const headers = { 'content-type': 'application/cloudevents+json', 'ce-specversion': '0.3', 'ce-id': 'other' };
  t.equal((await client.send(required, headers)).status, 200);
  t.equal((await client.cloudEvents()).json[0].id, required.id);
});

t.test('on the route of batches binary mode is 415 and told where to go', async (t) => {
  const { key } = await app.addPartner();
  for (const type of ['application/json', 'text/plain']) {
    const headers = { 'content-type': type, 'ce-specversion': '1.0' };
    const answer = await app.request('POST', '/v1/events/batch', { key, headers, body: '[]' });
    isProblem(t, answer, 415, 'unsupported_media_type', type);
    t.match(answer.json.detail, /\/v1\/events/);
  }
});
