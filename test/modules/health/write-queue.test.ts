import t from 'tap';
import { queueTrouble } from '../../../src/modules/health/probes.ts';
import { startTestApp } from '../../helper/app.ts';
import { until } from '../../helper/until.ts';

t.test('a replica whose queue is full is not ready and says so, and is ready again when it has room', async (t) => {
  const { app, request, addPartner, db } = await startTestApp(t, { MAX_QUEUED_ROWS: 2 });
  const partners = [await addPartner(), await addPartner()];
  const post = (index: number) =>
    request('POST', '/v1/events', { key: partners[index % 2]?.key as string, body: { event_type: 'x', payload: {} } });
  const gauge = async (name: 'queuedRows' | 'batchesInFlight') =>
    (await app.metrics[name].get()).values.find(({ labels }) => labels.queue === 'ingest')?.value;
  await db.query('BEGIN; LOCK TABLE inbox IN SHARE MODE');
  const pending = [];
  for (const [index, name, count] of [
    [0, 'batchesInFlight', 1],
    [1, 'batchesInFlight', 2],
    [0, 'queuedRows', 1],
    [1, 'queuedRows', 2],
  ] as const) {
    pending.push(post(index));
    await until(`${count} ${name}`, async () => (await gauge(name)) === count);
  }
  const ready = await request('GET', '/health/ready');
  t.match(ready, { status: 503, json: { status: 'not_ready', reason: /queue/ } });
  t.match((await request('GET', '/health')).json, { status: 'degraded', reason: ready.json.reason });
  await db.query('COMMIT');
  t.same(
    (await Promise.all(pending)).map(({ status }) => status),
    [200, 200, 200, 200],
  );
  t.equal((await request('GET', '/health/ready')).status, 200);
});

t.test('a queue is in trouble when it is full, or when what is next has waited longer than three seconds', async (t) => {
  const trouble = (queuedRows: number, oldestQueuedMs: number) => queueTrouble({ queuedRows, oldestQueuedMs }, 10);
  t.same([trouble(0, 0), trouble(9, 3_000)], [undefined, undefined]);
  t.match([trouble(10, 0), trouble(1, 3_001)], [/fit/, /wait/]);
});
