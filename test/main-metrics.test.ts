import t from 'tap';
import { freePort } from '../src/platform/embedded.ts';
import { startServer } from './faults/server-process.ts';
import { testPepper } from './helper/app.ts';
import { createTestDatabase } from './helper/database.ts';
import { until } from './helper/until.ts';

t.test('failures of every background job are counted from 0 on: the first one is a rise that an alert can see', async (t) => {
  const metricsPort = String(await freePort());
  // Not as in production: the database of the tests may lose a committed event, and the server would refuse it.
  const env = { NODE_ENV: 'test', METRICS_PORT: metricsPort };
  const server = await startServer({ databaseUrl: await createTestDatabase(t), pepper: testPepper, env });
  t.teardown(() => server.kill());
  // The metrics have their own listener, which comes after the public one.
  const text = await until('the metrics are served', async () =>
    (await fetch(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => undefined))?.text(),
  );
  const counted = [...text.matchAll(/^job_failures_total\{job="([^"]+)"[^}]*\} 0$/gm)].map((match) => match[1]);
  for (const job of ['partitions', 'retention-sweep', 'audit-anchor']) t.ok(counted.includes(job), job);
});
