import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ensureGuide } from './guide-sources.ts';
import { findBrowser } from './test-browser.ts';
import { findPrometheus } from './test-prometheus.ts';
import { findPython } from './test-python.ts';
import { Report } from './test-report.ts';
import { type Service, startTestPostgres, startTestRedis } from './test-services.ts';
import { makeTemplate } from './test-template.ts';

/**
 * Runs the test files given, or all, with tap against real services, and ends with `N passed, N failed`.
 * Exit code 0: every test that ran passed, and at least one did. 128 + signal: stopped by it. All that was started here is ended.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const services: Service[] = [];
let interruptedBy: NodeJS.Signals | undefined;
let stopTests = () => {};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruptedBy ??= signal;
    stopTests();
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  for (const service of services.reverse()) await service.stop();
}
if (interruptedBy) process.exitCode = 128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[interruptedBy as 'SIGINT'];

async function main(files: string[]): Promise<number> {
  // Whoever runs files of something else need not have what only some tests need.
  const asksFor = (folder: string) => files.length === 0 || files.some((file) => file.includes(folder));
  // Before the tests, which would else build it side by side. Why it could not be built, its own tests say.
  const guide = asksFor('test/modules/guide') || asksFor('test/scripts/start') ? ensureGuide() : undefined;
  const started = await Promise.allSettled([startTestPostgres(), startTestRedis()]);
  for (const outcome of started) if (outcome.status === 'fulfilled') services.push(outcome.value);
  for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
  const [postgres, redis] = services as [Service, Service];
  console.log(`Postgres: ${postgres.origin}; Redis: ${redis.origin}`);
  await makeTemplate(postgres.url);
  const programs = {
    ...(asksFor('test/grafana') && findPrometheus()),
    ...(asksFor('test/modules/guide') && findBrowser()),
    ...((asksFor('test/clients/python') || asksFor('test/docs/samples')) && findPython()),
  };
  await guide;
  if (interruptedBy) return 1;
  const report = new Report(console.log);
  const code = await runTap(files, { TEST_DATABASE_URL: postgres.url, TEST_REDIS_URL: redis.url, ...programs }, report);
  return conclude(report, code);
}

async function runTap(files: string[], env: Record<string, string>, report: Report): Promise<number> {
  const tap = fileURLToPath(new URL('./run.mjs', import.meta.resolve('tap')));
  const child = spawn(process.execPath, [tap, 'run', '--reporter=tap', '--no-color', ...files], {
    cwd: root,
    // Every file is a process: what one has compiled and stripped of its types, the next reads, a third of a second sooner.
    env: { NODE_COMPILE_CACHE: path.join(root, 'node_modules/.cache/node'), ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // a group of its own, so that all that the tests start can be ended with it
  });
  const group = child.pid as number;
  stopTests = () => void signalGroup(group, 'SIGTERM');
  if (interruptedBy) stopTests();
  createInterface({ input: child.stdout }).on('line', (line) => report.line(line));
  const [code] = await once(child, 'close');
  // Normally nothing is left. After an interruption, what the tests had started gets the time to end what it had started.
  for (const until = Date.now() + 15_000; signalGroup(group, 'SIGTERM') && Date.now() < until; ) await delay(100);
  signalGroup(group, 'SIGKILL');
  return code ?? 1;
}

/** Whether there was anybody to signal. */
function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

function conclude(report: Report, code: number): number {
  const counts = report.counts ?? { passed: 0, failed: 0, skipped: 0 };
  const ran = counts.passed + counts.failed;
  if (!report.counts) console.log('the runner broke off');
  else if (ran === 0) console.log('no test ran');
  else if (code !== 0 && counts.failed === 0) console.log(`the runner failed with exit code ${code}`);
  const good = code === 0 && ran > 0 && counts.failed === 0;
  const failed = good ? 0 : Math.max(counts.failed, 1);
  if (counts.skipped > 0) console.log(`${counts.skipped} skipped`);
  console.log(`${counts.passed} passed, ${failed} failed`);
  return good ? 0 : 1;
}
