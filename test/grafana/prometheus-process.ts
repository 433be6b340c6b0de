import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { scrapeJobs } from '../../grafana/src/model.ts';
import { yamlText } from '../../grafana/src/rule-files.ts';
import { freePort } from '../../src/platform/embedded.ts';
import { startChild } from '../faults/child.ts';
import { until } from '../helper/until.ts';
import { programs } from './promtool.ts';
import type { Teardown } from './undo.ts';

const committed = fileURLToPath(new URL('../../prometheus/', import.meta.url));

export type Sample = { metric: Record<string, string>; value: number };
export type FiringAlert = { labels: Record<string, string>; state: 'pending' | 'firing'; activeAt: string };

export type PrometheusOptions = {
  /** Of its own; may hold `data` with blocks. */
  folder: string;
  /** `host:port` by the name of the scrape job, for every job of prometheus/prometheus.yml but Prometheus's own and the probes. */
  targets: Record<string, string>;
  /** `host:port` of Alertmanager. */
  alertmanager: string;
  /** As Prometheus writes durations. */
  interval: string;
  /** The interval of jobs that have another one. */
  slowJobs?: Record<string, string>;
  /** Changes the text of each committed file of rules. */
  rules(text: string): string;
};

export type Prometheus = {
  url: string;
  /** An instant query, now or at a time in seconds since 1970. */
  query(expr: string, time?: number): Promise<Sample[]>;
  alerts(): Promise<FiringAlert[]>;
  /** What the API answers under `data`; @throws Error with the text of the answer. */
  get(path: string, parameters?: Record<string, string>): Promise<unknown>;
  stop(): Promise<void>;
};

/** A real Prometheus on the committed configuration and rules, of which only targets and intervals are changed. */
export async function startPrometheus(t: Teardown, options: PrometheusOptions): Promise<Prometheus> {
  const address = `127.0.0.1:${await freePort()}`;
  const { folder } = options;
  const config = await writeConfiguration(options, address);
  const child = await startChild({
    command: programs.prometheus,
    args: [
      `--config.file=${config}`,
      `--web.listen-address=${address}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      '--storage.tsdb.retention.time=35d',
      '--log.level=warn',
      // An alert is told again so seldom in production because nothing changes; here a test waits for it.
      '--rules.alert.resend-delay=1s',
    ],
    env: { PATH: process.env.PATH },
  });
  const stop = async () => void (await child.stop('SIGKILL'));
  t.teardown(stop);
  const url = `http://${address}`;
  await until('Prometheus is ready', async () => {
    if (child.ended()) throw new Error(`Prometheus ended:\n${child.output()}`);
    return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok;
  });
  async function get(where: string, parameters: Record<string, string> = {}): Promise<unknown> {
    const response = await fetch(`${url}${where}?${new URLSearchParams(parameters)}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${where} ${JSON.stringify(parameters)}: ${text}`);
    return JSON.parse(text).data;
  }
  return {
    url,
    get,
    stop,
    async query(expr, time) {
      const { result } = (await get('/api/v1/query', { query: expr, ...(time && { time: String(time) }) })) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    alerts: async () => ((await get('/api/v1/alerts')) as { alerts: FiringAlert[] }).alerts,
  };
}

type Configuration = {
  global: Record<string, string>;
  rule_files: string[];
  alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
};

async function writeConfiguration(options: PrometheusOptions, own: string): Promise<string> {
  const { folder, targets, alertmanager, interval, slowJobs = {}, rules } = options;
  const configuration = parse(await readFile(`${committed}prometheus.yml`, 'utf8')) as Configuration;
  configuration.global = { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval };
  configuration.alerting.alertmanagers = [{ static_configs: [{ targets: [alertmanager] }] }];
  // The prober is not started: there is no public address here.
  configuration.scrape_configs = configuration.scrape_configs.filter((scrape) => scrape.job_name !== scrapeJobs.public.job);
  for (const scrape of configuration.scrape_configs) {
    const target = { prometheus: own, alertmanager, ...targets }[scrape.job_name];
    if (target === undefined) throw new Error(`prometheus/prometheus.yml scrapes ${scrape.job_name}, which nobody started`);
    scrape.static_configs = [{ targets: [target] }];
    const slow = slowJobs[scrape.job_name];
    if (slow) Object.assign(scrape, { scrape_interval: slow, scrape_timeout: slow });
  }
  await mkdir(path.join(folder, 'rules'), { recursive: true });
  for (const name of ['recording.yml', 'alerts.yml'])
    await writeFile(path.join(folder, 'rules', name), rules(await readFile(`${committed}rules/${name}`, 'utf8')));
  const file = path.join(folder, 'prometheus.yml');
  await writeFile(file, yamlText(configuration));
  return file;
}
