import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { FaultProxy } from '../faults/fault-proxy.ts';
import { startTestApp } from '../helper/app.ts';
import { exactly, jsonLines, rows } from './command-partner.ts';
import { nobody, runCommand, start } from './command-run.ts';

const { addPartner, request, url } = await startTestApp(t);

async function setUp() {
  const { key } = await addPartner();
  const env = { TRIGGERS_API_URL: url, TRIGGERS_API_KEY: key };
  return {
    env,
    key,
    listen: (args: string[] = [], more: { env?: Record<string, string>; terminal?: boolean } = {}) =>
      start(['listen', ...args], { ...more, env: { ...env, ...more.env } }),
    send: async (event_type: string, payload: string) =>
      (await request('POST', '/v1/events', { key, body: `{"event_type":"${event_type}","payload":${payload}}` })).json.event_id as string,
    pending: async () => (await request('GET', '/v1/inbox', { key })).json.events.map((event: { event_id: string }) => event.event_id),
  };
}

type Hook = { url: string; got: { headers: IncomingMessage['headers']; body: string }[] };

/** A partner's program on this machine; `answer` gives the status for a body. */
async function startHook(t: Test, answer: (body: string) => number): Promise<Hook> {
  const got: Hook['got'] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    got.push({ headers: request.headers, body });
    const status = answer(body);
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got };
}

const ready = /Ctrl-C ends\./;

t.test('what comes in is shown, from now on, by type, and stays in the inbox', async (t) => {
  const { listen, send, pending } = await setUp();
  const before = await send('order.created', '{"n":0}');
  const listening = listen(['--event-type', 'order.*', '--event-type', 'user.created']);
  await listening.said(ready);
  const ids = [await send('order.created', '{"n":1}'), await send('other', '{"n":2}'), await send('user.created', '{"n":3}')];
  await listening.printed(/user\.created/);
  listening.stop();
  const { code, out, messages } = await listening.ended;
  t.equal(code, 130);
  exactly(t, rows(out), [
    [/^\d{4}-.*Z$/, 'order.created', ids[0], '{"n":1}'],
    [/Z$/, 'user.created', ids[2], '{"n":3}'],
  ]);
  t.equal(rows(out).length, 2);
  t.match(messages, /^Listening to order\.\*, user\.created of http.+\. Nothing is acknowledged\. Ctrl-C ends\.\n2 events in \d+ s\n$/);
  t.same(await pending(), [before, ...ids]);
});

t.test('with --since it begins in the past, and with --max-events it ends by itself', async (t) => {
  const { listen, send } = await setUp();
  const ids = [await send('a.b', '{"n":9007199254740993}'), await send('a.b', '{}'), await send('a.b', '{}')];
  const { code, out, messages } = await listen(['--since', '10m', '--max-events', '2', '--json']).ended;
  t.equal(code, 0);
  exactly(t, jsonLines(out), [{ event_id: ids[0], event_type: 'a.b', received_at: String, status: 'pending' }, { event_id: ids[1] }]);
  t.match(out, '"payload":{"n":9007199254740993}}\n');
  t.match(messages, /\n2 events in/);
});

t.test('each event is posted to a program of the partner with its bytes, id and type, and the status is told', async (t) => {
  const { listen, send, pending, key } = await setUp();
  const hook = await startHook(t, (body) => (body.includes('"bad"') ? 500 : body.includes('"away"') ? 302 : 204));
  const listening = listen(['--forward-to', hook.url], { terminal: true, env: { NO_COLOR: '1' } });
  await listening.said(ready);
  const payload = '{ "price": 1.0,"n":9007199254740993 }';
  const ids = [await send('order.created', payload), await send('a.b', '{"bad":1}'), await send('a.b', '{"away":1}')];
  await listening.printed(/← 302/);
  listening.stop('SIGTERM');
  const { code, out, messages } = await listening.ended;
  t.equal(code, 143);
  t.match(out.split('\n'), [
    new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}→ order\\.created ${ids[0]}$`),
    /^\d\d:\d\d:\d\d {2}← 204 in \d+ ms$/,
    /→ a\.b/,
    /← 500 in/,
    /→ a\.b/,
    /← 302 in/,
  ]);
  t.match(messages, /, forwarding to http.+\n3 events, 1 forwarded, 2 failed in/);
  t.match(hook.got[0]?.headers, {
    'content-type': 'application/json',
    'triggers-event-id': ids[0],
    'triggers-event-type': 'order.created',
  });
  t.ok(hook.got[0]?.body.endsWith(`"payload":${payload}}`), hook.got[0]?.body ?? 'nothing came');
  t.match(JSON.parse(hook.got[0]?.body ?? ''), { event_id: ids[0], received_at: String, delivery: { count: 0 } });
  t.equal(hook.got.length, 3, 'a redirect is not followed');
  t.notOk(JSON.stringify(hook.got).includes(key), 'the key does not go there');
  t.same(await pending(), ids);
});

t.test('with --acknowledge what is answered with a 2xx leaves the inbox, and nothing else', async (t) => {
  const { listen, send, pending } = await setUp();
  const hook = await startHook(t, (body) => (body.includes('"bad"') ? 400 : 200));
  const listening = listen(['--forward-to', hook.url, '--acknowledge', '--json']);
  await listening.said(ready);
  const [good, bad] = [await send('a.b', '{"good":1}'), await send('a.b', '{"bad":1}')];
  await listening.printed(/"acknowledged":false/);
  listening.stop();
  const { out, messages } = await listening.ended;
  exactly(t, jsonLines(out), [
    { event_id: good, forwarded: { status: 200, ms: Number }, acknowledged: true },
    { event_id: bad, forwarded: { status: 400 }, acknowledged: false },
  ]);
  t.match(messages, /What it answers with a 2xx is acknowledged\.[\s\S]*\n2 events, 1 forwarded, 1 failed, 1 acknowledged in/);
  t.same(await pending(), [bad]);
});

t.test('a program that does not listen is told of, and the event stays', async (t) => {
  const { env, send, pending } = await setUp();
  const id = await send('a.b', '{}');
  const args = ['listen', '--since', '1h', '--max-events', '1', '--forward-to', `${await nobody()}/hook`, '--acknowledge'];
  const { code, out } = await runCommand(args, { env });
  t.equal(code, 0);
  t.match(out, /← nothing listens there \(ECONNREFUSED\) in \d+ ms, not acknowledged\n$/);
  t.same(await pending(), [id]);
});

t.test('an outage is waited out, and what came in meanwhile is shown once', async (t) => {
  const { listen, send } = await setUp();
  const proxy = await FaultProxy.open({ host: '127.0.0.1', port: Number(new URL(url).port) });
  t.teardown(() => proxy.close());
  const listening = listen([], { env: { TRIGGERS_API_URL: `http://127.0.0.1:${proxy.port}` } });
  await listening.said(ready);
  const first = await send('a.b', '{"n":1}');
  await listening.printed(/"n":1/);
  proxy.set({ kind: 'reset' });
  await listening.said(/the service cannot be reached: .+; again in /);
  const second = await send('a.b', '{"n":2}');
  proxy.set({ kind: 'pass' });
  await listening.said(/connected again after \d+ s; nothing was missed/);
  await listening.printed(/"n":2/);
  listening.stop();
  exactly(
    t,
    rows((await listening.ended).out).map(([, , id]) => id),
    [first, second],
  );
});

t.test('a key that is refused ends it, at the beginning and later', async (t) => {
  const { env, key, listen, send } = await setUp();
  const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
  t.match(await runCommand(['listen'], { env: { ...env, TRIGGERS_API_KEY: wrong } }), {
    code: 4,
    out: '',
    messages: /^triggers: the key is refused/,
  });
  const listening = listen();
  await listening.said(ready);
  await send('a.b', '{}');
  await listening.printed(/a\.b/);
  await request('POST', '/v1/keys/rotate', { key, body: { grace_seconds: 0 } });
  const { code, messages } = await listening.ended;
  t.equal(code, 4);
  t.match(messages, /\n1 event in \d+ s\ntriggers: the key is refused: /);
});

t.test('a service that is away when it begins ends it, and does not wait', async (t) => {
  const { env } = await setUp();
  const { code, messages } = await runCommand(['listen'], { env: { ...env, TRIGGERS_API_URL: await nobody() } });
  t.equal(code, 5);
  t.match(messages, /^triggers: the service cannot be reached: .+\n {2}Check the address/);
});

t.test('--acknowledge without anybody who handles events is a mistake', async (t) => {
  const { env } = await setUp();
  t.match(await runCommand(['listen', '--acknowledge'], { env }), { code: 2, messages: /--acknowledge needs --forward-to/ });
});
