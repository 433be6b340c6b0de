import t from 'tap';
import { Connection } from '../../openapi/clients/typescript/src/api.ts';
import { Consumer } from '../../openapi/clients/typescript/src/consumer.ts';
import { AuthenticationError, ServerError, Triggers, type TriggersOptions } from '../../openapi/clients/typescript/src/index.ts';
import { settingsOf } from '../../openapi/clients/typescript/src/options.ts';
import { Settler } from '../../openapi/clients/typescript/src/settle.ts';
import { until } from '../helper/until.ts';
import { problem, type Scripted, startDouble } from './typescript-double.ts';

/** Requests of many items of which the server takes some. */

const busy = { code: 'unavailable', detail: 'not now', retryable: true };
const malformed = { code: 'validation_failed', detail: 'not so', retryable: false };

async function against(answers: Scripted[], options: TriggersOptions = {}) {
  const double = await startDouble(t, ...answers);
  const given = { apiKey: 'sk_test_acme_x', baseUrl: double.url, backoff: { baseMs: 1 }, ...options };
  return { double, client: new Triggers(given), settings: settingsOf(given), sent: () => double.came.map(({ text }) => JSON.parse(text)) };
}

const received = (...ids: string[]): Scripted => ({
  status: 200,
  body: { events: ids.map((id) => ({ event_id: id, payload: {}, lease_token: `token_${id}`, delivery: { count: 1, replayed: false } })) },
});

/** What settling one list gives, for each event its status or its error. */
const settled = (list: string, results: Record<string, string | object>): Scripted => ({
  status: 207,
  body: {
    results: Object.entries(results).map(([event_id, result], index) => ({
      list,
      index,
      event_id,
      ...(typeof result === 'string' ? { status: result } : { status: 'failed', error: result }),
    })),
  },
});

t.test('an acknowledgement for which the server is too busy is sent again, and the loop goes on', async (t) => {
  const { client, sent } = await against([
    received('a'),
    settled('acknowledge', { a: busy }),
    settled('acknowledge', { a: busy }),
    settled('acknowledge', { a: 'acknowledged' }),
    received(),
  ]);
  const seen: string[] = [];
  for await (const { eventId } of client.inbox({ stopWhenEmpty: true })) seen.push(eventId);
  t.same(seen, ['a']);
  const again = { acknowledge: [{ event_id: 'a', lease_token: 'token_a' }] };
  t.same(sent().slice(1, 4), [again, again, again]);
});

t.test('only what the server was too busy for is sent again; it fails after the attempts of the client', async (t) => {
  const { client, sent } = await against(
    [received('a', 'b'), settled('acknowledge', { a: busy, b: 'acknowledged' }), settled('acknowledge', { a: busy })],
    { maxAttempts: 3 },
  );
  const [a, b] = await client.receive();
  const [first, second] = await Promise.allSettled([a?.acknowledge(), b?.acknowledge()]);
  t.match(second, { status: 'fulfilled' });
  const { reason } = first as PromiseRejectedResult;
  t.ok(reason instanceof ServerError);
  t.match({ ...reason }, { code: 'unavailable', retryable: true, attempts: 3 });
  t.same(
    sent()
      .slice(1)
      .map(({ acknowledge }) => acknowledge.map(({ event_id }: { event_id: string }) => event_id)),
    [['a', 'b'], ['a'], ['a']],
  );
});

t.test('what is asked for of an event stays behind what waits to be sent again; other events do not wait', async (t) => {
  const { client, sent } = await against(
    [
      received('a', 'b'),
      settled('extend', { a: busy }),
      settled('acknowledge', { b: 'acknowledged' }),
      settled('extend', { a: 'extended' }),
      settled('reject', { a: 'dead_lettered' }),
    ],
    { backoff: { baseMs: 200 } },
  );
  const [a, b] = await client.receive();
  const random = Math.random;
  t.teardown(() => {
    Math.random = random;
  });
  Math.random = () => 1;
  const ofOne = [a?.extend(60), a?.reject()];
  await until('the first came', () => sent().length === 2);
  await b?.acknowledge();
  t.equal(sent().length, 3, 'before the other is sent again');
  await Promise.all(ofOne);
  t.same(
    sent()
      .flatMap((body) => Object.keys(body))
      .slice(-4),
    ['extend', 'acknowledge', 'extend', 'reject'],
  );
});

t.test('an event that cannot be released at once is released again', async (t) => {
  const { client, sent } = await against([received('a'), settled('release', { a: busy }), settled('release', { a: 'released' })]);
  for await (const _ of client.inbox()) break;
  t.same(
    sent()
      .slice(1)
      .map(({ release }) => release.length),
    [1, 1],
  );
});

t.test('an event whose owner left a settlement of it alone is kept no longer when that fails', async (t) => {
  const { double, settings } = await against([received('a', 'b'), problem(401, 'unauthenticated')]);
  const connection = new Connection(settings);
  const consumer = new Consumer(connection, settings, new Settler(connection, settings), { leaseSeconds: 5 });
  t.teardown(() => consumer.close());
  const [a, b] = await consumer.receive(2);
  const rejections = [
    t.rejects(a?.reject() as Promise<void>, AuthenticationError),
    t.rejects(b?.reject() as Promise<void>, AuthenticationError),
  ];
  await consumer.release([b as NonNullable<typeof b>]);
  await consumer.finish(a as NonNullable<typeof a>);
  await Promise.all(rejections);
  t.equal(await consumer.isOurs(a as NonNullable<typeof a>), false, 'though its lease has not ended');
  t.equal(await consumer.isOurs(b as NonNullable<typeof b>), false);
  t.equal(double.came.length, 2, 'nothing is done to them against the will of their owner');
});

t.test('ids for which the server is too busy are acknowledged by another request', async (t) => {
  const result = (index: number, event_id: string, more: object) => ({ index, event_id, ...more });
  const { client, sent } = await against([
    {
      status: 207,
      body: {
        results: [
          result(0, 'a', { status: 'failed', error: busy }),
          result(1, 'b', { status: 'acknowledged', already_acknowledged: true }),
          result(2, 'c', { status: 'failed', error: malformed }),
        ],
      },
    },
    { status: 200, body: { results: [result(0, 'a', { status: 'acknowledged' })] } },
  ]);
  const summary = await client.acknowledge(['a', 'b', 'c', 'a']);
  t.match(summary, { acknowledged: 1, alreadyAcknowledged: 1, failed: 1 });
  t.same(
    summary.results.map(({ index, eventId, status }) => [index, eventId, status]),
    [
      [0, 'a', 'acknowledged'],
      [1, 'b', 'acknowledged'],
      [2, 'c', 'failed'],
      [3, 'a', 'acknowledged'],
    ],
  );
  t.same(sent(), [{ event_ids: ['a', 'b', 'c'] }, { event_ids: ['a'] }]);
});

t.test('an event that JSON cannot hold fails alone, and the others are stored', async (t) => {
  const accepted = (index: number) => ({ index, status: 'accepted', event_id: `evt_${index}` });
  const { client, sent } = await against([{ status: 200, body: { results: [accepted(0), accepted(1)] } }]);
  const payloads = [{ n: 1 }, { n: 2n }, { n: 3 }, undefined as unknown as object];
  const summary = await client.sendBatch(
    payloads.map((payload) => ({ eventType: 'a', payload })),
    { idempotencyKey: 'import' },
  );
  t.match(summary, { accepted: 2, failed: 2 });
  t.match(summary.results[1], {
    index: 1,
    idempotencyKey: 'import:1',
    status: 'failed',
    error: { code: 'invalid_event', retryable: false },
  });
  t.match(summary.results[3], { index: 3, error: { code: 'invalid_event', detail: /JSON object/ } });
  t.same(
    sent()[0].events.map((event: { idempotency_key: string }) => event.idempotency_key),
    ['import:0', 'import:2'],
  );
});

t.test('what an earlier round refused for good is not blamed on the request that fails after it', async (t) => {
  const results = [
    { index: 0, status: 'failed', error: malformed },
    { index: 1, status: 'failed', error: busy },
    { index: 2, status: 'duplicate', event_id: 'evt_2' },
  ];
  const { client } = await against([{ status: 207, body: { results } }, problem(401, 'unauthenticated')]);
  const error = await client.sendBatch([0, 1, 2].map((n) => ({ eventType: 'a', payload: { n } }))).catch((reason) => reason);
  t.ok(error instanceof AuthenticationError);
  t.match(error.batch, { duplicates: 1, failed: 2 });
  t.match(error.batch.results, [{ error: malformed }, { error: { code: 'unauthenticated' } }, { eventId: 'evt_2' }]);
});

const filter = { from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' };
const inTheWay: Scripted = { status: 409, body: { code: 'job_in_progress', detail: 'Another is running', job_id: 'job_1' } };
const job = (kind: string, ageMs: number): Scripted => ({
  status: 200,
  body: { job_id: 'job_1', kind, status: 'running', matched: 700, moved: 3, created_at: new Date(Date.now() - ageMs).toISOString() },
});

t.test('the job whose answer was lost is found by the refusal of the next attempt', async (t) => {
  const { double, client } = await against(['break', inTheWay, job('replay', -2_000)]);
  t.same(await client.replay({ filter }), { matched: 700, jobId: 'job_1', status: 'queued' });
  double.next('break', inTheWay, job('redrive', -2_000));
  t.same(await client.redrive({ filter: {} }), { matched: 700, jobId: 'job_1', status: 'queued' });
});

t.test('a job that is not of this call is a conflict', async (t) => {
  for (const answers of [
    [inTheWay],
    ['break', inTheWay, job('redrive', -2_000)],
    ['break', inTheWay, job('replay', 60_000)],
    ['break', inTheWay, problem(404, 'job_not_found')],
  ] as Scripted[][]) {
    const { client } = await against(answers);
    await t.rejects(client.replay({ filter }), { name: 'ConflictError', code: 'job_in_progress', problem: { job_id: 'job_1' } });
  }
});
