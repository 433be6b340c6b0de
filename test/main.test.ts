import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));

t.test('SIGTERM while the server starts ends it at once, with exit code 0', async (t) => {
  // A database that takes connections and says nothing: the start is under way for as long as nobody ends it.
  const database = createServer().listen(0, '127.0.0.1');
  await once(database, 'listening');
  const { port } = database.address() as AddressInfo;
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/none`,
    KEY_PEPPER: 'a pepper for tests only, 40 characters..',
    PORT: '0',
    METRICS_PORT: '0',
  };
  const server = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(() => server.kill('SIGKILL'));
  const exited = once(server, 'exit');
  const [connection] = await once(database, 'connection');
  server.kill('SIGTERM');
  t.same(await exited, [0, null]);
  connection.destroy();
  database.close();
});
