import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { alertmanagerConfiguration } from '../../grafana/src/alertmanager.ts';
import { yamlText } from '../../grafana/src/rule-files.ts';
import { until } from '../helper/until.ts';
import { startAlertmanager, startDouble } from './alertmanager-process.ts';
import { writeHistory } from './live-history.ts';
import { type LiveSystem, partnerSlugs, startLiveSystem } from './live-system.ts';
import { guessKeys, startTraffic } from './live-traffic.ts';
import { type Prometheus, startPrometheus } from './prometheus-process.ts';
import { type Teardown, undoList } from './undo.ts';

export type WatchOptions = {
  /** Of the folder, and so of the data. */
  name: string;
  /** Between two scrapes and two looks at the rules, as Prometheus writes durations. */
  interval: string;
  /** Jobs that are scraped less often. */
  slowJobs?: Record<string, string>;
  /** Changes the committed rules. */
  rules(text: string): string;
  /** Of Alertmanager, as Prometheus writes durations. */
  wait?: string;
  /** Partners for whom, and for the service, there are eight made-up days before now (live-history.ts). */
  history?: string[];
};

export type Watch = {
  prometheus: Prometheus;
  alertmanager: Awaited<ReturnType<typeof startAlertmanager>>;
  /** PagerDuty, Slack, the log receiver and the dead man’s switch: what each has received is `at` its name. */
  double: Awaited<ReturnType<typeof startDouble>>;
};

/** Prometheus, Alertmanager and doubles of those whom it tells, watching a system. */
export async function startWatch(t: Teardown, system: LiveSystem, options: WatchOptions): Promise<Watch> {
  const { name, interval, slowJobs, rules, wait = '1s', history } = options;
  const folder = path.join(system.folder, name);
  await mkdir(folder, { recursive: true });
  if (history) await writeHistory(path.join(folder, 'data'), Date.now(), history);
  const double = await startDouble(t);
  const secrets = { 'pagerduty-routing-key': 'a-routing-key', 'slack-webhook-url': `${double.url}/slack`, 'watchdog-token': 'a-token' };
  for (const [file, value] of Object.entries(secrets)) await writeFile(path.join(folder, file), value);
  const configuration = alertmanagerConfiguration({
    outside: true,
    secrets: folder,
    pagerdutyUrl: `${double.url}/pagerduty`,
    logUrl: `${double.url}/log`,
    watchdogUrl: `${double.url}/watchdog`,
    pageWait: wait,
    groupWait: wait,
    groupInterval: wait,
  });
  const file = path.join(folder, 'alertmanager.yml');
  await writeFile(file, yamlText(configuration));
  const alertmanager = await startAlertmanager(t, file, folder);
  const prometheus = await startPrometheus(t, {
    folder,
    targets: system.targets,
    alertmanager: new URL(alertmanager.url).host,
    interval,
    slowJobs,
    rules,
  });
  return { prometheus, alertmanager, double };
}

/** Groups of rules that have an interval of their own are looked at as often as the others: a test does not wait for minutes. */
export const withInterval = (interval: string) => (text: string) => text.replaceAll(/^( +interval:) .*$/gm, `$1 ${interval}`);

export type MonitoringStack = { prometheusUrl: string; alertmanagerUrl: string; partners: string[]; stop(): Promise<void> };

/**
 * The whole service under an everyday load, watched by a real Prometheus on the committed rules: for whoever wants to look at it, or draw it. Needs the programs that
 * scripts/test-prometheus.ts finds. Data begins
 * with this call, but for the made-up past that panels compare with (live-history.ts).
 */
export async function startMonitoringStack(): Promise<MonitoringStack> {
  const undo = undoList();
  try {
    const system = await startLiveSystem(undo);
    const traffic = startTraffic({ ...system, port: system.server.port, pauseMs: 25 });
    undo.teardown(() => traffic.stop());
    const { prometheus, alertmanager } = await startWatch(undo, system, {
      name: 'watch',
      interval: '1s',
      rules: withInterval('1s'),
      history: partnerSlugs,
    });
    // A burst is seen as a rise: from what the first scrape has found.
    await until('the first scrape', async () => (await prometheus.query('suspicious_patterns_total == 0')).length > 0);
    await guessKeys(system.server.port, 40);
    return {
      prometheusUrl: prometheus.url,
      alertmanagerUrl: alertmanager.url,
      partners: system.partners.map(({ slug }) => slug),
      stop: () => undo.undo(),
    };
  } catch (error) {
    await undo.undo();
    throw error;
  }
}
