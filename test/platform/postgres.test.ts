import pg from 'pg';
import t from 'tap';
import { assertDurable, classifyPostgresError, createPools, isMissingPartition, timeouts } from '../../src/platform/postgres.ts';
import { createTestDatabase } from '../helper/database.ts';

const withCode = (code: string, message = 'from the database') => Object.assign(new Error(message), { code });

t.test('errors after which the same statement may succeed are told from those of a value and from bugs', async (t) => {
  const expected: Record<string, string[]> = {
    retry: [
      '08006',
      '08P01',
      '25006',
      '25P04',
      '3D000',
      '40001',
      '40P01',
      '53100',
      '53200',
      '53300',
      '55P03',
      '57014',
      '57P01',
      '57P02',
      '57P03',
      '58030',
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
      'ETIMEDOUT',
      'EHOSTUNREACH',
      'EAI_AGAIN',
    ],
    data: ['22001', '22007', '22008', '22021', '22P02', '22P05', '23502', '23505', '23514'],
    bug: ['42P01', '42601', '42501', '0A000', 'XX000', '25P02', '28P01'],
  };
  for (const [fault, codes] of Object.entries(expected)) {
    for (const code of codes) t.equal(classifyPostgresError(withCode(code)), fault, code);
  }
});

t.test('what the driver says without a code is a lost connection; what is not of the driver is not classified', async (t) => {
  const messages = [
    'timeout exceeded when trying to connect',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
  ];
  for (const message of messages) t.equal(classifyPostgresError(new Error(message)), 'retry', message);
  for (const other of [
    new Error('x is undefined'),
    new TypeError('no'),
    withCode('FST_ERR_X'),
    'a text',
    undefined,
    null,
    { code: '40001' },
  ]) {
    t.equal(classifyPostgresError(other), undefined);
  }
});

t.test('settings of a connection: no statement, lock or transaction can hang', async (t) => {
  const pools = createPools({ databaseUrl: await createTestDatabase(t), writeConnections: 1, readConnections: 1, onIdleError: () => {} });
  t.teardown(() => pools.close());
  for (const name of ['write', 'read'] as const) {
    const pool = pools[name];
    const { rows } = await pool.query(`SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
      current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('plan_cache_mode') AS plans,
      current_setting('transaction_timeout') AS transaction`);
    // Only what the write pool commits must have ended before its wait does.
    const transaction = name === 'write' ? '2500ms' : '0';
    t.same(rows[0], { statement: '2s', lock: '1s', idle: '5s', plans: 'force_generic_plan', transaction }, name);
    t.equal(pool.options.connectionTimeoutMillis, timeouts.connect);
    t.equal(timeouts.connect, 1_000);
    t.equal((pool.options as pg.PoolConfig).query_timeout, 3_000, 'a server that no longer answers is not waited for');
    t.equal((pool.options as pg.PoolConfig).keepAlive, true);
  }
});

t.test('real errors of a real database are classified', async (t) => {
  const url = await createTestDatabase(t);
  const pools = createPools({ databaseUrl: url, writeConnections: 2, readConnections: 1, onIdleError: () => {} });
  t.teardown(() => pools.close());
  const faultOf = async (statement: string, values: unknown[] = []) =>
    pools.write.query(statement, values).then(
      () => 'no error',
      (error) => classifyPostgresError(error),
    );
  t.equal(await faultOf('SELECT $1::text', ['a\0b']), 'data', 'NUL in a text');
  t.equal(await faultOf("SELECT '0000-01-01'::date"), 'data', 'year 0000');
  t.equal(await faultOf(`SELECT '"\\u0000"'::jsonb ->> 0`), 'data', 'NUL in jsonb');
  t.equal(await faultOf('SELECT * FROM nowhere'), 'bug');
  t.equal(await faultOf('SET ROLE NONE; SELECT pg_terminate_backend(pg_backend_pid())'), 'retry', 'the backend was ended');
  t.equal(await faultOf("SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(5)"), 'retry', 'the statement took too long');
  // The limit of a transaction that has begun cannot be changed, so this one comes with the connection.
  const short = new pg.Client({ connectionString: url, options: '-c transaction_timeout=800 -c statement_timeout=750' });
  short.on('error', () => {});
  await short.connect();
  t.teardown(() => short.end().catch(() => {}));
  const error = await short.query('SELECT pg_sleep(0.45); SELECT pg_sleep(0.45)').catch((reason) => reason);
  t.equal(error.code, '25P04', 'each statement was in time, and all of them together were not');
});

t.test('waiting for a connection ends after a second with a retryable error', async (t) => {
  const pools = createPools({ databaseUrl: await createTestDatabase(t), writeConnections: 1, readConnections: 1, onIdleError: () => {} });
  t.teardown(() => pools.close());
  const held = await pools.write.connect();
  const error = await pools.write.connect().then(
    () => undefined,
    (reason) => reason,
  );
  held.release();
  t.equal(classifyPostgresError(error), 'retry');
});

t.test('a missing partition is told from a value that breaks a check', async (t) => {
  const client = new pg.Client({ connectionString: await createTestDatabase(t) });
  client.on('error', () => {});
  await client.connect();
  t.teardown(() => client.end());
  const errorOf = (statement: string) =>
    client.query(statement).then(
      () => undefined,
      (error) => error,
    );
  const missing = await errorOf(`INSERT INTO events VALUES (1, '00000000-0000-7000-8000-000000000000', 'a', 'now', '{}')`);
  t.equal(missing.code, '23514');
  t.ok(isMissingPartition(missing));
  const check = await errorOf(`INSERT INTO partners (slug, partner_id, name) VALUES ('Not A Slug', 'beta_1', 'x')`);
  t.equal(check.code, '23514');
  t.notOk(isMissingPartition(check));
  t.notOk(isMissingPartition(undefined));
});

t.test('a database that may lose committed events is refused, naming every setting', async (t) => {
  const poolOf = async (options: string) => {
    const pool = new pg.Pool({ connectionString: await createTestDatabase(t), max: 1, options });
    pool.on('error', () => {});
    t.teardown(() => pool.end());
    return pool;
  };
  const message = await assertDurable(await poolOf('-c synchronous_commit=off')).then(
    () => 'no error',
    (error) => error.message,
  );
  t.match(message, /synchronous_commit=off/);
  const settings = (rows: { name: string; setting: string }[]) => ({ query: async () => ({ rows }) }) as unknown as pg.Pool;
  const on = ['fsync', 'full_page_writes'].map((name) => ({ name, setting: 'on' }));
  await assertDurable(settings([...on, { name: 'synchronous_commit', setting: 'remote_apply' }]));
  await t.rejects(assertDurable(settings([...on, { name: 'synchronous_commit', setting: 'local' }])), /synchronous_commit=local/);
  const off = ['fsync', 'full_page_writes', 'synchronous_commit'].map((name) => ({ name, setting: 'off' }));
  await t.rejects(assertDurable(settings(off)), /fsync=off, full_page_writes=off, synchronous_commit=off/);
});

t.test('close ends every connection, also of a pool that Kysely was never asked for', async (t) => {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 1, onIdleError: () => {} });
  await Promise.all([pools.read.query('SELECT 1'), pools.write.query('SELECT 1')]);
  await pools.close();
  t.same([pools.read.totalCount, pools.write.totalCount], [0, 0]);
  await t.rejects(pools.read.query('SELECT 1'), /after calling end/);
});
