import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { startTestApp, type TestPartner } from '../helper/app.ts';
import { until } from '../helper/until.ts';
import { startLosingProxy } from './losing-proxy.ts';
import { languages, samples } from './sample-languages.ts';
import { type Ended, Sample } from './sample-process.ts';

const { url, db, request, addPartner } = await startTestApp(t);
const folder = await mkdtemp(path.join(tmpdir(), 'triggers-samples-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));

const { PATH } = process.env;
const envOf = (partner: Pick<TestPartner, 'key'>, apiUrl = url) => ({
  PATH,
  API_URL: apiUrl,
  API_KEY: partner.key,
  PYTHONDONTWRITEBYTECODE: '1',
});

/** One for each test. */
const partners: TestPartner[] = [];
for (let n = 0; n < 9 * languages.length + 1; n += 1) partners.push(await addPartner({ slug: `sample${n}` }));
function newPartner(): TestPartner {
  return partners.pop() as TestPartner;
}

async function send(partner: TestPartner, ...payloads: object[]): Promise<string[]> {
  const body = { events: payloads.map((payload) => ({ event_type: 'order.created', payload })) };
  const { status, json } = await request('POST', '/v1/events/batch', { key: partner.key, body });
  if (status !== 200) throw new Error(JSON.stringify(json));
  return json.results.map(({ event_id }: { event_id: string }) => event_id);
}

async function inbox(
  partner: TestPartner,
  query = '&include_leased=true',
): Promise<{ payload: { id?: number; n?: number }; event_id: string }[]> {
  return (await request('GET', `/v1/inbox?limit=500${query}`, { key: partner.key })).json.events;
}

async function stored(partner: TestPartner): Promise<number> {
  return Number((await db.query('SELECT count(*) FROM events WHERE partner_id = $1', [partner.id])).rows[0].count);
}

t.jobs = languages.length + 1;
for (const language of languages) {
  t.test(language.name, async (t) => {
    // Most of their time they wait: for Retry-After, for a lease, for a slow worker. More at once would be too much for two cores.
    t.jobs = 2;
    const quickStart = path.join(samples, language.quickStart);
    const pattern = (name: string) => path.join(samples, 'patterns', `${name}.${language.extension}`);
    const start = (file: string, args: string[], env: NodeJS.ProcessEnv) => new Sample(t, [language.program, file, ...args], env);
    const run = (file: string, args: string[], env: NodeJS.ProcessEnv): Promise<Ended> => start(file, args, env).ended();

    t.test('two workers share an inbox; a slow one keeps its lease, a failed event is released for later', async (t) => {
      const partner = newPartner();
      const copy = path.join(folder, `workers-${language.extension}`);
      await cp(path.join(samples, 'patterns'), copy, { recursive: true });
      const file = path.join(copy, `workers.${language.extension}`);
      let text = await readFile(file, 'utf8');
      for (const [from, to] of language.workerEdits) {
        t.ok(text.includes(from), from);
        text = text.replace(from, () => to);
      }
      await writeFile(file, text);
      const [slow, failing, ...quick] = await send(partner, { slow: true }, { n: 0 }, { n: 1 }, { n: 2 }, { n: 3 });
      const workers = [start(file, [], envOf(partner)), start(file, [], envOf(partner))];
      const printed = () => workers.map((worker) => worker.printed).join('');
      const settled = [...[slow, ...quick].map((id) => `acknowledge ${id}\n`), `release ${failing}\n`];
      await until(`all settled: ${settled}`, () => settled.every((line) => printed().includes(line)), 20_000);
      for (const id of [slow, ...quick]) {
        t.match(printed(), new RegExp(`handled ${id} order.created\n(.*\n)*?acknowledge ${id}\n`));
        t.equal(printed().split(`handled ${id}`).length, 2, 'once');
        const { json } = await request('GET', `/v1/events/${id}`, { key: partner.key });
        t.same([json.status, json.delivery.count], ['acknowledged', 1]);
      }
      t.match(printed(), `release ${failing}\n`);
      t.same(
        (await inbox(partner)).map(({ event_id }) => event_id),
        [failing],
      );
      t.same(await inbox(partner, ''), [], 'not yet free again');
      await Promise.all(workers.map((worker) => worker.stop()));
    });

    t.test('the quick start sends an event once, retrieves and acknowledges it; again and again', async (t) => {
      const partner = newPartner();
      // As a partner has it, in a folder of its own.
      const copy = path.join(folder, language.quickStart);
      await cp(quickStart, copy);
      for (const file of [quickStart, copy]) {
        const { code, printed, errors } = await run(file, [], envOf(partner, `${url}/`));
        t.equal(code, 0, errors);
        const id = /^sent (evt_\S+)$/m.exec(printed)?.[1];
        t.same(printed.split('\n'), [
          'key good, service healthy',
          `sent ${id}`,
          `sent again ${id}: a duplicate, stored once`,
          `retrieved ${id}: {"order_id":"1001","amount":99.99}`,
          `acknowledged ${id}`,
          '',
        ]);
        t.equal(errors, '');
      }
      t.equal(await stored(partner), 2, 'one in each run');
      t.same(await inbox(partner), []);
    });

    t.test('the quick start says what is wrong with the key, and never the key', async (t) => {
      const partner = newPartner();
      const wrongs = [{ API_KEY: undefined }, { API_URL: undefined }, { API_KEY: 'paste your key here' }, { API_URL: 'example.com' }];
      for (const { code, errors } of await Promise.all(wrongs.map((env) => run(quickStart, [], { ...envOf(partner), ...env })))) {
        t.equal(code, 2);
        t.equal(errors, 'Set API_URL (https://…) and API_KEY (sk_…); both are in the welcome mail.\n');
      }
      const wrong = `${partner.key.slice(0, -1)}${partner.key.endsWith('a') ? 'b' : 'a'}`;
      const { code, printed, errors } = await run(quickStart, [], envOf({ key: wrong }));
      t.equal(code, 1);
      t.match(errors, /^401 unauthenticated: .+ \(request_id req_\S+\)\nCheck API_KEY: complete, not expired, not replaced\?\n$/);
      t.notMatch(printed + errors, wrong);
    });

    t.test('the quick start waits for Retry-After, and stores its event once though every first answer is lost', async (t) => {
      const partner = newPartner();
      const proxy = await startLosingProxy(t, url);
      const begun = performance.now();
      const { code, printed, errors } = await run(quickStart, [], envOf(partner, proxy.url));
      t.equal(code, 0, errors);
      t.ok(performance.now() - begun > 1000);
      t.match(printed, /\nacknowledged evt_/);
      t.same(proxy.requests, [
        'turned away',
        ...['GET /v1/health', 'GET /v1/health'],
        ...['POST /v1/events', 'POST /v1/events', 'POST /v1/events'],
        ...['GET /v1/inbox', 'GET /v1/inbox'],
        ...['PATCH /v1/events/{id}/acknowledge', 'PATCH /v1/events/{id}/acknowledge'],
      ]);
      t.equal(await stored(partner), 1);
    });

    t.test('sync sends each whole line once and goes on where it was', async (t) => {
      const partner = newPartner();
      const file = path.join(folder, `sync-${language.extension}.jsonl`);
      await writeFile(file, '{"id":1001,"note":"a\\n\\"b\\" é"}\n{"id":1002}\n{"id":10');
      const first = await run(pattern('sync'), [file], envOf(partner, (await startLosingProxy(t, url)).url));
      t.equal(first.code, 0, first.errors);
      t.match(first.printed, /^sent order-1001-created as evt_\S+\nsent order-1002-created as evt_\S+\nup to date after 2 lines\n$/);
      await writeFile(file, '{"id":1001,"note":"a\\n\\"b\\" é"}\n{"id":1002}\n{"id":1003}\n');
      await writeFile(`${file}.sent`, '1'); // as after a crash between sending and writing that down
      t.match(
        (await run(pattern('sync'), [file], envOf(partner))).printed,
        /^sent order-1002-.*\nsent order-1003-.*\nup to date after 3 lines\n$/,
      );
      t.match((await run(pattern('sync'), [file], envOf(partner))).printed, /^up to date after 3 lines\n$/);
      t.same(
        (await inbox(partner)).map(({ payload }) => payload),
        [{ id: 1001, note: 'a\n"b" é' }, { id: 1002 }, { id: 1003 }],
      );
    });

    t.test('backfill sends all lines once, however often it runs, and names those that failed', async (t) => {
      const partner = newPartner();
      const file = path.join(folder, `backfill-${language.extension}.jsonl`);
      const lines = Array.from({ length: 501 }, (_, n) => `{"id":${n},"note":"a\\nb é"}\n`);
      await writeFile(file, lines.join(''));
      const proxy = await startLosingProxy(t, url);
      const first = await run(pattern('backfill'), [file], envOf(partner, proxy.url));
      t.same([first.code, first.printed], [0, '1 accepted, 500 duplicates, 0 failed\n'], first.errors);
      await writeFile(file, [...lines, '{"id":7,"changed":true}\n'].join(''));
      const again = await run(pattern('backfill'), [file], envOf(partner));
      t.same([again.code, again.printed], [1, '0 accepted, 501 duplicates, 1 failed\n']);
      t.match(again.errors, 'idempotency_key_reused The idempotency key was used for another event');
      t.equal(await stored(partner), 501);
      const wrong = await run(pattern('backfill'), [file], envOf({ key: 'sk_test_wrong' }));
      t.equal(wrong.code, 1);
      t.match(wrong.errors, 'unauthenticated');
      t.equal((await run(pattern('backfill'), [file], { PATH })).code, 2);
    });

    t.test('poll handles what is there and what comes, and acknowledges it', async (t) => {
      const partner = newPartner();
      const [first] = await send(partner, { n: 1 });
      const poll = start(pattern('poll'), [], envOf(partner, (await startLosingProxy(t, url)).url));
      await poll.prints(/acknowledged \d/);
      const [second] = await send(partner, { n: 2 });
      await poll.prints(new RegExp(`handled ${second} order.created\nacknowledged 1`));
      await poll.stop();
      t.equal(poll.printed.split(`handled ${first} order.created\n`).length, 2, 'once');
      t.same(await inbox(partner), []);
    });

    t.test('exactly-once does a thing once, also when its event comes again', async (t) => {
      const partner = newPartner();
      const [id] = await send(partner, { n: 1 });
      const done = path.join(folder, `done-${language.extension}`);
      const first = start(pattern('exactly-once'), [done], envOf(partner, (await startLosingProxy(t, url)).url));
      await first.prints(new RegExp(`^${id} done\n`));
      await until('acknowledged', async () => (await inbox(partner)).length === 0);
      await first.stop();
      await request('POST', `/v1/events/${id}/replay`, { key: partner.key, body: {} });
      const second = start(pattern('exactly-once'), [done], envOf(partner));
      await second.prints(new RegExp(`^${id} was done before\n`));
      await until('acknowledged again', async () => (await inbox(partner)).length === 0);
      await second.stop();
      t.equal(first.printed, `${id} done\n`);
    });
  });
}

t.test('nothing extends the lease of a sh worker that was killed', async (t) => {
  const partner = newPartner();
  const copy = path.join(folder, 'killed');
  await cp(path.join(samples, 'patterns'), copy, { recursive: true });
  const file = path.join(copy, 'workers.sh');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace('lease_seconds=60', 'lease_seconds=5').replace('  echo "handled', '  echo "begun"\n  sleep 60\n  echo "handled'),
  );
  const [id] = await send(partner, { n: 1 });
  const worker = new Sample(t, ['sh', file], envOf(partner));
  await worker.prints(/begun/);
  worker.killAlone();
  const { json } = await request('POST', '/v1/inbox/receive', { key: partner.key, body: { wait_seconds: 20 } });
  t.equal(json.events[0]?.event_id, id);
});
