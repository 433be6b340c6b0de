import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { ConfigError, loadConfig } from './config.ts';
import { retentionJobs } from './modules/retention/jobs.ts';
import { systemClock } from './platform/clock.ts';
import { startJobs } from './platform/jobs.ts';

/** The process: configuration, listeners, background jobs, signals. Exit status 1 when it cannot start, 2 when the environment is wrong. */
async function main(): Promise<void> {
  const config = loadConfig();
  const app = await buildApp({ config });
  const metricsServer = createServer(async (request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    const text = await app.metrics.registry.metrics();
    response.writeHead(200, { 'content-type': app.metrics.registry.contentType }).end(text);
  });
  await app.listen({ host: config.HOST, port: config.PORT });
  await new Promise<void>((resolve, reject) => {
    metricsServer.once('error', reject).listen(config.METRICS_PORT, config.METRICS_HOST, resolve);
  });
  const jobs = await startJobs({
    databaseUrl: config.DATABASE_URL,
    jobs: retentionJobs({ pool: app.pools.read, clock: systemClock, metrics: app.metrics }),
    onError(error, job) {
      app.metrics.jobFailures.inc({ job: job ?? 'queue' });
      app.log.error({ err: error, job }, 'a background job failed');
    },
  });
  const port = (address: ReturnType<typeof metricsServer.address>) => (address as AddressInfo).port;
  app.log.info({ port: port(app.server.address()), metrics_port: port(metricsServer.address()), version: config.APP_VERSION }, 'listening');

  closeWithGrace({ delay: config.SHUTDOWN_DEADLINE_MS, logger: app.log }, async ({ signal, err }) => {
    if (err) app.log.fatal({ err }, 'an error that nothing has caught; closing');
    else app.log.info({ signal }, 'closing');
    app.beginDrain();
    if (signal) await new Promise((resolve) => setTimeout(resolve, config.DRAIN_DELAY_MS));
    await Promise.all([app.close(), jobs.stop()]);
    metricsServer.close();
    metricsServer.closeAllConnections();
    app.log.info('closed');
  });
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
