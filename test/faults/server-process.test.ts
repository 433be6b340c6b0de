import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { freePort } from '../../src/platform/embedded.ts';
import { testPepper } from '../helper/app.ts';
import { createTestDatabase } from '../helper/database.ts';
import { startServer } from './server-process.ts';

t.test('a port that somebody else has taken meanwhile is given up for another', async (t) => {
  const other = createServer((socket) => socket.destroy());
  await once(other.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => other.close());
  const taken = (other.address() as AddressInfo).port;
  const ports = [taken, await freePort()];
  const server = await startServer(
    { databaseUrl: await createTestDatabase(t), pepper: testPepper, env: { NODE_ENV: 'test' } },
    async () => ports.shift() ?? freePort(),
  );
  t.teardown(() => server.kill());
  t.not(server.port, taken);
  t.notOk(server.ended());
});
