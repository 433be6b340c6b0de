import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { alertGroups } from '../../grafana/src/alerts.ts';
import { recordingGroups } from '../../grafana/src/recording-rules.ts';
import { until } from '../helper/until.ts';
import { millisecondsOf } from './faster.ts';
import type { Watch } from './live-stack.ts';
import { namesIn } from './names-in.ts';

const committed = async (name: string) => parse(await readFile(new URL(`../../prometheus/${name}`, import.meta.url), 'utf8'));
const { global: prometheus } = await committed('prometheus.yml');
const { route } = await committed('alertmanager.yml');

type Group = { name: string; interval?: string };
const intervalOf = ({ interval = prometheus.evaluation_interval }: Group) => millisecondsOf(interval);

/** Milliseconds that recorded series may be behind the scrapes: a look at their group, and at those that it is made of. None for metrics. */
function behind(expr: string, within?: Group): number {
  const names = namesIn(expr);
  const groups = recordingGroups.map((group) => ({ group, rules: group.rules.filter(({ record }) => names.includes(record)) }));
  const delays = groups.flatMap(({ group, rules }) =>
    rules.map((rule) => behind(rule.expr, group) + (group === within ? 0 : intervalOf(group))),
  );
  return Math.max(0, ...delays);
}

/**
 * Seconds from the moment at which an alert's condition holds to the message, as production is configured, at most: a scrape, looks at the recording rules that it
 * is made of and at the alert, each as often as its group is looked at, its wait, and Alertmanager's.
 * @throws Error when there is no such alert.
 */
export function productionSeconds(name: string): number {
  const group = alertGroups.find((each) => each.alerts.some((alert) => alert.name === name));
  const alert = group?.alerts.find((each) => each.name === name);
  if (!group || !alert) throw new Error(`there is no alert ${name}`);
  const own = route.routes.find(({ matchers }: { matchers: string[] }) => matchers.includes(`severity="${alert.severity}"`));
  const waits = [prometheus.scrape_interval, alert.for, own.group_wait ?? route.group_wait].map(millisecondsOf);
  return [...waits, behind(alert.expr), intervalOf(group)].reduce((sum, wait) => sum + wait, 0) / 1_000;
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
