import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PgBoss } from 'pg-boss';
import { generateKey, hashKey } from '../../src/pipeline/auth/key-format.ts';
import { freePort } from '../../src/platform/embedded.ts';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { FaultProxy } from '../faults/fault-proxy.ts';
import { type PostgresProcess, startPostgres } from '../faults/postgres-process.ts';
import { type Provisioned, pepper, provisionDatabase, withClient } from '../faults/provision.ts';
import { type RedisProcess, startRedis } from '../faults/redis-process.ts';
import { type ServerProcess, startServer } from '../faults/server-process.ts';
import { startExporters } from './exporter-process.ts';
import type { Teardown } from './undo.ts';

/** The service with all that Prometheus watches, as processes of its own. */
export type LiveSystem = {
  server: ServerProcess;
  postgres: PostgresProcess;
  redis: RedisProcess;
  /** Between the service and Postgres; the exporter of Postgres goes past it. */
  proxy: FaultProxy;
  partners: Provisioned[];
  /** Of the first partner; may read the inbox and nothing else. */
  readerKey: string;
  /** `host:port` by the name of the scrape job. */
  targets: Record<string, string>;
  /** For whatever else needs one; deleted at the end. */
  folder: string;
};

/** The last one may send ten requests a second, and meets its limit. */
export const partnerSlugs = ['acme', 'globex', 'initech', 'umbrella'];

const queriesFile = fileURLToPath(new URL('../../prometheus/postgres-queries.yml', import.meta.url));

export async function startLiveSystem(t: Teardown): Promise<LiveSystem> {
  const folder = await mkdtemp(path.join(tmpdir(), 'triggers-live-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const keyFile = path.join(folder, 'vault.json');
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis(), createKeyFile(keyFile)]);
  t.teardown(() => postgres.remove());
  t.teardown(() => redis.stop());
  const [{ url, partners }, proxy] = await Promise.all([
    provisionDatabase(postgres.url(), 'live', partnerSlugs),
    FaultProxy.open({ host: '127.0.0.1', port: postgres.port }),
  ]);
  t.teardown(() => proxy.close());
  const [first] = partners as [Provisioned];
  const readerKey = generateKey('test', first.slug);
  await withClient(url, async (client) => {
    await client.query('UPDATE partners SET rate_limit_per_sec = 10, rate_limit_burst = 30 WHERE slug = $1', [partnerSlugs.at(-1)]);
    await client.query(`UPDATE api_keys SET expires_at = now() + interval '60 days' WHERE partner_id = $1`, [first.id]);
    await client.query(
      `INSERT INTO api_keys (partner_id, key_hash, key_prefix, class, scopes) VALUES ($1, $2, $3, 'test', '{inbox:read}')`,
      [first.id, hashKey(pepper, readerKey), readerKey.slice(0, -30)],
    );
  });
  await orderJob(url, 'retention-sweep');
  const throughProxy = new URL(url);
  throughProxy.port = String(proxy.port);
  const metricsPort = await freePort();
  const [server, exporters] = await Promise.all([
    startServer({
      databaseUrl: throughProxy.href,
      redisUrl: redis.url,
      pepper,
      env: {
        METRICS_PORT: String(metricsPort),
        VAULT_KEY_FILE: keyFile,
        PRICE_PER_HOUR: '0.31',
        // The load comes from one machine and stands for many: it says from where in X-Forwarded-For.
        TRUST_PROXY_HOPS: '1',
      },
    }),
    startExporters(t, { databaseUrl: url, redisUrl: redis.url, queriesFile }),
  ]);
  t.teardown(() => server.stop());
  const targets = { 'triggers-api': `127.0.0.1:${metricsPort}`, ...exporters };
  return { server, postgres, redis, proxy, partners, readerKey, folder, targets };
}

/** Puts a job into the queue, for the server to find when it starts: its beat may be a minute away. */
async function orderJob(databaseUrl: string, name: string): Promise<void> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: 1, migrate: false, supervise: false, schedule: false });
  boss.on('error', () => {}); // what is asked of it reports it
  await boss.start();
  await boss.createQueue(name, { policy: 'exclusive', retryLimit: 3, retryBackoff: true, expireInSeconds: 600 });
  await boss.send(name, {});
  await boss.stop({ graceful: false });
}
