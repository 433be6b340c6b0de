import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findBrowser } from './test-browser.ts';
import { findPrometheus } from './test-prometheus.ts';

/**
 * `npm run pictures` draws the pictures of the documentation again: the diagrams, and the dashboards with the data of a service of its own under load.
 * `-- diagrams` and `-- dashboards` draw only those; the dashboards show the last `--minutes N` (3).
 */
const folder = fileURLToPath(new URL('pictures/', import.meta.url));
const wanted = process.argv.slice(2).filter((argument) => argument === 'diagrams' || argument === 'dashboards');
const asked = process.argv.indexOf('--minutes');
const minutes = asked === -1 ? 3 : Number(process.argv[asked + 1]);
/** Most rates look back five minutes: before, they are of less than that, and rise. */
const warmUpMinutes = 5;
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0');

await install();
Object.assign(process.env, findBrowser());
if (wanted.length === 0 || wanted.includes('diagrams')) await run(process.execPath, ['draw-diagrams.ts']);
if (wanted.length === 0 || wanted.includes('dashboards')) await drawDashboards();

/** These packages are large and needed for nothing else, so they are no part of what `scripts/install` installs. */
async function install(): Promise<void> {
  const [lock, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map((file) => folder + file) as [string, string];
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error('installing the packages of scripts/pictures (npm ci) …');
  await run('npm', ['ci', '--prefer-offline', '--no-fund', '--no-audit']);
}

async function drawDashboards(): Promise<void> {
  // Read when the stack's file is loaded.
  Object.assign(process.env, findPrometheus());
  const { startMonitoringStack } = await import('../test/grafana/live-stack.ts');
  console.log('starting the service, its database, Redis, exporters, Prometheus and Alertmanager, and the load …');
  const stack = await startMonitoringStack();
  // Ctrl-C ends the wait, and with it everything that was started.
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort()).once('SIGTERM', () => interrupted.abort());
  try {
    console.log(`the load runs for ${warmUpMinutes + minutes} min`);
    const signal = interrupted.signal;
    await delay((warmUpMinutes + minutes) * 60_000, undefined, { signal }).catch(() => {
      process.exitCode = 130;
    });
    if (signal.aborted) return;
    // The partner who meets a limit has answers of every class.
    const options = ['--minutes', String(minutes), '--variable', `partner=${stack.partners.at(-1)}`];
    await run(process.execPath, ['draw-dashboards.ts', '--prometheus', stack.prometheusUrl, ...options]);
  } finally {
    await stack.stop();
  }
}

/** In the folder of the pictures, beside the load that this process makes; a failure makes this program fail, too. */
async function run(command: string, args: string[]): Promise<void> {
  const [code] = await once(spawn(command, args, { cwd: folder, stdio: 'inherit' }), 'close');
  if (code !== 0) process.exitCode = 1;
}
