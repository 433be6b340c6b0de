import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t from 'tap';
import { makeFolder, removeFolder } from '../../scripts/test-folders.ts';
import { startEmbeddedPostgres, stopAbandonedPostgres } from '../../src/platform/embedded.ts';

const folder = await makeFolder();
t.teardown(() => removeFolder(folder));
const options = { dataDirectory: path.join(folder, 'postgres'), password: 'a password', logFile: path.join(folder, 'postgres.log') };

t.test('it is Postgres 18, durable, on the loopback address, and asks for the password', async (t) => {
  const server = await startEmbeddedPostgres(options);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const names = ['fsync', 'full_page_writes', 'listen_addresses', 'server_encoding', 'synchronous_commit', 'unix_socket_directories'];
  const { rows } = await client.query('SELECT setting FROM pg_settings WHERE name = ANY($1) ORDER BY name', [names]);
  t.same(
    rows.map(({ setting }) => setting),
    ['on', 'on', '127.0.0.1', 'UTF8', 'on', ''],
  );
  t.match((await client.query('SELECT version()')).rows[0].version, /^PostgreSQL 18\./);
  await client.query('CREATE TABLE kept (word text)');
  await client.end();
  const wrong = new URL(server.url);
  wrong.password = 'another';
  await t.rejects(new pg.Client({ connectionString: wrong.href }).connect(), { code: '28P01' });
  await server.stop();
  t.throws(() => process.kill(server.processId, 0), { code: 'ESRCH' });
});

t.test('a killed one starts again with what was committed, on the port asked for', async (t) => {
  const first = await startEmbeddedPostgres(options);
  const client = new pg.Client({ connectionString: first.url });
  client.on('error', () => {}); // it is about to be killed
  await client.connect();
  await client.query(`INSERT INTO kept VALUES ('committed')`);
  process.kill(first.processId, 'SIGKILL');
  await first.exited;
  const second = await startEmbeddedPostgres({ ...options, port: first.port });
  t.equal(second.port, first.port);
  const again = new pg.Client({ connectionString: second.url });
  await again.connect();
  t.same((await again.query('SELECT word FROM kept')).rows, [{ word: 'committed' }]);
  await again.end();
  await second.stop();
});

t.test('a data directory in use is refused, until the server on it is ended from outside', async (t) => {
  const first = await startEmbeddedPostgres(options);
  await t.rejects(startEmbeddedPostgres(options), { message: /already running/ });
  await stopAbandonedPostgres(options.dataDirectory);
  await first.exited;
  const second = await startEmbeddedPostgres(options);
  await second.stop();
});

t.test('a process number that now belongs to another program keeps nothing from starting', async (t) => {
  await writeFile(path.join(options.dataDirectory, 'postmaster.pid'), `${process.pid}\n`);
  const server = await startEmbeddedPostgres(options);
  t.not(server.processId, process.pid);
  await server.stop();
});

t.test('a port that is taken is replaced by a free one', async (t) => {
  const server = await startEmbeddedPostgres(options);
  const other = { dataDirectory: path.join(folder, 'other'), password: 'x', logFile: path.join(folder, 'other.log'), port: server.port };
  const second = await startEmbeddedPostgres(other);
  t.not(second.port, server.port);
  await Promise.all([server.stop(), second.stop()]);
});

t.test('the data of another Postgres is not touched', async (t) => {
  const dataDirectory = path.join(folder, 'old');
  await mkdir(dataDirectory);
  await writeFile(path.join(dataDirectory, 'PG_VERSION'), '16\n');
  await t.rejects(startEmbeddedPostgres({ ...options, dataDirectory }), { message: /was made by Postgres 16/ });
});
