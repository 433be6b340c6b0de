import { defaultSecrets, receivers, watchdogExample } from './alertmanager-receivers.ts';
import { alerts } from './alerts.ts';
import type { Severity } from './model.ts';
import { generatedNote, yamlText } from './rule-files.ts';

/** Where notifications go, and how fast; a test sets doubles and short times. */
export type AlertmanagerOptions = {
  /**
   * Whether P1 to P3 go to PagerDuty and Slack, for which the files of secrets must be there. Otherwise they go where P4 goes, to the log, and nothing
   * needs to be set up.
   */
  outside: boolean;
  /** Folder with `pagerduty-routing-key`, `slack-webhook-url`, `watchdog-url` and `watchdog-token`. */
  secrets?: string;
  /** PagerDuty's Events API v2. */
  pagerdutyUrl?: string;
  /** Receiver that writes alerts to its log. */
  logUrl?: string;
  /** Dead man's switch: whoever calls somebody when this falls silent. Outside it is an example until the start. */
  watchdogUrl?: string;
  /** Time to collect what belongs together, for pages and for everything else; and between news of one group. */
  pageWait?: string;
  groupWait?: string;
  groupInterval?: string;
};

/** Receiver of each severity; P2 and P3 share a channel, and say which they are. */
export const receiverOf: Record<Severity, 'pagerduty' | 'slack' | 'log' | 'watchdog'> = {
  P1: 'pagerduty',
  P2: 'slack',
  P3: 'slack',
  P4: 'log',
  none: 'watchdog',
};

/** How often an alert that goes on is said again. */
const repeatAfter: Record<Severity, string> = { P1: '1h', P2: '4h', P3: '24h', P4: '24h', none: '1m' };

const matcher = (name: string, value: string) => `${name}="${value}"`;

/** Every alert that another one silences, by that other one. A mere consequence is not sent while its cause is. */
export function inhibitions(): { source: string; targets: string[] }[] {
  const sources = alerts.filter(({ name }) => alerts.some(({ follows }) => follows?.includes(name)));
  return sources.map(({ name }) => ({
    source: name,
    targets: alerts.filter((each) => each.follows?.includes(name)).map((each) => each.name),
  }));
}

/** The whole configuration, for Alertmanager 0.25 and later. It has no secret, only the names of files. */
export function alertmanagerConfiguration(options: AlertmanagerOptions) {
  const { pageWait = '10s', groupWait = '30s', groupInterval = '1m' } = options;
  const routes = (Object.keys(receiverOf) as Severity[]).map((severity) => ({
    matchers: [matcher('severity', severity)],
    receiver: receiverOf[severity],
    repeat_interval: repeatAfter[severity],
    ...(severity === 'P1' ? { group_wait: pageWait } : {}),
    ...(severity === 'none' ? { group_wait: '0s', group_interval: '1m' } : {}),
  }));
  return {
    global: { resolve_timeout: '5m' },
    route: {
      // Somebody else's alert, without a severity that we know: better a line in a channel than silence.
      receiver: 'slack',
      group_by: ['alertname', 'severity'],
      group_wait: groupWait,
      group_interval: groupInterval,
      repeat_interval: '4h',
      routes,
    },
    inhibit_rules: inhibitions().map(({ source, targets }) => ({
      source_matchers: [matcher('alertname', source)],
      target_matchers: [`alertname=~"${targets.join('|')}"`],
    })),
    receivers: receivers(options),
  };
}

/** prometheus/alertmanager.yml: what the Compose stack starts with. */
export const alertmanagerText = () =>
  `${generatedNote}# Everything goes to the log receiver. alertmanager-outside.yml has PagerDuty and Slack; docs/alerts.md says how to switch.\n${yamlText(alertmanagerConfiguration({ outside: false }))}`;

/** prometheus/alertmanager-outside.yml: with PagerDuty and Slack. */
export const alertmanagerOutsideText = () =>
  `${generatedNote}# Its secrets are files in ${defaultSecrets}; docs/alerts.md names them.\n# deploy/compose/start-alertmanager.sh puts the dead man's switch's URL in place of ${watchdogExample}\n${yamlText(alertmanagerConfiguration({ outside: true }))}`;
