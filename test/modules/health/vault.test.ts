import { chmod } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { createPartner, issueKey } from '../../../src/modules/partners/store.ts';
import { recordAudit } from '../../../src/platform/audit.ts';
import { createKeyFile } from '../../../src/platform/vault/key-file.ts';
import { openVault } from '../../../src/platform/vault/open-vault.ts';
import { startTestApp, testPepper } from '../../helper/app.ts';
import { postEvent } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

t.test(
  'a vault that cannot be used is 503 degraded and named; requests are served, and a rotation is refused before anything changes',
  async (t) => {
    const file = path.join(t.testdir(), 'vault.json');
    await createKeyFile(file);
    const server = await startTestApp(t, { VAULT_KEY_FILE: file });
    const { app, request, db } = server;
    const health = () => request('GET', '/v1/health');
    t.match((await health()).json, { status: 'healthy', dependencies: { vault: { status: 'healthy', last_key_rotation: null } } });

    await createPartner(app.pools.db, { slug: 'acme' });
    const { api_key: key } = await issueKey(app.pools.db, { pepper: testPepper, vault: openVault({ keyFile: file }) }, { slug: 'acme' });
    await chmod(file, 0o644);
    const sick = await until('health knows', async () => {
      const answer = await health();
      return answer.status === 503 ? answer : undefined;
    });
    t.match(sick.json, {
      status: 'degraded',
      serving: true,
      dependencies: { vault: { status: 'unhealthy' }, postgres: { status: 'healthy' } },
    });
    t.notMatch(sick.text, file, 'the public answer names no file');
    t.match(await postEvent(server, key), /^evt_/);
    t.equal((await request('GET', '/health/ready')).status, 200);
    const keys = async () => (await db.query('SELECT * FROM api_keys')).rows;
    const before = await keys();
    const refused = await request('POST', '/v1/keys/rotate', { key, body: {} });
    t.match(refused, { status: 503, json: { code: 'unavailable', retryable: true } });
    t.ok(Number(refused.headers.get('retry-after')) >= 1);
    t.same(
      (await keys()).map(({ last_used_at, ...row }) => row),
      before.map(({ last_used_at, ...row }) => row),
      'nothing has changed',
    );

    await chmod(file, 0o600);
    await until('it is well again', async () => (await health()).status === 200);
    t.match(await request('POST', '/v1/keys/rotate', { key, body: {} }), { status: 200 });
  },
);

t.test('health tells when the master key was last changed', async (t) => {
  const file = path.join(t.testdir(), 'vault.json');
  await createKeyFile(file);
  const { app, request } = await startTestApp(t, { VAULT_KEY_FILE: file });
  await recordAudit(app.pools.db, { name: 'admin:alice', source: 'here' }, { action: 'vault.rotated', subject: 'vault' });
  const { json } = await request('GET', '/health');
  t.ok(Math.abs(Date.now() - Date.parse(json.dependencies.vault.last_key_rotation)) < 60_000, json.dependencies.vault.last_key_rotation);
});
