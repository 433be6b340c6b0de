import t, { type Test } from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { isProblem } from './problems.ts';
import { exchange, postHead } from './raw-http.ts';

const { request, addPartner, url, logs } = await startTestApp(t);
const event = (payload: string, more = '') => `{"event_type":"a"${more},"payload":${payload}}`;
const arrays = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** Bodies that no honest producer sends: each is accepted byte for byte, or refused with a 4xx of the catalogue. */
const accepted: Record<string, string> = {
  '64 levels': event(`{"a":${arrays(62)}}`),
  '10,000 keys': event(`{${Array.from({ length: 10_000 }, (_, index) => `"k${index}":${index}`).join(',')}}`),
  '10,000 repeated keys': event(`{${Array.from({ length: 10_000 }, () => '"k":1').join(',')}}`),
  '__proto__ in the payload': event('{"__proto__":{"admin":true}}'),
  '__proto__ beside the payload': event('{}', ',"__proto__":{"event_type":7,"payload":7}'),
  constructor: event('{"constructor":{"prototype":{"admin":true}}}', ',"constructor":1,"toString":2,"hasOwnProperty":3'),
  'an escaped NUL': event('{"a\\u0000b":"\\u0000"}'),
  'lone surrogates': event('{"\\ud800":"\\udfff\\ud800"}'),
  'reversed surrogates': event('{"a":"\\udc00\\ud800"}'),
  noncharacters: event('{"a":"\ufffe\uffff\u{10ffff}"}'),
  'right-to-left and zero width': event('{"a":"\u202e\u200b\u2066"}'),
  '1e400': event('{"a":1e400,"b":-1e400,"c":1e-400}'),
  '2^53+1': event('{"a":9007199254740993}'),
  'a number of 100,000 digits': event(`{"a":${'9'.repeat(100_000)}}`),
  'a key of 100,000 characters': event(`{"${'k'.repeat(100_000)}":1}`),
  'a megabyte of nothing but closing': event('{"a":"]]]]}}}}"}'),
  'repeated payload': event('{"v":1}', ',"payload":{"v":0}'),
  'white space around': ` \r\n\t${event('{}')}\r\n\t `,
  'SQL in the payload': event(`{"a":"'); DELETE FROM events; --"}`),
  'COPY in the payload': event('{"a":"\\\\.\\n\\\\N\\t"}'),
};

const refused: Record<string, [string | Uint8Array, string]> = {
  '65 levels of arrays': [event(`{"a":${arrays(63)}}`), 'json_too_deep'],
  '65 levels of objects': [event(objects(64)), 'json_too_deep'],
  '5,000 levels': [event(`{"a":${arrays(5_000)}}`), 'json_too_deep'],
  '5,000 levels of objects': [event(objects(5_000)), 'json_too_deep'],
  '100,000 levels': [event(`{"a":${arrays(100_000)}}`), 'json_too_deep'],
  '200,000 levels never closed': ['['.repeat(200_000), 'json_too_deep'],
  'invalid UTF-8': [bytes('{"event_type":"a","payload":{"a":"', [0xff, 0xfe], '"}}'), 'invalid_json'],
  'an overlong NUL': [bytes('{"event_type":"a","payload":{"a":"', [0xc0, 0x80], '"}}'), 'invalid_json'],
  'a surrogate in UTF-8': [bytes('{"event_type":"a","payload":{"a":"', [0xed, 0xa0, 0x80], '"}}'), 'invalid_json'],
  'a cut character': [bytes('{"event_type":"a","payload":{"a":"', [0xe2, 0x82], '"}}'), 'invalid_json'],
  'a character above U+10FFFF': [bytes('{"event_type":"a","payload":{"a":"', [0xf4, 0x90, 0x80, 0x80], '"}}'), 'invalid_json'],
  'a byte-order mark': [`\ufeff${event('{}')}`, 'invalid_json'],
  'UTF-16': [Buffer.from(event('{}'), 'utf16le'), 'invalid_json'],
  'a raw NUL': [event('{"a":"\u0000"}'), 'invalid_json'],
  'a raw control character': [event('{"a":"\u0001"}'), 'invalid_json'],
  'a raw line end in a string': [event('{"a":"\n"}'), 'invalid_json'],
  'a NUL at the end': [`${event('{}')}\u0000`, 'invalid_json'],
  'two events': [event('{}') + event('{}'), 'invalid_json'],
  'lines of events': [`${event('{}')}\n${event('{}')}`, 'invalid_json'],
  'a cut event': [event('{}').slice(0, -1), 'invalid_json'],
  'only white space': [' \n\t ', 'invalid_json'],
  'a single quote': ["{'event_type':'a','payload':{}}", 'invalid_json'],
  NaN: [event('{"a":NaN}'), 'invalid_json'],
  'a trailing comma': [event('{"a":1,}'), 'invalid_json'],
  'a lone bracket': ['{', 'invalid_json'],
  'an unfinished escape': [event('{"a":"\\u12"}'), 'invalid_json'],
  null: ['null', 'validation_failed'],
  'an array': ['[]', 'validation_failed'],
  'a text': ['"a"', 'validation_failed'],
  'a number': ['1e400', 'validation_failed'],
  'a NUL in event_type': ['{"event_type":"a\\u0000","payload":{}}', 'validation_failed'],
  'event_type only in __proto__': ['{"__proto__":{"event_type":"a"},"payload":{}}', 'validation_failed'],
  'payload only in __proto__': ['{"event_type":"a","__proto__":{"payload":{}}}', 'validation_failed'],
  '10,000 pairs of metadata': [
    `{"event_type":"a","payload":{},"metadata":{${Array.from({ length: 10_000 }, (_, i) => `"k${i}":""`).join(',')}}}`,
    'validation_failed',
  ],
};

const payloadOf = (body: string) => {
  const trimmed = body.trim();
  return trimmed.slice(trimmed.lastIndexOf(',"payload":') + ',"payload":'.length, -1);
};

async function isDelivered(t: Test, key: string, payload: string, name: string): Promise<void> {
  const { status, text, json } = await request('GET', '/v1/inbox?limit=500', { key });
  t.equal(status, 200, name);
  t.ok(json, `${name}: the page can be parsed`);
  t.ok(text.includes(`,"payload":${payload},"received_at":`), `${name}: byte for byte`);
}

t.test('hostile JSON that is JSON is accepted byte for byte, alone and in a batch', async (t) => {
  for (const [name, body] of Object.entries(accepted)) {
    const { key } = await addPartner();
    t.equal((await request('POST', '/v1/events', { key, body })).status, 200, name);
    await isDelivered(t, key, payloadOf(body), name);
    const batch = await addPartner();
    t.equal((await request('POST', '/v1/events/batch', { key: batch.key, body: `[${body}]` })).status, 200, name);
    await isDelivered(t, batch.key, payloadOf(body), name);
  }
  t.equal(({} as { admin?: boolean }).admin, undefined, 'no prototype was touched');
});

t.test('hostile bodies are refused with the documented code, never with a 5xx', async (t) => {
  const { key } = await addPartner();
  for (const [name, [body, code]] of Object.entries(refused))
    isProblem(t, await request('POST', '/v1/events', { key, body }), 400, code, name);
  t.equal((await request('GET', '/v1/inbox', { key })).json.count, 0, 'nothing of them was stored');
});

t.test('the same as the body of a batch, and inside of one', async (t) => {
  const { key } = await addPartner();
  for (const [name, [body, code]] of Object.entries(refused)) {
    const whole = await request('POST', '/v1/events/batch', { key, body });
    t.equal(whole.status, 400, `${name}: ${whole.text.slice(0, 200)}`);
    const parts = [Buffer.from('[{"event_type":"a","payload":{}},'), Buffer.from(body), Buffer.from(']')];
    const inside = await request('POST', '/v1/events/batch', { key, body: Buffer.concat(parts) });
    if (code === 'validation_failed') {
      t.equal(inside.status, 207, `${name}: ${inside.text.slice(0, 200)}`);
      t.match(inside.json.results, [
        { index: 0, status: 'accepted' },
        { index: 1, status: 'failed', error: { code } },
      ]);
    } else {
      t.ok(
        inside.status === 400 || inside.status === 207 || inside.status === 200,
        `${name}: ${inside.status} ${inside.text.slice(0, 200)}`,
      );
    }
  }
});

t.test('requests that are two things at once are refused or read as one', async (t) => {
  const { key } = await addPartner();
  const body = event('{}');
  const head = postHead('/v1/events', key, body.length, 'Content-Type: application/json');
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const cases: Record<string, string[]> = {
    'a length and chunks': [head.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'), chunked],
    'two lengths': [head.replace('\r\n\r\n', `\r\nContent-Length: ${body.length + 1}\r\n\r\n`), body],
    'two equal lengths': [head.replace('\r\n\r\n', `\r\nContent-Length: ${body.length}\r\n\r\n`), body],
    'a negative length': [head.replace(`${body.length}\r\n`, '-5\r\n'), body],
    'a hexadecimal length': [head.replace(`${body.length}\r\n`, '0x10\r\n'), body],
    'chunked twice': [head.replace(`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked, chunked'), chunked],
    'an unknown coding': [head.replace(`Content-Length: ${body.length}`, 'Transfer-Encoding: gzip, chunked'), chunked],
    'a chunk without a size': [head.replace(`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'), 'zz\r\n'],
    'line ends in a header': [head.replace('Host: test', 'Host: test\r\n X-API-Key: other'), body],
    'a NUL in a header': [head.replace('Host: test', 'Host: te\u0000st'), body],
    'two content types': [head.replace('\r\n\r\n', '\r\nContent-Type: text/plain\r\n\r\n'), body],
    gzip: [head.replace('\r\n\r\n', '\r\nContent-Encoding: gzip\r\n\r\n'), body],
  };
  for (const [name, pieces] of Object.entries(cases)) {
    const answer = await exchange(url, ...pieces);
    t.ok(answer.status === 200 || (answer.status >= 400 && answer.status < 500), `${name}: ${answer.status} ${answer.text}`);
    if (answer.status >= 400)
      t.match(JSON.parse(answer.text), { status: answer.status, code: String, request_id: answer.headers.get('x-request-id') }, name);
  }
  const smuggled = await exchange(url, ...(cases['a length and chunks'] as string[]));
  t.equal(smuggled.status, 400);
});

t.test('a body that ends early is no event', async (t) => {
  const { key } = await addPartner();
  const body = event('{}');
  const { connect } = await import('node:net');
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () =>
    socket.end(postHead('/v1/events', key, body.length + 10, 'Content-Type: application/json') + body),
  );
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  t.equal((await request('GET', '/v1/inbox', { key })).json.count, 0);
});

t.test('after all that the server is well, and has logged no error', async (t) => {
  t.equal((await request('GET', '/health')).status, 200);
  t.same(
    logs.filter((line) => JSON.parse(line).level >= 50),
    [],
  );
});
