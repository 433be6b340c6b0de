import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../../src/platform/embedded.ts';
import { listen } from '../helper/listen.ts';
import { until } from '../helper/until.ts';
import { programs } from './promtool.ts';
import type { Teardown } from './undo.ts';

export type Received = { path: string; headers: Record<string, unknown>; body: Record<string, unknown> };

/** Another company's HTTP service: takes every POST, answers as PagerDuty and Slack do, and keeps the bodies. */
export async function startDouble(t: Teardown) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    received.push({ path: request.url as string, headers: request.headers, body });
    const pagerDuty = request.url === '/pagerduty';
    response.writeHead(pagerDuty ? 202 : 200, { 'content-type': pagerDuty ? 'application/json' : 'text/plain' });
    response.end(pagerDuty ? '{"status":"success"}' : 'ok');
  });
  const url = await listen(t, server);
  return { url, received, at: (name: string) => received.filter((each) => each.path === `/${name}`) };
}

export type PostedAlert = { labels: Record<string, string>; annotations?: Record<string, string>; startsAt?: string; endsAt?: string };

/** A real Alertmanager on a free port. */
export async function startAlertmanager(t: Teardown, configFile: string, folder: string) {
  const port = await freePort();
  const storage = path.join(folder, 'alertmanager');
  await mkdir(storage, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  const where = [`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address=', `--storage.path=${storage}`];
  const child = spawn(programs.alertmanager, [`--config.file=${configFile}`, ...where], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    log += chunk;
  });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await until('Alertmanager is ready', async () => {
    if (child.exitCode !== null) throw new Error(`Alertmanager ended:\n${log}`);
    return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok;
  });
  return {
    url,
    log: () => log,
    async post(alerts: PostedAlert[]): Promise<void> {
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      });
      if (!response.ok) throw new Error(`Alertmanager answers ${response.status}: ${await response.text()}`);
    },
    /** State of each alert, by name: active, or suppressed by another. */
    async states(): Promise<Record<string, string>> {
      const alerts = (await (await fetch(`${url}/api/v2/alerts`)).json()) as { labels: { alertname: string }; status: { state: string } }[];
      return Object.fromEntries(alerts.map(({ labels, status }) => [labels.alertname, status.state]));
    },
  };
}
