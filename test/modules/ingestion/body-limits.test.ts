import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { isProblem } from './problems.ts';
import { exchange, postHead, type RawAnswer } from './raw-http.ts';

const { request, addPartner, url } = await startTestApp(t);
const { key } = await addPartner();
const kib = 1024;
const json = 'Content-Type: application/json';

/** An event whose JSON has exactly this many bytes, of characters of one byte or of two. */
function eventOf(bytes: number, char = 'x'): string {
  const [head, tail] = ['{"event_type":"a","payload":{"v":"', '"}}'];
  const room = bytes - head.length - tail.length;
  const wide = Buffer.byteLength(char);
  return head + char.repeat(Math.floor(room / wide)) + 'x'.repeat(room % wide) + tail;
}

const asAnswer = (raw: RawAnswer) => ({
  status: raw.status,
  text: raw.text,
  json: JSON.parse(raw.text),
  headers: new Headers([...raw.headers]),
});
const send = async (path: string, body: string) => asAnswer(await exchange(url, postHead(path, key, Buffer.byteLength(body), json), body));

t.test('an event of exactly 256 KiB is accepted, one byte more is 413', async (t) => {
  for (const char of ['x', 'é', '日', '😀']) {
    const fits = eventOf(256 * kib, char);
    t.equal(Buffer.byteLength(fits), 256 * kib);
    t.equal((await send('/v1/events', fits)).status, 200, char);
    const answer = await send('/v1/events', eventOf(256 * kib + 1, char));
    isProblem(t, answer, 413, 'payload_too_large');
    t.equal(answer.json.retryable, false);
  }
});

t.test('also when the length is not told before', async (t) => {
  const chunked = (body: string) =>
    exchange(
      url,
      `POST /v1/events HTTP/1.1\r\nHost: t\r\nConnection: close\r\nX-API-Key: ${key}\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
  t.equal((await chunked(eventOf(256 * kib))).status, 200);
  isProblem(t, asAnswer(await chunked(eventOf(256 * kib + 1))), 413, 'payload_too_large');
});

t.test('a length far above the limit is refused before the body is sent, and the connection is closed', async (t) => {
  const answer = await exchange(url, postHead('/v1/events', key, 10_000_000_000, json).replace('Connection: close\r\n', ''));
  t.equal(answer.status, 413);
  t.equal(answer.headers.get('connection'), 'close');
});

t.test('a batch of exactly 4 MiB is accepted, one byte more is 413', async (t) => {
  const batchOf = (bytes: number) => {
    const items = Array.from({ length: 15 }, () => eventOf(256 * kib)).join(',');
    return `[${items},${eventOf(bytes - items.length - 3)}]`;
  };
  const fits = batchOf(4 * kib * kib);
  t.equal(fits.length, 4 * kib * kib);
  const accepted = await send('/v1/events/batch', fits);
  t.match(accepted.json, { accepted: 16, failed: 0 });
  isProblem(t, await send('/v1/events/batch', batchOf(4 * kib * kib + 1)), 413, 'batch_too_large');
});

t.test('in a batch an event of 256 KiB is accepted, and one byte more fails that event alone', async (t) => {
  for (const char of ['x', 'é', '日', '😀']) {
    const items = [eventOf(256 * kib, char), eventOf(256 * kib + 1, char), eventOf(100)];
    for (const [body, pointer] of [
      [`[${items}]`, '/1'],
      [`{"events":[${items}]}`, '/events/1'],
    ] as const) {
      const answer = await send('/v1/events/batch', body);
      t.equal(answer.status, 207);
      t.match(answer.json, { accepted: 2, failed: 1 });
      t.match(answer.json.results[1], { index: 1, status: 'failed', error: { code: 'payload_too_large', pointer, retryable: false } });
    }
  }
});

t.test('any content type but application/json is 415', async (t) => {
  const body = '{"event_type":"a","payload":{}}';
  for (const type of [
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'application/xml',
    'application/jsonp',
    '*/*',
    'nonsense',
    '',
  ]) {
    for (const path of ['/v1/events', '/v1/events/batch']) {
      isProblem(t, await request('POST', path, { key, body, headers: { 'content-type': type } }), 415, 'unsupported_media_type', type);
    }
  }
  isProblem(t, asAnswer(await exchange(url, postHead('/v1/events', key, body.length), body)), 415, 'unsupported_media_type', 'none');
  for (const type of ['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON']) {
    t.equal((await request('POST', '/v1/events', { key, body, headers: { 'content-type': type } })).status, 200, type);
  }
});

t.test('no body, an empty one, and one that is not an object are 400', async (t) => {
  isProblem(t, await request('POST', '/v1/events', { key }), 400, 'validation_failed', 'no body');
  for (const body of ['', 'null', '[]', '[{"event_type":"a","payload":{}}]', '7', '"text"', 'true', '{}']) {
    isProblem(
      t,
      await request('POST', '/v1/events', { key, body, headers: { 'content-type': 'application/json' } }),
      400,
      'validation_failed',
      body,
    );
  }
  for (const body of [
    '',
    'null',
    '7',
    '"text"',
    '{}',
    '{"events":{}}',
    '{"events":null}',
    '{"event":[]}',
    '{"event_type":"a","payload":{}}',
  ]) {
    isProblem(
      t,
      await request('POST', '/v1/events/batch', { key, body, headers: { 'content-type': 'application/json' } }),
      400,
      'validation_failed',
      body,
    );
  }
});
