import { createServer } from 'node:http';
import { enableCompileCache, flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import closeWithGrace from 'close-with-grace';
import { ConfigError, loadConfig } from './config.ts';
import { systemClock } from './platform/clock.ts';
import type { Jobs } from './platform/jobs.ts';
import { collectStartGarbage } from './platform/start-garbage.ts';

/** The process: configuration, listeners, background jobs, signals. Exit status 1 when it cannot start, 2 when the environment is wrong. */
async function main(): Promise<void> {
  // A start that is asked to end has nothing to drain. Without a handler PID 1 of a container does not even notice the signal, so the rest is
  // loaded after it: loading is most of a start.
  for (const signal of startSignals) process.on(signal, endStart);
  const config = loadConfig();
  // What a start of this version has compiled, the next one on this machine only reads: a killed server is back sooner. Node keeps it in the
  // folder for temporary files, and does without where it cannot.
  enableCompileCache();
  const { auditAnchorJob, buildApp, onboardingJob, retentionJobs, startJobs } = await load();
  const app = await buildApp({ config });
  let jobs: Jobs | undefined;
  closeWithGrace({ delay: config.SHUTDOWN_DEADLINE_MS, logger: app.log }, async ({ signal, err }) => {
    if (err) app.log.fatal({ err }, 'an error that nothing has caught; closing');
    else app.log.info({ signal }, 'closing');
    app.beginDrain();
    // The jobs use the pools that the app closes: a mail that is on its way now would otherwise be sent, not be known to be, and be sent again.
    const jobsStopped = jobs?.stop(config.SHUTDOWN_DEADLINE_MS - Math.min(appCloseMs, config.SHUTDOWN_DEADLINE_MS / 2));
    await Promise.all([jobsStopped, signal && new Promise((resolve) => setTimeout(resolve, config.DRAIN_DELAY_MS))]);
    await app.close();
    metricsServer.close();
    metricsServer.closeAllConnections();
    app.log.info('closed');
  });
  for (const signal of startSignals) process.off(signal, endStart);

  const metricsServer = createServer(async (request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    const text = await app.metrics.registry.metrics();
    response.writeHead(200, { 'content-type': app.metrics.registry.contentType }).end(text);
  });
  const backgroundJobs = [
    ...retentionJobs({ pool: app.pools.read, clock: systemClock, metrics: app.metrics }),
    auditAnchorJob({ db: app.pools.db, log: app.log }),
    ...onboardingJob({
      db: app.pools.db,
      clock: systemClock,
      vault: app.vault,
      settings: config,
      log: app.log,
    }),
  ];
  // Shown from the start: a counter that begins at 1 has not grown, and the first failure would raise no alert.
  for (const { name } of backgroundJobs) app.metrics.jobFailures.inc({ job: name }, 0);
  // First, so that a database that fails now fails the start, before anybody was answered.
  jobs = await startJobs({
    databaseUrl: config.DATABASE_URL,
    jobs: backgroundJobs,
    onError(error, job) {
      app.metrics.jobFailures.inc({ job: job ?? 'queue' });
      app.log.error({ err: error, job }, 'a background job failed');
    },
  });
  await app.listen({ host: config.HOST, port: config.PORT });
  await new Promise<void>((resolve, reject) => {
    metricsServer.once('error', reject).listen(config.METRICS_PORT, config.METRICS_HOST, resolve);
  });
  flushCompileCache();
  await collectStartGarbage();
  const port = (address: ReturnType<typeof metricsServer.address>) => (address as AddressInfo).port;
  app.log.info({ port: port(app.server.address()), metrics_port: port(metricsServer.address()), version: config.APP_VERSION }, 'listening');
}

/** Milliseconds of SHUTDOWN_DEADLINE_MS that the jobs leave to the requests under way. */
const appCloseMs = 5_000;

const startSignals = ['SIGTERM', 'SIGINT'] as const;

function endStart(): void {
  process.exit(0);
}

async function load() {
  const [app, audit, onboarding, retention, jobs] = await Promise.all([
    import('./app.ts'),
    import('./modules/audit/anchor-job.ts'),
    import('./modules/onboarding/job.ts'),
    import('./modules/retention/jobs.ts'),
    import('./platform/jobs.ts'),
  ]);
  return { ...app, ...audit, ...onboarding, ...retention, ...jobs };
}

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError) {
    console.error(error.message);
    process.exit(2);
  }
  console.error(`The server could not start: ${(error as Error).stack}`);
  process.exit(1);
}
