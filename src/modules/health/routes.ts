import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { cached } from '../../platform/cached.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { type Probe, probePostgres, probeRedis, type VaultProbe } from './probes.ts';
import { Health, Live, Ready } from './schema.ts';

export type HealthOptions = {
  pool: pg.Pool;
  redis: Redis | undefined;
  /** Looks at the vault, if there is one. */
  probeVault: (() => Promise<VaultProbe>) | undefined;
  clock: Clock;
  metrics: Metrics;
  version: string;
  /** Undefined while requests can be stored; otherwise why not. */
  notReady(): string | undefined;
};

/** How long one look at the dependencies serves all who ask: health is public and not limited, so it must not be a way to load them. */
const cacheMs = 500;

/** How the service is: in full for people, in one word for balancers. */
export async function health(app: FastifyInstance, options: HealthOptions): Promise<void> {
  const { pool, redis, probeVault, clock, metrics, version, notReady } = options;
  const startedAt = clock();
  const probe = cached(cacheMs, () => Promise.all([probePostgres(pool), redis && probeRedis(redis)]));

  for (const url of ['/v1/health', '/health']) {
    app.get(
      url,
      { schema: { response: { 200: Health, 503: Health } }, config: { operation: 'getHealth', access: 'public', limit: false } },
      getHealth,
    );
  }
  app.get(
    '/health/live',
    { schema: { response: { 200: Live } }, config: { operation: 'getLive', access: 'public', limit: false } },
    async () => ({ status: 'live' }) as const,
  );
  app.get(
    '/health/ready',
    { schema: { response: { 200: Ready, 503: Ready } }, config: { operation: 'getReady', access: 'public', limit: false } },
    async (_request, reply) => {
      const reason = notReady() ?? ((await probe())[0].healthy ? undefined : 'postgres does not answer');
      if (reason !== undefined) return reply.status(503).header('retry-after', '1').send({ status: 'not_ready', reason });
      return { status: 'ready' };
    },
  );

  // What alerts look at, without a request that somebody must send.
  metrics.watch(metrics.healthStatus, async (gauge) => gauge.set((await look()).healthy ? 1 : 0));
  metrics.watch(metrics.serving, async (gauge) => gauge.set((await probe())[0].healthy && notReady() === undefined ? 1 : 0));

  async function look() {
    const [[postgres, redisProbe], vaultProbe] = await Promise.all([probe(), probeVault?.()]);
    const reason = notReady();
    const healthy = postgres.healthy && redisProbe?.healthy !== false && vaultProbe?.healthy !== false && reason === undefined;
    return { postgres, redisProbe, vaultProbe, reason, healthy };
  }

  async function getHealth(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    // A key is not needed, but one that is sent is checked: "verify your key" must mean something.
    const keyChecked = await checkKey(request);
    const { postgres, redisProbe, vaultProbe, ...found } = await look();
    const reason = found.reason ?? (keyChecked ? undefined : 'keys cannot be looked up');
    const healthy = found.healthy && keyChecked;
    const { requestsTotal, errorsTotal, p95LatencyMs } = app.requestStats;
    const body: Health = {
      status: healthy ? 'healthy' : 'degraded',
      serving: postgres.healthy && reason === undefined,
      ...(reason !== undefined && { reason }),
      timestamp: formatTime(clock()),
      version,
      uptime_seconds: Math.floor((clock() - startedAt) / 1000),
      dependencies: {
        postgres: { status: word(postgres), latency_ms: postgres.latencyMs },
        redis: { status: word(redisProbe), latency_ms: redisProbe?.latencyMs ?? null },
        inbox: { status: word(postgres), queue_depth: postgres.queueDepth },
        vault: {
          status: word(vaultProbe),
          last_key_rotation: vaultProbe?.lastKeyRotation ? formatTime(vaultProbe.lastKeyRotation.getTime()) : null,
        },
      },
      metrics: {
        requests_total: requestsTotal,
        errors_total: errorsTotal,
        error_rate: requestsTotal === 0 ? 0 : Math.round((errorsTotal / requestsTotal) * 1e6) / 1e6,
        p95_latency_ms: p95LatencyMs(),
      },
    };
    if (!healthy) reply.header('retry-after', '1');
    return reply
      .status(healthy ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(body);
  }

  /** True when there is no key or it is good; false when it cannot be looked up now, which makes the service degraded and not the key wrong. */
  async function checkKey(request: FastifyRequest): Promise<boolean> {
    if (request.headers['x-api-key'] === undefined && request.headers.authorization === undefined) return true;
    try {
      await app.authenticate(request);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.statusCode < 500) throw error;
      return false;
    }
  }
}

function word(probe: Probe | undefined): 'healthy' | 'unhealthy' | 'not_configured' {
  if (!probe) return 'not_configured';
  return probe.healthy ? 'healthy' : 'unhealthy';
}
