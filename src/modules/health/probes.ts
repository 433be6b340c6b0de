import type { Redis } from 'ioredis';
import type { Kysely } from 'kysely';
import type pg from 'pg';
import { lastAudited } from '../../platform/audit.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { RedisTimeout } from '../../platform/redis.ts';
import type { Database } from '../../platform/schema.ts';
import type { Vault } from '../../platform/vault/vault.ts';

/** What a look at a dependency found. `latencyMs` is null when it did not answer. */
export type Probe = { healthy: boolean; latencyMs: number | null };

export type BacklogProbe = Probe & { queueDepth: number | null };

/** Milliseconds after which a dependency that says nothing is called unhealthy. */
const probeTimeoutMs = 1_000;

/**
 * Whether Postgres answers, and how many events are unacknowledged: the planner's estimate, kept current by autovacuum, because a count
 * of millions of rows for every health check would be a load of its own; below 10,000 it is counted.
 */
export async function probePostgres(pool: pg.Pool): Promise<BacklogProbe> {
  const found = await timed(async () => {
    const { rows } = await pool.query<{ depth: string }>({ name: 'probePostgres', text: backlogText });
    return Number(rows[0]?.depth ?? 0);
  });
  return { healthy: found !== undefined, latencyMs: found?.latencyMs ?? null, queueDepth: found?.value ?? null };
}

const backlogText = `
SELECT CASE WHEN counted.n > 10000 THEN greatest(counted.n, (SELECT reltuples FROM pg_class WHERE oid = 'inbox'::regclass))::bigint ELSE counted.n END AS depth
FROM (SELECT count(*) AS n FROM (SELECT FROM inbox LIMIT 10001) AS head) AS counted`;

/** Reports the backlog at each scrape. */
export function watchBacklog(metrics: Metrics, pool: pg.Pool): void {
  metrics.watch(metrics.inboxBacklog, async (gauge) => {
    const { queueDepth } = await probePostgres(pool);
    if (queueDepth !== null) gauge.set(queueDepth);
  });
}

export async function probeRedis(redis: Redis): Promise<Probe> {
  const found = await timed(() => ping(redis));
  return { healthy: found !== undefined, latencyMs: found?.latencyMs ?? null };
}

/** A command is given up after a tenth of a second, for the sake of the request that waits for it (platform/redis.ts). A probe has its whole second. */
async function ping(redis: Redis): Promise<void> {
  for (const end = performance.now() + probeTimeoutMs; ; ) {
    try {
      await redis.ping();
      return;
    } catch (error) {
      if (!(error instanceof RedisTimeout) || performance.now() >= end) throw error;
    }
  }
}

export type VaultProbe = Probe & { lastKeyRotation: Date | undefined };

/** Whether the vault wraps and unwraps, and when its master key was last changed. */
export async function probeVault(vault: Vault, db: Kysely<Database>): Promise<VaultProbe> {
  const [used, rotated] = await Promise.all([timed(() => vault.probe()), timed(() => lastAudited(db, 'vault.rotated'))]);
  return { healthy: used !== undefined, latencyMs: used?.latencyMs ?? null, lastKeyRotation: rotated?.value };
}

/** Milliseconds that an event may wait for its commit to begin; past that its sender is answered 503. */
const longestWaitMs = 3_000;

/** Why the write queue takes no more, or would only refuse it later; undefined while all is well. */
export function queueTrouble(queue: { queuedRows: number; oldestQueuedMs: number }, maxQueuedRows: number): string | undefined {
  if (queue.queuedRows >= maxQueuedRows) return 'no more events fit the queue to the database';
  if (queue.oldestQueuedMs > longestWaitMs) return 'events wait too long to be stored';
  return undefined;
}

/** What `ask` gave and how long it took; undefined when it failed or took longer than a second. */
export async function timed<Value>(ask: () => Promise<Value>): Promise<{ value: Value; latencyMs: number } | undefined> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, probeTimeoutMs, undefined);
  });
  try {
    const answer = ask().then((value) => ({ value, latencyMs: Math.round((performance.now() - start) * 100) / 100 }));
    return await Promise.race([answer, timeout]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
