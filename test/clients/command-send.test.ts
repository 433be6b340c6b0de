import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { exactly, jsonLines, rows, startPartners } from './command-partner.ts';
import { type RunOptions, runCommand, start } from './command-run.ts';
import { problem, type Scripted, startDouble, stored } from './typescript-double.ts';

const { setUp } = await startPartners(t);

t.test('a payload arrives byte for byte, whether it comes as an argument, by a file or on stdin', async (t) => {
  const { triggers, api } = await setUp();
  const payload = '{ "id": 9007199254740993, "price": 1.0, "10": "\\u0000", "a": 1e400, "a": 2 }';
  const file = path.join(t.testdir(), 'payload.json');
  await writeFile(file, `\uFEFF${payload}`);
  const ways: [string[], RunOptions][] = [
    [['--data', payload], {}],
    [['--file', file], {}],
    [[], { input: payload }],
    [['--file', '-'], { input: payload }],
  ];
  for (const [args, options] of ways) {
    const { code, out, messages } = await triggers(['send', 'order.created', ...args], options);
    t.match({ code, messages }, { code: 0, messages: '' }, args.join(' '));
    t.match(out, /^evt_[0-9a-f-]{36}\taccepted\n$/);
    const { text } = await api('GET', `/v1/events/${out.split('\t')[0]}`);
    t.ok(text.includes(`"payload":${payload},`), `${args[0]}: ${text}`);
  }
});

t.test('sent again with the same idempotency key, an event is stored once and said to be a duplicate', async (t) => {
  const { triggers, pending } = await setUp();
  const args = [
    'send',
    'order.created',
    '--data',
    '{"n":1}',
    '--idempotency-key',
    'order-1',
    '--metadata',
    'source=shop',
    '--metadata',
    'a=b=c',
  ];
  const first = await triggers([...args, '--timestamp', '2026-11-24T10:30:00+01:00', '--json']);
  const again = await triggers([...args, '--timestamp', '2026-11-24T09:30:00Z']);
  const [sent] = jsonLines(first.out);
  t.match(sent, { event_id: /^evt_/, duplicate: false, received_at: /Z$/, expires_at: /Z$/ });
  t.same(again, { code: 0, out: `${sent.event_id}\tduplicate\n`, messages: '' });
  exactly(t, await pending(), [{ event_id: sent.event_id, timestamp: '2026-11-24T09:30:00.000Z', metadata: { source: 'shop', a: 'b=c' } }]);
});

t.test('what is refused is told with the place in it, what to do and the request id', async (t) => {
  const { triggers } = await setUp();
  const { code, out, messages } = await triggers(['send', 'no good type', '--data', '{}']);
  t.same({ code, out }, { code: 1, out: '' });
  t.match(messages, /^triggers: .+\(validation_failed\)\n {2}\/event_type: .+\n {2}Request id, for support: [\w-]+\n$/);
});

t.test('each line of a batch is an event; a bad line does not keep the others from being sent', async (t) => {
  const { triggers, pending } = await setUp();
  const input = '{"n":1}\n\n{"n":2\n[3]\r\n{"n":9007199254740993}\n';
  const { code, out, messages } = await triggers(['send', 'order.created', '--batch', '--metadata', 'run=7'], { input });
  t.equal(code, 1);
  exactly(t, rows(out), [
    ['1', 'accepted', /^evt_/],
    ['3', 'failed', 'invalid_line'],
    ['4', 'failed', 'invalid_line'],
    ['5', 'accepted', /^evt_/],
  ]);
  t.match(
    messages,
    /^line 3: the line is not JSON: .+\nline 4: the line must be a JSON object.+\n2 events accepted, 0 duplicates, 2 failed\n$/,
  );
  exactly(t, await pending(), [{ payload: { n: 1 }, metadata: { run: '7' } }, { metadata: { run: '7' } }]);
  t.match((await triggers(['inbox', '--json'])).out, '"payload":{"n":9007199254740993}}\n');
});

t.test('a batch without a type has whole events as its lines, whose own members come first', async (t) => {
  const { triggers, api, pending } = await setUp();
  const input = [
    '{"event_type":"a.b","payload":{"n":9007199254740993,"x":1.0},"idempotency_key":"own","timestamp":"2026-11-24T00:00:00Z","metadata":{"own":"1"}}',
    '{"event_type":"a.c","payload":{}}',
    '{"event_type":"not a type","payload":{}}',
    '{"event_type":"a.d"}',
    '{"event_type":"a.d","payload":1.0}',
  ].join('\n');
  const { code, out, messages } = await triggers(['send', '--batch', '--metadata', 'all=1', '--json'], { input });
  t.equal(code, 1);
  exactly(t, jsonLines(out), [
    { line: 1, status: 'accepted', event_id: /^evt_/ },
    { line: 2, status: 'accepted' },
    { line: 3, status: 'failed', error: { code: 'validation_failed', detail: String } },
    { line: 4, status: 'failed', error: { code: 'invalid_line' } },
    { line: 5, status: 'failed', error: { code: 'invalid_line', detail: /^the line must be / } },
  ]);
  t.equal(messages, '2 events accepted, 0 duplicates, 3 failed\n');
  exactly(t, await pending(), [
    { event_type: 'a.b', timestamp: '2026-11-24T00:00:00.000Z', metadata: { own: '1' } },
    { event_type: 'a.c', metadata: { all: '1' } },
  ]);
  t.match((await api('GET', '/v1/events?idempotency_key=own')).text, '"payload":{"n":9007199254740993,"x":1.0}');
});

t.test('a batch of any length goes in parts, and the same with the same key sends nothing twice', async (t) => {
  const { triggers } = await setUp();
  const input = Array.from({ length: 1_203 }, (_, n) => `{"n":${n}}\n`).join('');
  const args = ['send', 'order.created', '--batch', '--idempotency-key', 'import-7'];
  const first = await triggers(args, { input: input.slice(0, input.indexOf('{"n":700}')) });
  t.match(first, { code: 0, messages: '700 events accepted, 0 duplicates, 0 failed\n' });
  const whole = await triggers(args, { input });
  t.match(whole, { code: 0, messages: '503 events accepted, 700 duplicates, 0 failed\n' });
  t.same(
    rows(whole.out).map(([line]) => Number(line)),
    Array.from({ length: 1_203 }, (_, n) => n + 1),
  );
  t.equal(new Set(rows(whole.out).map(([, , id]) => id)).size, 1_203);
});

t.test('lines of a slow producer do not wait for its end, and what is broken off tells how to go on', async (t) => {
  const { env, pending } = await setUp();
  const producer = new PassThrough();
  const sending = start(['send', 'order.created', '--batch', '--idempotency-key', 'import-8'], { env, input: producer });
  producer.write('{"n":1}\n{"n":2}\n{"n":');
  await sending.printed(/^1\taccepted\t.+\n2\taccepted/);
  t.equal((await pending()).length, 2);
  sending.stop();
  t.match(await sending.ended, {
    code: 130,
    messages: 'broken off at line 2: the same again with --idempotency-key import-8 sends what is missing\n',
  });
});

t.test('a batch whose key is refused ends with the code for that', async (t) => {
  const { triggers, api } = await setUp();
  await api('POST', '/v1/keys/rotate', { grace_seconds: 0 });
  const { code, messages } = await triggers(['send', 'a.b', '--batch'], { input: '{}\n' });
  t.equal(code, 4);
  t.match(messages, /^broken off at line 1: .+\ntriggers: the key is refused: .+ \(unauthenticated\)\n/);
});

/** The environment of a command whose service answers so. */
async function against(...answers: Scripted[]) {
  const { url } = await startDouble(t, ...answers);
  return { TRIGGERS_API_KEY: 'sk_test_acme_x', TRIGGERS_API_URL: url };
}

t.test('what is stored is said when a later request of the same lines fails', async (t) => {
  const accepted = { status: 'accepted', event_id: 'evt_1' };
  const large = `{"text":"${'x'.repeat(3 * 1024 * 1024)}"}\n`;
  const env = await against({ status: 200, body: { results: [{ index: 0, ...accepted }] } }, problem(401, 'unauthenticated'));
  const { code, out, messages } = await runCommand(['send', 'a.b', '--batch', '--idempotency-key', 'k'], {
    env,
    input: `[]\n${large}${large}`,
  });
  t.equal(code, 4);
  t.equal(out, '2\taccepted\tevt_1\n');
  t.match(messages, /^broken off at line 3: .+ --idempotency-key k .+\ntriggers: the key is refused/);
});

t.test('a script waits for a service that starts again', async (t) => {
  const away = problem(503, 'unavailable');
  const env = await against(away, away, away, away, stored);
  t.match(await runCommand(['send', 'a.b', '--data', '{}'], { env }), { code: 0, out: /\taccepted\n$/ });
});
