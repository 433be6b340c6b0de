import { mock } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import t, { type Test } from 'tap';
import { createPartner, issueKey, listKeys } from '../../../src/modules/partners/store.ts';
import { KeyUsage } from '../../../src/pipeline/auth/key-usage.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { startTestApp } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { until } from '../../helper/until.ts';
import { pepper, startAuthApp } from './auth-app.ts';

async function setUp(t: Test, keys = 1) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 4, onIdleError: () => {} });
  t.teardown(() => pools.close());
  await createPartner(pools.db, { slug: 'acme' });
  const ids: number[] = [];
  for (let index = 0; index < keys; index += 1) ids.push((await issueKey(pools.db, { pepper }, { slug: 'acme' })).key_id);
  const clock = { ms: Date.parse('2026-11-24T12:00:00.123Z') };
  const errors: unknown[] = [];
  const replica = (db = pools.db) => new KeyUsage({ db, clock: () => clock.ms, onError: (error) => void errors.push(error) });
  const stored = async () => (await listKeys(pools.db, 'acme')).map(({ last_used_at }) => last_used_at);
  return { databaseUrl, db: pools.db, ids: ids as [number, ...number[]], clock, errors, replica, stored };
}

t.test('what is noted is written at the next flush, to the millisecond of the latest use, for the keys that were used', async (t) => {
  const { ids, clock, errors, replica, stored } = await setUp(t, 3);
  const usage = replica();
  usage.note(ids[0]);
  usage.note(ids[2] as number);
  clock.ms += 5_000;
  usage.note(ids[0]);
  t.same(await stored(), [null, null, null], 'a request writes nothing');
  clock.ms += 30_000;
  await usage.flush();
  t.same(await stored(), ['2026-11-24T12:00:05.123Z', null, '2026-11-24T12:00:00.123Z'], 'the time of the use, not of the write');
  t.same(errors, []);
});

t.test('of two replicas the later use stays, whichever writes last', async (t) => {
  const { ids, clock, replica, stored } = await setUp(t);
  const [one, two] = [replica(), replica()];
  one.note(ids[0]);
  clock.ms += 60_000;
  two.note(ids[0]);
  await two.flush();
  await one.flush();
  t.same(await stored(), ['2026-11-24T12:01:00.123Z']);
});

t.test('without a use between two flushes nothing is written', async (t) => {
  const { db, ids, replica } = await setUp(t);
  const version = async () => (await sql<{ xmin: string }>`SELECT xmin::text FROM api_keys`.execute(db)).rows;
  const usage = replica();
  await usage.flush();
  usage.note(ids[0]);
  await usage.flush();
  const before = await version();
  await usage.flush();
  t.same(await version(), before);
});

t.test('replicas that write the same hundred keys at once, noted in any order, never stand in each other’s way', async (t) => {
  const { ids, clock, errors, replica, stored } = await setUp(t, 100);
  for (let round = 0; round < 10; round += 1) {
    clock.ms += 1_000;
    const replicas = [replica(), replica(), replica(), replica()];
    for (const [index, usage] of replicas.entries()) for (const id of index % 2 ? ids : ids.toReversed()) usage.note(id);
    await Promise.all(replicas.map((usage) => usage.flush()));
  }
  t.same(errors, [], 'no deadlock');
  t.same(new Set(await stored()), new Set([new Date(clock.ms).toISOString()]));
});

t.test('a write that fails is told, and tried again with what came since; later uses win', async (t) => {
  const { databaseUrl, ids, clock, errors, replica, stored } = await setUp(t, 2);
  const usage = replica();
  const other = new pg.Client({ connectionString: databaseUrl });
  await other.connect();
  t.teardown(() => other.end());
  usage.note(ids[0]);
  usage.note(ids[1] as number);
  await other.query('BEGIN');
  await other.query('SELECT FROM api_keys WHERE id = $1 FOR UPDATE', [ids[1]]);
  const failing = usage.flush();
  clock.ms += 1_000;
  usage.note(ids[0]);
  await failing;
  t.match(errors, [{ code: '55P03' }], 'the row was locked for longer than is waited');
  t.same(await stored(), [null, null]);
  await other.query('ROLLBACK');
  await usage.flush();
  t.same(await stored(), ['2026-11-24T12:00:01.123Z', '2026-11-24T12:00:00.123Z']);
  t.equal(errors.length, 1);
});

t.test('it writes once a minute from start to stop, and once more at stop', async (t) => {
  const { ids, clock, replica, stored } = await setUp(t);
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const usage = replica();
  usage.start();
  usage.note(ids[0]);
  mock.timers.tick(59_999);
  t.same(await stored(), [null]);
  mock.timers.tick(1);
  await usage.flush(); // waits for the one under way
  t.same(await stored(), ['2026-11-24T12:00:00.123Z']);
  clock.ms += 1;
  usage.note(ids[0]);
  await usage.stop();
  t.same(await stored(), ['2026-11-24T12:00:00.124Z'], 'what was left at the stop');
  clock.ms += 1;
  usage.note(ids[0]);
  mock.timers.tick(600_000);
  t.same(await stored(), ['2026-11-24T12:00:00.124Z'], 'no timer is left');
});

t.test('a key that was deleted meanwhile is nobody’s error', async (t) => {
  const { db, ids, errors, replica, stored } = await setUp(t, 2);
  const usage = replica();
  for (const id of ids) usage.note(id);
  await db.deleteFrom('api_keys').where('id', '=', ids[0]).execute();
  await usage.flush();
  t.same(await stored(), ['2026-11-24T12:00:00.123Z']);
  t.same(errors, []);
});

t.test('of requests the admitted ones are noted and no other, and the closing server writes them', async (t) => {
  const { app, db, clock, send } = await startAuthApp(t);
  const issue = (options = {}) => issueKey(db, { pepper }, { slug: 'acme', ...options });
  const keys = [await issue(), await issue({ scopes: ['events:write'] }), await issue({ allowedCidrs: ['192.0.2.0/24'] }), await issue()];
  for (const { api_key } of keys.slice(0, 3)) await send('/read', { 'x-api-key': api_key });
  await send('/health', { 'x-api-key': keys[3]?.api_key });
  const used = new Date(clock.ms).toISOString();
  await app.close();
  t.same(
    (await listKeys(db, 'acme')).map(({ last_used_at }) => last_used_at),
    [used, null, null, used],
  );
});

t.test('to have been used is no change of a key: no cache is emptied and nothing is written to the audit log', async (t) => {
  const { app, databaseUrl, db, send } = await startAuthApp(t);
  await app.keyInvalidation.whenListening();
  const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme' });
  await createPartner(db, { slug: 'other' });
  const others = await issueKey(db, { pepper }, { slug: 'other' });
  const listener = new pg.Client({ connectionString: databaseUrl });
  await listener.connect();
  t.teardown(() => listener.end());
  const heard: unknown[] = [];
  listener.on('notification', ({ payload }) => heard.push(payload));
  await listener.query('LISTEN auth_changed');
  const audited = async () => (await db.selectFrom('audit_log').select('action').execute()).length;
  const entries = await audited();

  t.equal((await send('/read', { 'x-api-key': key })).status, 200);
  await app.keyUsage.flush();
  t.not((await listKeys(db, 'acme'))[0]?.last_used_at, null, 'it was written');
  t.equal(await audited(), entries);
  // Notifications come in the order of their commits: when a later one is here, an earlier one would be.
  await db
    .updateTable('api_keys')
    .set({ scopes: ['inbox:read'] })
    .where('id', '=', others.key_id)
    .execute();
  await until('the later one is heard', () => heard.length > 0);
  t.equal(heard.length, 1, 'only that of the other partner');
  t.equal(await audited(), entries + 1);
});

t.test('the server warns of a write that failed, serves on, and brings it with the next', async (t) => {
  const { app, db, logs, request, addPartner } = await startTestApp(t);
  const { key } = await addPartner();
  const served = async () => (await request('GET', '/v1/account', { key })).status;
  t.equal(await served(), 200);
  await db.query('ALTER TABLE api_keys RENAME COLUMN last_used_at TO moved');
  await app.keyUsage.flush();
  const [warning, ...others] = logs.filter((line) => line.includes('when keys were last used was not written'));
  t.match(JSON.parse(warning ?? ''), { level: 40, err: { code: '42703' } });
  t.same(others, []);
  t.equal(await served(), 200);
  await db.query('ALTER TABLE api_keys RENAME COLUMN moved TO last_used_at');
  await app.keyUsage.flush();
  t.same((await db.query('SELECT last_used_at IS NOT NULL AS written FROM api_keys')).rows, [{ written: true }]);
});
