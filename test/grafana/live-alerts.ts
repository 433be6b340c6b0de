import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { alerts } from '../../grafana/src/alerts.ts';
import { until } from '../helper/until.ts';
import { millisecondsOf } from './faster.ts';
import type { Watch } from './live-stack.ts';

const committed = async (name: string) => parse(await readFile(new URL(`../../prometheus/${name}`, import.meta.url), 'utf8'));
const { global: prometheus } = await committed('prometheus.yml');
const { route } = await committed('alertmanager.yml');

/**
 * Seconds from the moment at which an alert's condition holds to the message, as production is configured, at most: a scrape, a look at the recording rules, one at
 * the alert, its wait, and Alertmanager's.
 */
export function productionSeconds(name: string): number {
  const alert = alerts.find((each) => each.name === name);
  if (!alert) throw new Error(`there is no alert ${name}`);
  const own = route.routes.find(({ matchers }: { matchers: string[] }) => matchers.includes(`severity="${alert.severity}"`));
  const waits = [
    prometheus.scrape_interval,
    prometheus.evaluation_interval,
    prometheus.evaluation_interval,
    alert.for,
    own.group_wait ?? route.group_wait,
  ];
  return waits.reduce((sum, wait) => sum + millisecondsOf(wait), 0) / 1_000;
}

export type Message = { path: string; body: Record<string, unknown> };

/** Whether a body that a double has received speaks of this alert, and of its end or not. */
export function isAbout({ path, body }: Message, name: string, over: boolean): boolean {
  if (path === '/pagerduty') {
    const about = (body.payload as { class?: string } | undefined)?.class === name;
    return over ? body.event_action === 'resolve' && about : body.event_action === 'trigger' && about;
  }
  const [title = ''] = ((body.attachments ?? []) as { title: string }[]).map((attachment) => attachment.title);
  return title.includes(` ${name} (`) && title.startsWith('Over: ') === over;
}

/** Waits for an alert from its fault, or from the end of it, and measures: seconds to Prometheus's saying so, and to the message. */
export async function follow({ prometheus: server, double }: Watch, name: string, over: boolean, from: number) {
  const seconds = () => Math.round((performance.now() - from) / 100) / 10;
  const firing = async () => (await server.alerts()).some(({ labels, state }) => labels.alertname === name && state === 'firing');
  await until(`${name} ${over ? 'no longer fires' : 'fires'}`, async () => (await firing()) !== over, 45_000);
  const said = seconds();
  const message = await until(
    `a message of ${name}${over ? '’s end' : ''}`,
    () => double.received.find((each) => isAbout(each, name, over)),
    20_000,
  );
  return { said, told: seconds(), message: message as Message };
}
