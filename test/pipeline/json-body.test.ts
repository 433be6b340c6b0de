import Fastify from 'fastify';
import t from 'tap';
import { registerErrorHandler } from '../../src/pipeline/errors/handler.ts';
import { registerJsonBody } from '../../src/pipeline/json-body.ts';
import { maxJsonDepth } from '../../src/pipeline/json-bytes.ts';

const app = Fastify();
t.teardown(() => app.close());
registerErrorHandler(app, { publicUrl: '' });
registerJsonBody(app);
app.post('/', async (request) => ({ text: request.bodyText, value: request.body ?? null }));

async function post(body: string | Buffer, contentType = 'application/json') {
  const answer = await app.inject({ method: 'POST', url: '/', payload: body, headers: { 'content-type': contentType } });
  return { status: answer.statusCode, json: answer.json() };
}

t.test('a route gets the value and the text as it came', async (t) => {
  const text = ' {"a" : 1.0,\r\n\t"b":"\\u0000ü😀"} ';
  t.same(await post(text), { status: 200, json: { text, value: JSON.parse(text) } });
  t.same((await post(text, 'application/json; charset=utf-8')).json.text, text);
  t.same((await post('null')).json, { text: 'null', value: null });
});

t.test('an empty body is no body, whatever its content type says', async (t) => {
  t.same(await post(''), { status: 200, json: { text: '', value: null } });
});

t.test('what is not strict UTF-8 JSON is refused', async (t) => {
  const bodies: [string, string | Buffer][] = [
    ['white space only', '  '],
    ['a byte-order mark', '\ufeff{}'],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['a byte that UTF-8 never has', Buffer.from([0x22, 0xff, 0x22])],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['a cut character', Buffer.from([0x22, 0xe2, 0x82, 0x22])],
    ['a raw NUL', '{"a":"\u0000"}'],
    ['a raw line end in a string', '{"a":"\n"}'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{} // x'],
    ['two values', '{}{}'],
    ['NaN', '{"a":NaN}'],
    ['a leading zero', '{"a":01}'],
    ['a cut text', '{"a":'],
    ['an unknown escape', '{"a":"\\x41"}'],
  ];
  for (const [name, body] of bodies) t.match(await post(body), { status: 400, json: { code: 'invalid_json', status: 400 } }, name);
});

t.test('a refusal says where, and does not quote the body', async (t) => {
  const { json } = await post('{"secret-word" nothing}');
  t.match(json.detail, /position 15/);
  t.notMatch(JSON.stringify(json), /secret|nothing/);
});

t.test('64 levels are accepted and 65 are not; no depth exhausts the stack', async (t) => {
  const arrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const objects = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
  t.equal(maxJsonDepth, 64);
  for (const nested of [arrays, objects]) {
    t.equal((await post(nested(64))).status, 200);
    for (const depth of [65, 5_000, 150_000])
      t.match(await post(nested(depth)), { status: 400, json: { code: 'json_too_deep' } }, `${depth}`);
  }
  t.match(await post('['.repeat(200_000)), { status: 400, json: { code: 'json_too_deep' } }, 'never closed');
});

t.test('a __proto__ member is a member and changes no object', async (t) => {
  const { status } = await post('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
  t.equal(status, 200);
  t.equal(({} as Record<string, unknown>).polluted, undefined);
});

t.test('any other content type is refused', async (t) => {
  const types = [
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'application/xml',
    'nonsense',
  ];
  for (const type of types) t.match(await post('{}', type), { status: 415, json: { code: 'unsupported_media_type' } }, type);
});
