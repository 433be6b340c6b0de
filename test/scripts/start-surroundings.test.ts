import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { createTestDatabase } from '../helper/database.ts';
import { testRedisUrl, uniquePrefix } from '../helper/redis.ts';
import { envFile, freePorts, localFolder, processesOf, StartProcess, shell, stillRunning } from './start-process.ts';

t.test('a folder that only its owner may enter will do', async (t) => {
  const local = await localFolder(t, { mode: 0o700 });
  const start = new StartProcess(t, { LOCAL_DIR: local, ...(await freePorts()) });
  const { curlLines } = await start.ready();
  t.match(JSON.parse(await shell(curlLines[0] ?? '')), { status: 'accepted' });
  t.ok(existsSync(path.join(local, 'postgres', 'PG_VERSION')));
});

t.test('with DATABASE_URL and REDIS_URL it uses those, and ends only its server', async (t) => {
  const local = await localFolder(t);
  const databaseUrl = await createTestDatabase(t);
  const env = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: testRedisUrl(),
    REDIS_PREFIX: uniquePrefix(),
    LOCAL_DIR: local,
    ...(await freePorts()),
  };
  const start = new StartProcess(t, env);
  const { curlLines } = await start.ready();
  t.match(JSON.parse(await shell(curlLines[0] ?? '')), { status: 'accepted' });
  t.notOk(existsSync(path.join(local, 'postgres')));
  t.equal(envFile(local, 'server.env').DATABASE_URL, databaseUrl);
  t.equal(await start.stop('SIGTERM'), 0);
});

t.test('a server that ends by itself takes everything down, with exit code 1 and the end of its log', async (t) => {
  const local = await localFolder(t);
  const start = new StartProcess(t, { LOCAL_DIR: local, ...(await freePorts()) });
  await start.ready();
  const processes = await processesOf(local);
  process.kill(processes[0] as number, 'SIGKILL');
  t.equal(await start.exited, 1);
  t.match(start.output, 'the server has ended by itself');
  t.same(stillRunning(processes), []);
});

t.test('an unusable environment is told, and nothing stays', async (t) => {
  const local = await localFolder(t);
  const start = new StartProcess(t, { LOCAL_DIR: local, LOG_LEVEL: 'loud', ...(await freePorts()) });
  t.equal(await start.exited, 1);
  t.match(start.output, 'LOG_LEVEL');
  t.notOk(existsSync(path.join(local, 'running.json')));
});
