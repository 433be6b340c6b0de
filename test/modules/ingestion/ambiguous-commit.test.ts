import pg from 'pg';
import t from 'tap';
import { createBatchWriter } from '../../../src/modules/ingestion/batch-writer.ts';
import type { EventRow } from '../../../src/modules/ingestion/store.ts';
import { spanOf } from '../../../src/platform/byte-span.ts';
import { createIdGenerator } from '../../../src/platform/event-id.ts';
import { startTestApp } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { lockWait } from '../../helper/lock-wait.ts';
import { AnswerCutter } from './answer-cutter.ts';

const direct = await createTestDatabase(t);
const { cutter, url } = await AnswerCutter.open(direct);
const { request, addPartner, db } = await startTestApp(t, { databaseUrl: url });
t.teardown(() => cutter.close());
const event = { event_type: 'order.created', payload: { id: 7 } };

async function stored(partnerId: number): Promise<{ events: number; inbox: number; keys: number }> {
  const counts = ['events', 'inbox', 'idempotency_keys'].map((table) => `(SELECT count(*)::int FROM ${table} WHERE partner_id = $1)`);
  const { rows } = await db.query({ text: `SELECT ${counts.join(', ')}`, values: [partnerId], rowMode: 'array' });
  const [events, inbox, keys] = rows[0] as unknown as [number, number, number];
  return { events, inbox, keys };
}

t.test('the connection is lost after COMMIT and before its answer: the event is stored once and answered', async (t) => {
  const { key, id } = await addPartner();
  const lost = cutter.cut('COPY events');
  const answer = await request('POST', '/v1/events', { key, body: event });
  await lost;
  t.equal(answer.status, 200, answer.text);
  t.match(answer.json, { duplicate: false });
  t.same(await stored(id), { events: 1, inbox: 1, keys: 0 });
  t.same((await request('GET', '/v1/inbox', { key })).json.events[0].event_id, answer.json.event_id);
});

t.test('the same with an idempotency key: stored once, not taken for a duplicate, and the retry gets the same id', async (t) => {
  const { key, id } = await addPartner();
  const send = () => request('POST', '/v1/events', { key, body: event, headers: { 'idempotency-key': 'k' } });
  const lost = cutter.cut('insertKeyedEvents');
  const answer = await send();
  await lost;
  t.equal(answer.status, 200, answer.text);
  t.match(answer.json, { duplicate: false });
  t.equal(answer.headers.get('idempotent-replayed'), null);
  t.same(await stored(id), { events: 1, inbox: 1, keys: 1 });
  t.match((await send()).json, { duplicate: true, event_id: answer.json.event_id });
});

t.test('the same with a batch of a hundred: each event is stored once', async (t) => {
  const { key, id } = await addPartner();
  const lost = cutter.cut('COPY events');
  const answer = await request('POST', '/v1/events/batch', { key, body: Array.from({ length: 100 }, () => event) });
  await lost;
  t.equal(answer.status, 200, answer.text);
  t.equal(answer.json.accepted, 100);
  t.same(await stored(id), { events: 100, inbox: 100, keys: 0 });
});

t.test('the same with a batch in which some items have keys', async (t) => {
  const { key, id } = await addPartner();
  const body = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? event : { ...event, idempotency_key: `k${index}` }));
  const lost = cutter.cut('insertKeyedEvents');
  const answer = await request('POST', '/v1/events/batch', { key, body });
  await lost;
  t.match(answer.json, { accepted: 10, duplicates: 0, failed: 0 });
  t.same(await stored(id), { events: 10, inbox: 10, keys: 5 });
});

t.test('the client is gone before the commit: its retry with the key lands once', async (t) => {
  const { key, id } = await addPartner();
  const send = (signal?: AbortSignal) =>
    request('POST', '/v1/events', { key, body: event, headers: { 'idempotency-key': 'k' }, ...(signal && { signal }) });
  const abort = new AbortController();
  await db.query('BEGIN; LOCK TABLE events IN SHARE MODE');
  const first = send(abort.signal);
  await lockWait(db);
  abort.abort();
  await t.rejects(first);
  const retry = send();
  await db.query('COMMIT');
  t.equal((await retry).status, 200);
  t.same(await stored(id), { events: 1, inbox: 1, keys: 1 });
});

t.test('an event that was acknowledged between the commit and its repetition does not come back to the inbox', async (t) => {
  const partner = await addPartner();
  const pool = new pg.Pool({ connectionString: direct, max: 1 });
  t.teardown(() => pool.end());
  for (const keyed of [false, true]) {
    for (const count of [1, 80]) {
      const rows = rowsOf(partner.id, count, keyed);
      const acknowledged = rows.slice(0, Math.ceil(count / 2)).map(({ id }) => id);
      const writer = createBatchWriter({
        pool: losingFirstAnswer(pool, async () => {
          const gone = await db.query('DELETE FROM inbox WHERE partner_id = $1 AND id = ANY ($2) RETURNING id', [partner.id, acknowledged]);
          t.equal(gone.rowCount, acknowledged.length, 'they were committed and are acknowledged');
        }),
        clock: Date.now,
        maxQueuedRows: 200,
        onStored: () => {},
        onBatch: () => {},
      });
      const outcomes = await Promise.all(rows.map((row) => writer.submit(row)));
      t.same(
        outcomes,
        rows.map(({ id }) => ({ status: 'accepted', eventId: id })),
        'each is answered as accepted, once',
      );
      const { rows: left } = await db.query('SELECT id FROM inbox WHERE partner_id = $1 ORDER BY id', [partner.id]);
      t.same(
        left.map(({ id }) => id),
        rows.slice(acknowledged.length).map(({ id }) => id),
        `${count} rows, ${keyed ? 'with' : 'without'} keys`,
      );
      await db.query('DELETE FROM inbox WHERE partner_id = $1', [partner.id]);
    }
  }
});

const nextId = createIdGenerator(Date.now);

function rowsOf(partnerId: number, count: number, keyed: boolean): EventRow[] {
  return Array.from({ length: count }, () => {
    const id = nextId();
    return {
      partnerId,
      id,
      eventType: 'a',
      attributes: '"event_type":"a","payload":',
      payload: spanOf('{}'),
      idempotencyKey: keyed ? id : null,
      fingerprint: keyed ? '00'.repeat(32) : null,
    };
  });
}

/** A pool whose first use commits, and then says that the connection was lost; `meanwhile` happens before that is said. */
function losingFirstAnswer(pool: pg.Pool, meanwhile: () => Promise<void>): pg.Pool {
  let used = 0;
  const connect = async () => {
    const client = await pool.connect();
    if (used++ > 0) return client;
    return {
      query(config: { callback?: (error?: Error) => void }) {
        const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
        if (typeof config.callback === 'function') {
          const { callback } = config;
          config.callback = (error) => void (error ? callback(error) : meanwhile().then(() => callback(lost)));
          return client.query(config as never);
        }
        return (client.query(config as never) as unknown as Promise<unknown>).then(meanwhile).then(() => Promise.reject(lost));
      },
      release: () => client.release(true),
    };
  };
  return { connect, query: pool.query.bind(pool) } as unknown as pg.Pool;
}
