import t from 'tap';
import { insertKey } from '../helper/app.ts';
import { exactly, jsonLines, rows, startPartners } from './command-partner.ts';
import { startDouble } from './typescript-double.ts';

const { db, setUp, url } = await startPartners(t);

const esc = '\u001b';
const actsUpon = new Set([esc, '\u009b', '\u202e']);

t.test('the inbox is listed oldest first, by type and limit, and nothing is taken out', async (t) => {
  const { triggers, send } = await setUp();
  const ids = [await send('order.created', { n: 1 }), await send('order.paid', { n: 2 }), await send('user.created', { n: 3 })];
  const all = await triggers(['inbox']);
  t.match(all, { code: 0, messages: '' });
  exactly(
    t,
    rows(all.out),
    ids.map((id, at) => [id, String, /^\d{4}-.*Z$/, `{"n":${at + 1}}`]),
  );
  exactly(t, rows((await triggers(['inbox', '--event-type', 'order.*', '--limit', '1'])).out), [[ids[0], 'order.created']]);
  t.equal(rows((await triggers(['inbox', '--event-type', 'order.paid', '--event-type', 'user.*'])).out).length, 2);
  exactly(t, jsonLines((await triggers(['inbox', '--json', '--event-type', 'user.created'])).out), [
    { event_id: ids[2], event_type: 'user.created', payload: { n: 3 }, delivery: { count: 0, replayed: false }, trace_parent: null },
  ]);
  t.same(await triggers(['inbox', '--event-type', 'none']), { code: 0, out: '', messages: '' });
  t.match(await triggers(['inbox']), { out: all.out });
});

t.test('more events than a page holds are listed whole', async (t) => {
  const { triggers } = await setUp();
  const input = Array.from({ length: 620 }, (_, n) => `{"n":${n}}\n`).join('');
  await triggers(['send', 'a.b', '--batch'], { input });
  t.equal(rows((await triggers(['inbox', '--limit', '1000'])).out).length, 620);
  t.equal(rows((await triggers(['inbox', '--limit', '510'])).out).length, 510);
  const table = (await triggers(['inbox', '--limit', '510'], { terminal: true })).out;
  t.equal(table.match(/event_id/g)?.length, 1, 'under one heading');
  t.equal(table.split('\n').length, 1 + 510 + 1);
  const { code, out, messages } = await triggers(['ack', '--all', '--yes']);
  t.match({ code, messages }, { code: 0, messages: '620 events acknowledged\n' });
  t.equal(rows(out).length, 620);
  t.same(rows((await triggers(['inbox'])).out), []);
});

t.test('for a person the inbox is a table, and what an event holds cannot act upon the terminal', async (t) => {
  const { triggers, send } = await setUp();
  const text = `${esc}[2J\u009b2J\u202e${'x'.repeat(200)}`;
  await send('order.created', { text });
  const { out } = await triggers(['inbox'], { terminal: true, env: { NO_COLOR: '1' } });
  const [head, row] = out.split('\n') as [string, string];
  t.match(head, /^event_id {34}event_type {5}received +payload$/);
  t.match(row, /^evt_\S+ {2}order\.created {2}\S+.* {2}\{"text":".*…$/);
  t.equal(row.length, 100, 'as wide as the terminal');
  t.notOk(
    [...out].some((each) => actsUpon.has(each)),
    'nothing that a terminal acts upon',
  );
  t.ok((await triggers(['inbox'], { terminal: true })).out.startsWith(`${esc}[2mevent_id`), 'in colour unless NO_COLOR is set');
  const json = await triggers(['inbox', '--json']);
  t.notOk([...json.out].some((each) => actsUpon.has(each)));
  exactly(t, jsonLines(json.out), [{ payload: { text } }], 'and JSON is the same JSON');
});

t.test('waiting for the first event ends when it comes', async (t) => {
  const { triggers, send } = await setUp();
  const waiting = triggers(['inbox', '--wait', '30', '--json']);
  const id = await send('order.created', {});
  exactly(t, jsonLines((await waiting).out), [{ event_id: id }]);
});

t.test('events are acknowledged by their ids, also by those that another command prints', async (t) => {
  const { triggers, send, pending } = await setUp();
  const ids = [await send('a.b', {}), await send('a.c', {}), await send('a.d', {})] as [string, string, string];
  t.same(await triggers(['ack', ids[0], ids[0]]), { code: 0, out: `${ids[0]}\tacknowledged\n`, messages: '' });
  t.same(await triggers(['ack', ids[0]]), { code: 0, out: `${ids[0]}\talready acknowledged\n`, messages: '' });
  t.match(await triggers(['ack', '-'], { input: `${ids[1]}\n` }), { code: 0, out: `${ids[1]}\tacknowledged\n` });
  exactly(t, await pending(), [{ event_id: ids[2] }]);
  const unknown = 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a';
  const mixed = await triggers(['ack', unknown, ids[2], '--json']);
  t.equal(mixed.code, 3);
  exactly(t, jsonLines(mixed.out), [
    { event_id: unknown, status: 'failed', error: { code: 'event_not_found' } },
    { event_id: ids[2], status: 'acknowledged' },
  ]);
  t.match(await triggers(['ack', unknown]), { code: 3, out: '', messages: new RegExp(`^${unknown}: .+\\(event_not_found\\)\n$`) });
});

t.test('all of the inbox is acknowledged only when that is confirmed, and only what was there then', async (t) => {
  const { triggers, send, pending } = await setUp();
  await send('a.b', {});
  await send('c.d', {});
  t.match(await triggers(['ack', '--all']), { code: 2, messages: /nobody is here to confirm it\n {2}Repeat with --yes/ });
  const no = await triggers(['ack', '--all'], { terminal: true, input: 'n\n' });
  t.match(no, { code: 1, messages: /Acknowledge all 2 events in the inbox\? \[y\/N\][\s\S]*not confirmed, nothing was changed/ });
  t.match(await triggers(['ack', '--all'], { terminal: true, input: '\u0003' }), {
    code: 1,
    messages: /not answered, nothing was changed/,
  });
  t.equal((await pending()).length, 2);
  t.match(await triggers(['ack', '--all', '--event-type', 'a.*', '--yes']), { code: 0, messages: '1 event acknowledged\n' });
  t.match(await triggers(['ack', '--all'], { terminal: true, input: 'y\n' }), { code: 0, messages: /1 event acknowledged\n$/ });
  t.same(await pending(), []);
});

t.test('events come back by their ids, after a look at what would come back', async (t) => {
  const { triggers, send, pending } = await setUp();
  const id = await send('a.b', {});
  await triggers(['ack', id]);
  t.same(await triggers(['replay', id, '--dry-run']), { code: 0, out: `${id}\tis acknowledged\n`, messages: '' });
  t.same(await pending(), []);
  t.same(await triggers(['replay', id]), { code: 0, out: `${id}\tpending\n`, messages: '' });
  exactly(t, await pending(), [{ event_id: id, delivery: { replayed: true } }]);
  t.match(await triggers(['replay', id]), { code: 0, out: `${id}\talready pending\n` });
  const unknown = 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a';
  t.match(await triggers(['replay', unknown, id]), {
    code: 3,
    out: `${id}\talready pending\n`,
    messages: new RegExp(`^${unknown}: .+event_not_found`),
  });
});

t.test('events of a stretch of time come back, by type and state, and a look counts them first', async (t) => {
  const { triggers, send, pending } = await setUp();
  const ids = [await send('a.b', {}), await send('a.b', {}), await send('c.d', {})] as [string, string, string];
  await triggers(['ack', ...ids]);
  const stretch = ['replay', '--from', '1h', '--to', new Date(Date.now() + 60_000).toISOString()];
  t.same(await triggers([...stretch, '--event-type', 'a.*', '--dry-run']), { code: 0, out: '2 events would come back\n', messages: '' });
  t.match(await triggers([...stretch, '--event-type', 'a.*', '--json']), { code: 0, out: /^\{"matched":2,"moved":2\}\n$/ });
  t.equal((await pending()).length, 2);
  t.match(await triggers([...stretch, '--status', 'dead_lettered']), { code: 0, out: '0 of 0 events came back\n' });
  t.match(await triggers([...stretch, '--limit', '1', '--status', 'any']), { code: 0, out: '1 of 1 event came back\n' });
  t.match(await triggers(['replay', '--from', '1h', '--to', '2h']), { code: 2, messages: /--to must be later/ });
});

t.test('a replay that takes longer is waited for, or named', async (t) => {
  const { triggers } = await setUp();
  const input = Array.from({ length: 501 }, (_, n) => `{"n":${n}}\n`).join('');
  await triggers(['send', 'a.b', '--batch'], { input });
  await triggers(['ack', '--all', '--yes']);
  const stretch = ['replay', '--from', '1h', '--to', new Date(Date.now() + 60_000).toISOString()];
  t.match(await triggers(stretch), { code: 0, out: '501 of 501 events came back\n', messages: /^under way as job job_/ });
  await triggers(['ack', '--all', '--yes']);
  const [started] = jsonLines((await triggers([...stretch, '--no-wait', '--json'])).out);
  t.match(started, { job_id: /^job_/, status: 'queued', matched: 501 });
});

t.test('a replay that another is in the way of says which', async (t) => {
  const { triggers } = await setUp();
  const problem = { code: 'job_in_progress', detail: 'Wait until the job named in `job_id` has finished.', job_id: 'job_1' };
  const double = await startDouble(t, { status: 409, body: problem });
  const { code, messages } = await triggers(['replay', '--from', '1h'], { env: { TRIGGERS_API_URL: double.url } });
  t.equal(code, 1);
  t.match(messages, /\(job_in_progress\)\n {2}job_id: job_1\n/);
});

t.test('one event is shown with what happened to it', async (t) => {
  const { triggers, send } = await setUp();
  const id = await send('a.b', { n: 1 });
  await triggers(['ack', id]);
  t.match(
    new Map(rows((await triggers(['show', id])).out) as [string, string][]),
    new Map([
      ['event_id', id],
      ['status', 'acknowledged'],
      ['payload', '{"n":1}'],
    ]),
  );
  exactly(t, jsonLines((await triggers(['show', id, '--json'])).out), [
    { status: 'acknowledged', history: [{ status: 'received' }, { status: 'acknowledged' }] },
  ]);
  t.match(await triggers(['show', 'evt_none']), { code: 3, out: '', messages: /event_not_found[\s\S]*Check the id[\s\S]*Request id/ });
});

t.test('the status tells of key, service, account, inbox and limits', async (t) => {
  const { triggers, send, partner } = await setUp();
  await send('a.b', {});
  const { code, out } = await triggers(['status'], { terminal: true, env: { NO_COLOR: '1' } });
  t.equal(code, 0);
  for (const line of [
    /^key +good \(from the environment\)$/m,
    /^service +healthy$/m,
    new RegExp(`^account +beta_${partner.slug} ${partner.slug}$`, 'm'),
    /^inbox +1 pending \(oldest \d+ s\), 0 leased, 0 delayed, 0 dead letters$/m,
    /^month +999,999,999 of 1,000,000,000 events left, new in \d+ (d|h|min)$/m,
    /^retention +72 h, at most 10 deliveries$/m,
  ])
    t.match(out, line);
  exactly(t, jsonLines((await triggers(['status', '--json'])).out), [
    {
      url,
      health: { status: 'healthy' },
      account: { partner_id: `beta_${partner.slug}` },
      usage: { limits: { event_bytes: 262144 } },
      inbox: { pending: 1 },
    },
  ]);
});

t.test('the status leaves out what the key may not see, and says so', async (t) => {
  const { triggers, partner } = await setUp();
  const narrow = await insertKey(db, partner.id, partner.slug, ['events:write']);
  const { code, out } = await triggers(['status'], { env: { TRIGGERS_API_KEY: narrow } });
  t.equal(code, 0);
  const lines = new Map(rows(out) as [string, string][]);
  t.equal(lines.get('key'), 'good (from the environment)');
  t.equal(lines.get('inbox'), 'not shown: the key lacks the scope inbox:read');
  t.equal(lines.get('account'), 'not shown: the key lacks the scope account:read');
  t.match(await triggers(['inbox'], { env: { TRIGGERS_API_KEY: narrow } }), {
    code: 4,
    messages: /^triggers: the key may not do this: .*inbox:read.* \(forbidden\)\n {2}Ask for a key that may\.\n {2}Request id/,
  });
});

t.test('the usage has every figure under its name in the API', async (t) => {
  const { triggers, send } = await setUp();
  await send('a.b', {});
  const figures = new Map(rows((await triggers(['usage'])).out) as [string, string][]);
  t.match(
    figures,
    new Map([
      ['events_accepted', '1'],
      ['monthly.limit', '1000000000'],
      ['limits.batch_events', '500'],
    ]),
  );
  const { out } = await triggers(['usage'], { terminal: true, env: { NO_COLOR: '1' } });
  t.match(out, /^month +\d{4}-\d\d, 1 new event\nmonthly +999,999,999 of [\s\S]*\n\nlimit +value\n[\s\S]*event_bytes +262,144\n/);
});
