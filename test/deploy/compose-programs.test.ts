import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { freePort } from '../../src/platform/embedded.ts';
import { request, startTestApp, testPepper } from '../helper/app.ts';

const programs = new URL('../../deploy/compose/', import.meta.url);

async function run(program: string, env: NodeJS.ProcessEnv): Promise<{ code: number; output: string; errors: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, programs))], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, output, errors };
}

const keyIn = (output: string) => /sk_test_demo_[0-9A-Za-z]{36}/.exec(output)?.[0];

t.test('the health check follows the readiness of its own server', async (t) => {
  const { app, url } = await startTestApp(t);
  const env = { PORT: new URL(url).port };
  t.same(await run('healthcheck.ts', env), { code: 0, output: '', errors: '' });
  app.beginDrain();
  t.match(await run('healthcheck.ts', env), { code: 1, errors: '/health/ready answers 503' });
  t.match(await run('healthcheck.ts', { PORT: String(await freePort()) }), { code: 1, errors: 'ECONNREFUSED' });
});

t.test('the demo prints a key that works, the same each time, and a new one when the old is revoked', async (t) => {
  const { url, databaseUrl, db } = await startTestApp(t);
  const folder = await mkdtemp(path.join(tmpdir(), 'triggers-demo-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'demo-key');
  const env = { DATABASE_URL: databaseUrl, KEY_PEPPER: testPepper, API_URL: url, DEMO_FILE: file };

  const first = await run('demo.ts', env);
  const key = keyIn(first.output);
  t.equal(first.code, 0, first.errors);
  t.equal((await request(url, 'GET', '/v1/inbox', { key })).status, 200);
  t.equal((await readFile(file, 'utf8')).trim(), key);
  t.equal((await stat(file)).mode & 0o777, 0o600, 'only its owner can read it');
  t.equal(first.output.match(/^ {2}curl /gm)?.length, 3, 'three lines to try');

  t.equal(keyIn((await run('demo.ts', env)).output), key, 'a second start');

  await db.query('UPDATE api_keys SET revoked_at = now()');
  const third = await run('demo.ts', env);
  t.not(keyIn(third.output), key);
  t.equal((await request(url, 'GET', '/v1/inbox', { key: keyIn(third.output) })).status, 200);
});

t.test('the demo says which variables it needs', async (t) => {
  t.match(await run('demo.ts', {}), { code: 2, errors: 'DATABASE_URL, KEY_PEPPER, API_URL and DEMO_FILE must be set' });
});
