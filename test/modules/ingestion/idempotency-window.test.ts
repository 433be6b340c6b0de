import pg from 'pg';
import t from 'tap';
import { createBatchWriter } from '../../../src/modules/ingestion/batch-writer.ts';
import type { EventRow } from '../../../src/modules/ingestion/store.ts';
import { spanOf } from '../../../src/platform/byte-span.ts';
import { createIdGenerator } from '../../../src/platform/event-id.ts';
import { startTestApp } from '../../helper/app.ts';

const { request, addPartner, clock, databaseUrl, db } = await startTestApp(t);
const hour = 3_600_000;
const event = { event_type: 'order.created', payload: { id: 7 } };
// The clock of this file stands still and is only moved forward: ids never go back, whatever a clock does.
clock.stoppedAtMs = Date.now();
const pass = (milliseconds: number) => {
  clock.stoppedAtMs = (clock.stoppedAtMs as number) + milliseconds;
};

const post = (key: string, idempotencyKey = 'k', body: unknown = event) =>
  request('POST', '/v1/events', { key, body, headers: { 'idempotency-key': idempotencyKey } });

for (const [name, retentionSeconds, windowMs] of [
  ['24 hours, when the retention is shorter', 3_600, 24 * hour],
  ['the retention, when it is longer than 24 hours', 259_200, 72 * hour],
] as const) {
  t.test(`a key holds for ${name}: at the last millisecond it is a duplicate, one later a new event`, async (t) => {
    const { key } = await addPartner({ retentionSeconds });
    pass(1);
    const first = (await post(key)).json;
    t.equal(Date.parse(first.received_at), clock.stoppedAtMs);
    pass(windowMs);
    const inside = (await post(key)).json;
    t.match(inside, { duplicate: true, event_id: first.event_id });
    t.equal(inside.expires_at, first.expires_at, 'a duplicate does not live longer');
    pass(1);
    const outside = (await post(key)).json;
    t.match(outside, { duplicate: false });
    t.not(outside.event_id, first.event_id);
    t.match((await post(key)).json, { duplicate: true, event_id: outside.event_id }, 'the key now belongs to the new event');
    t.equal((await post(key, 'k', { ...event, payload: {} })).json.original_event_id, outside.event_id);
  });
}

t.test('outside the window also other content is a new event', async (t) => {
  const { key } = await addPartner({ retentionSeconds: 3_600 });
  await post(key);
  pass(25 * hour);
  t.match((await post(key, 'k', { ...event, payload: { other: true } })).json, { duplicate: false });
});

t.test('one expired key 20 times in parallel is one new event', async (t) => {
  const { key } = await addPartner({ retentionSeconds: 3_600 });
  const first = (await post(key)).json;
  pass(25 * hour);
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(key)));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal(new Set(answers.map(({ json }) => json.event_id)).size, 1);
  t.equal(answers.filter(({ json }) => !json.duplicate).length, 1);
  t.not(answers[0]?.json.event_id, first.event_id);
});

t.test('the window follows the partner’s retention when that is changed', async (t) => {
  const { key, id } = await addPartner({ retentionSeconds: 3_600 });
  const first = (await post(key)).json;
  await db.query('UPDATE partners SET retention_seconds = 259200 WHERE id = $1', [id]);
  pass(48 * hour);
  t.match((await post(key)).json, { duplicate: true, event_id: first.event_id });
});

t.test('a key that vanishes between two statements is not answered, it is tried again', async (t) => {
  const { id } = await addPartner();
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  pool.on('error', () => {});
  t.teardown(() => pool.end());
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  let deleted = false;
  // Between the claim and the look-up of its holder, as the job that takes old keys away may.
  const watched = {
    async connect() {
      const client = await connect();
      const query = client.query.bind(client) as unknown as (config: { name?: string }) => Promise<unknown>;
      Object.assign(client, {
        query: async (config: { name?: string }) => {
          if (config.name === 'findIdempotencyKeys' && !deleted) {
            deleted = true;
            await db.query('DELETE FROM idempotency_keys WHERE partner_id = $1', [id]);
          }
          return query(config);
        },
      });
      return client;
    },
  } as unknown as pg.Pool;
  const writer = createBatchWriter({ pool: watched, clock: Date.now, maxQueuedRows: 10, onStored: () => {}, onBatch: () => {} });
  const nextId = createIdGenerator(Date.now);
  const row = (): EventRow => ({
    partnerId: id,
    id: nextId(),
    eventType: 'a',
    attributes: '"payload":',
    payload: spanOf('{}'),
    idempotencyKey: 'vanishing',
    fingerprint: '00'.repeat(32),
  });
  const [first, second] = [row(), row()];
  t.same(await writer.submit(first), { status: 'accepted', eventId: first.id });
  t.same(await writer.submit(second), { status: 'accepted', eventId: second.id });
  t.ok(deleted);
});
