import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyInstance } from 'fastify';
import type { DestinationStream } from 'pino';
import { type Config, wantsAccessLog } from './config.ts';
import { account } from './modules/account/routes.ts';
import { acknowledgement } from './modules/acknowledgement/routes.ts';
import { createSettleWriter } from './modules/acknowledgement/settle-writer.ts';
import { deadLetters } from './modules/dead-letters/routes.ts';
import { events } from './modules/events/routes.ts';
import { guide } from './modules/guide/routes.ts';
import { probeVault, queueTrouble, watchBacklog } from './modules/health/probes.ts';
import { health } from './modules/health/routes.ts';
import { watchTables, watchVault } from './modules/health/watch.ts';
import { inbox } from './modules/inbox/routes.ts';
import { inboxStats } from './modules/inbox-stats/routes.ts';
import { createBatchWriter } from './modules/ingestion/batch-writer.ts';
import { ingestion } from './modules/ingestion/routes.ts';
import { keys } from './modules/keys/routes.ts';
import { ExhaustedSweep } from './modules/leases/exhausted.ts';
import { leases } from './modules/leases/routes.ts';
import { watchLeases } from './modules/leases/watch.ts';
import { JobRunner } from './modules/replay/job-runner.ts';
import { replay } from './modules/replay/routes.ts';
import { watchJobs } from './modules/replay/watch.ts';
import { apiLimits } from './openapi/limits.ts';
import { registerOpenApi } from './openapi/plugin.ts';
import { registerAccept } from './pipeline/accept.ts';
import { registerAccessLog } from './pipeline/access-log.ts';
import { authFailures } from './pipeline/auth/authenticator.ts';
import { auth } from './pipeline/auth/plugin.ts';
import { suspiciousPatterns } from './pipeline/auth/suspicion.ts';
import { registerClosing } from './pipeline/closing.ts';
import { registerErrorHandler } from './pipeline/errors/handler.ts';
import { registerJsonBody } from './pipeline/json-body.ts';
import { limits } from './pipeline/limits/plugin.ts';
import { MonthlyQuota } from './pipeline/limits/quota.ts';
import { TokenLeases } from './pipeline/limits/token-leases.ts';
import { createTokenSource } from './pipeline/limits/token-source.ts';
import { observe } from './pipeline/observe.ts';
import { registerOverload } from './pipeline/overload.ts';
import { registerRequestId } from './pipeline/request-id.ts';
import { serverOptions } from './pipeline/server-options.ts';
import { registerTracing } from './pipeline/trace.ts';
import { registerValidation } from './pipeline/validation.ts';
import { Waits } from './pipeline/waits.ts';
import { cached } from './platform/cached.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createMetrics, type Metrics, watchPools, watchQueue } from './platform/metrics.ts';
import { PartnerActivity } from './platform/partner-activity.ts';
import { assertDurable, createPools, type Pools } from './platform/postgres.ts';
import { connectRedis } from './platform/redis.ts';
import { createSigner } from './platform/signature.ts';
import { openVault } from './platform/vault/open-vault.ts';
import type { Vault } from './platform/vault/vault.ts';
import { createWakeups } from './platform/wakeups.ts';

export type AppOptions = { config: Config; clock?: Clock; logStream?: DestinationStream };

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
    pools: Pools;
    vault: Vault | undefined;
    /** Makes `/health/ready` answer 503, for the balancer to send its requests elsewhere before the listener closes. */
    beginDrain(): void;
  }
}

/** Where `npm run guide` builds the partners' guide. */
const guideFolder = fileURLToPath(new URL('../docs/.vitepress/dist', import.meta.url));

/** The whole service, in the order in which a request meets it. `listen` is the caller's. What it opens, `close` closes: writers first, Postgres last. */
export async function buildApp({ config, clock = systemClock, logStream }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify(
    serverOptions({ level: config.LOG_LEVEL, trustProxyHops: config.TRUST_PROXY_HOPS, logStream, publicUrl: config.PUBLIC_URL }),
  );

  // What the parts share.
  const metrics = createMetrics(config.APP_VERSION);
  const activity = new PartnerActivity(clock);
  activity.watch(metrics);
  // From 0 on, so that the first of each is a rise.
  for (const pattern of suspiciousPatterns) metrics.suspiciousPatterns.inc({ pattern }, 0);
  for (const reason of authFailures) metrics.authFailures.inc({ reason }, 0);
  if (config.PRICE_PER_HOUR !== undefined) metrics.pricePerHour.set(config.PRICE_PER_HOUR);
  const pools = createPools({
    databaseUrl: config.DATABASE_URL,
    writeConnections: config.WRITE_POOL_SIZE,
    readConnections: config.READ_POOL_SIZE,
    onIdleError: (error) => app.log.warn({ err: error }, 'an idle Postgres connection was lost'),
  });
  app.addHook('onClose', () => pools.close());
  if (config.NODE_ENV === 'production') await assertDurable(pools.read);
  const redis = config.REDIS_URL ? connectRedis(config.REDIS_URL) : undefined;
  app.addHook('onClose', async () => redis?.close());
  const wakeups = createWakeups(redis && { redis: { ...redis, prefix: config.REDIS_PREFIX } });
  const waits = new Waits(wakeups);
  metrics.watch(metrics.inboxWaits, (gauge) => gauge.set(waits.count));
  const vault = openVault({ keyFile: config.VAULT_KEY_FILE, kmsKey: config.VAULT_KMS_KEY });
  // KMS takes money for each look.
  const lookAtVault = vault && cached(config.VAULT_KMS_KEY ? 30_000 : 500, () => probeVault(vault, pools.db));
  if (lookAtVault) watchVault(metrics, lookAtVault);
  const signer = createSigner(config.KEY_PEPPER, 'cursor');
  const tokens = createTokenSource({ redis: redis?.commands, prefix: config.REDIS_PREFIX, clock, metrics, log: app.log });
  const quota = new MonthlyQuota({
    db: pools.db,
    clock,
    onError: (error) => app.log.warn({ err: error }, 'usage was not written; it is tried again'),
  });
  quota.start();
  app.addHook('onClose', () => quota.stop());
  const queued = { pool: pools.write, clock, maxQueuedRows: config.MAX_QUEUED_ROWS };
  const writer = createBatchWriter({
    ...queued,
    onStored: (partnerIds) => wakeups.wake(partnerIds),
    onBatch: watchQueue(metrics, 'ingest', () => writer),
  });
  const settleWriter = createSettleWriter({
    ...queued,
    onReleased: (partnerIds) => wakeups.wake(partnerIds),
    onBatch: watchQueue(metrics, 'acknowledge', () => settleWriter),
  });
  app.addHook('onClose', () => Promise.all([writer.drain(), settleWriter.drain()]).then(() => {}));
  watchPools(metrics, pools);
  watchBacklog(metrics, pools.read);
  watchTables(metrics, pools.read, clock);
  let notReady: string | undefined;
  app.decorate('metrics', metrics);
  app.decorate('pools', pools);
  app.decorate('vault', vault);
  app.decorate('beginDrain', () => {
    notReady = 'the server is shutting down';
  });

  // What every request passes.
  registerErrorHandler(app, { publicUrl: config.PUBLIC_URL });
  registerRequestId(app);
  const markStage = registerTracing(app);
  if (wantsAccessLog(config)) registerAccessLog(app, { level: config.LOG_LEVEL });
  registerClosing(app);
  app.addHook('preClose', async () => waits.drain());
  registerAccept(app);
  registerValidation(app);
  registerJsonBody(app);
  await registerOpenApi(app, { version: config.APP_VERSION, publicUrl: config.PUBLIC_URL });
  await app.register(observe, { metrics, clock, activity });
  await registerOverload(app, { readingMs: config.OVERLOAD_LATENESS_MS });
  markStage('auth');
  await app.register(auth, {
    db: pools.db,
    databaseUrl: config.DATABASE_URL,
    pepper: config.KEY_PEPPER,
    clock,
    failuresPerMinute: config.AUTH_FAILURES_PER_MINUTE,
    onFailure(reason) {
      metrics.authFailures.inc({ reason });
      if (reason === 'throttled') metrics.limitHits.inc({ policy: 'address' });
    },
    onPattern(pattern, suspected) {
      metrics.suspiciousPatterns.inc({ pattern });
      app.log.warn({ pattern, ...suspected }, 'keys are used in a suspicious way');
    },
    onUsageError: (error) => app.log.warn({ err: error }, 'when keys were last used was not written; it is with the next minute'),
    onListening(listening, error) {
      app.log.info(
        { err: error, listening },
        listening ? 'hearing of changed keys' : 'not hearing of changed keys; cached ones live half a second',
      );
    },
  });
  markStage('limits');
  await app.register(limits, {
    leases: new TokenLeases(tokens, clock),
    quota,
    clock,
    onLimited: (policy) => metrics.limitHits.inc({ policy }),
  });
  markStage('body');

  // Where a request ends.
  await app.register(ingestion, {
    writer,
    pool: pools.read,
    clock,
    onEvents: (outcome, count, partner) => activity.events(partner, outcome, count),
  });
  await app.register(inbox, {
    pool: pools.read,
    clock,
    waits,
    signer,
    onDelivered: (count, partner) => activity.events(partner, 'delivered', count),
  });
  await app.register(leases, {
    pool: pools.read,
    clock,
    waits,
    wakeups,
    onLeased({ granted, lapsed }, partner) {
      metrics.leasesGranted.inc(granted);
      metrics.leasesEnded.inc({ how: 'lapsed' }, lapsed);
      activity.events(partner, 'delivered', granted);
    },
    onUndone: (count) => metrics.leasesEnded.inc({ how: 'undone' }, count),
  });
  await app.register(acknowledgement, {
    writer: settleWriter,
    clock,
    onSettled(status, count, partner) {
      if (status !== 'acknowledged') return metrics.leasesEnded.inc({ how: status }, count);
      activity.events(partner, status, count);
    },
    onDeadLetter: (reason) => metrics.deadLetters.inc({ reason }),
  });
  const exhausted = new ExhaustedSweep({
    pool: pools.read,
    clock,
    onMoved(count) {
      metrics.leasesEnded.inc({ how: 'lapsed' }, count);
      metrics.deadLetters.inc({ reason: 'max_deliveries_exceeded' }, count);
    },
    onError: (error) => app.log.warn({ err: error }, 'lapsed leases were not looked for; they are in a second'),
  });
  app.addHook('onReady', async () => exhausted.start());
  app.addHook('preClose', () => exhausted.stop());
  watchLeases(metrics, pools.read, clock);
  const onMoved = (kind: 'redrive' | 'replay', partnerId: number, count: number) => {
    metrics.eventsReturned.inc({ kind }, count);
    wakeups.wake([partnerId]);
  };
  const jobRunner = new JobRunner({
    pool: pools.read,
    clock,
    onMoved,
    onError: (error) => app.log.warn({ err: error }, 'a turn of a bulk job failed'),
  });
  app.addHook('onReady', async () => jobRunner.start());
  app.addHook('preClose', () => jobRunner.stop());
  watchJobs(metrics, pools.read);
  await app.register(deadLetters, { pool: pools.read, clock, signer, onDeleted: (count) => metrics.deadLettersDeleted.inc(count) });
  await app.register(replay, { pool: pools.read, clock, onMoved, onJob: () => jobRunner.kick() });
  await app.register(events, { pool: pools.read, db: pools.db, clock, signer });
  await app.register(inboxStats, { pool: pools.read, clock });
  await app.register(keys, {
    db: pools.db,
    secrets: { pepper: config.KEY_PEPPER, vault },
    clock,
    forgetPartner: (partnerId) => app.forgetPartner(partnerId),
  });
  await app.register(account, { db: pools.db, clock, apiLimits, forgetPartner: (partnerId) => app.forgetPartner(partnerId) });
  await app.register(guide, { folder: guideFolder });
  await app.register(health, {
    pool: pools.read,
    redis: redis?.commands,
    probeVault: lookAtVault,
    clock,
    metrics,
    version: config.APP_VERSION,
    notReady: () => notReady ?? queueTrouble(writer, config.MAX_QUEUED_ROWS),
  });
  return app;
}
