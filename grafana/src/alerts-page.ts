import type { Alert } from './alert.ts';
import { inhibitions, receiverOf } from './alertmanager.ts';
import { defaultSecrets, secretFiles, watchdogExample } from './alertmanager-receivers.ts';
import { alertGroups, alerts } from './alerts.ts';
import { panelsOf } from './dashboards/index.ts';
import type { Severity } from './model.ts';

const ways: Record<Severity, string> = {
  P1: 'wakes somebody up: PagerDuty',
  P2: 'is looked at today: Slack, red',
  P3: 'is looked at this week: Slack, yellow',
  P4: 'is written down: the log receiver',
  none: 'is expected: the dead man’s switch',
};

/** docs/alerts.md: one section for each alert, named as it is, so that `runbook_url` finds it. */
export function alertsPageText(): string {
  return `${head()}\n${alertGroups.map(({ title, alerts }) => `## ${title}\n\n${alerts.map(section).join('\n')}`).join('\n')}`;
}

function head(): string {
  const severities = (Object.keys(receiverOf) as Severity[]).map((severity) => {
    const names = alerts.filter((alert) => alert.severity === severity).map(({ name }) => link(name));
    return `| ${severity} | ${ways[severity]} | ${names.join(', ')} |`;
  });
  return `<!-- Made from grafana/src by \`npm run generate\`: change it there. -->
# Alerts

What fires, what it means, and what to do first. Every alert that is sent links to its section here. Numbers and texts come from one model,
[grafana/src/model.ts](../grafana/src/model.ts) and the files beside it; Prometheus's rules, Alertmanager's configuration and the dashboards are made of the same.

| severity | what it does | alerts |
| --- | --- | --- |
${severities.join('\n')}

## One outage, one page

While the alert on the left fires, those on the right are held back: they are its consequences. What is held back is still shown by Alertmanager's page.

| cause | consequences that are not sent |
| --- | --- |
${inhibitions()
  .map(({ source, targets }) => `| ${link(source)} | ${targets.map(link).join(', ')} |`)
  .join('\n')}

Alerts of one name and severity come as one message. Everything but the Watchdog also says when it is over.

## Switching PagerDuty and Slack on

Out of the box all alerts go to the log receiver (\`docker compose logs alert-log\`), and no secret is needed. To send them outside, give Alertmanager
\`prometheus/alertmanager-outside.yml\` in place of \`prometheus/alertmanager.yml\`, and a folder \`${defaultSecrets}\` with one value in each file, readable by
its account:

${Object.entries(secretFiles)
  .map(([file, holds]) => `- \`${file}\`: ${holds}`)
  .join('\n')}

With Compose that is \`ALERTMANAGER_CONFIGURATION=alertmanager-outside.yml\` and \`ALERTMANAGER_SECRETS=/path/to/the/folder\` in \`.env\`. The files are read for each
message: a new key needs no restart.

The exception is \`watchdog-url\`, which Alertmanager reads from a file only from 0.26 on: \`deploy/compose/start-alertmanager.sh\` puts it into the
configuration at each start, and does not start without it. Without Compose, put it in place of \`${watchdogExample}\` yourself. The switch must be
of another company and another network than this: it is what calls when Prometheus, Alertmanager or the whole machine is gone. One that wants no token ignores
\`watchdog-token\`; the file must be there all the same.
`;
}

function section(alert: Alert): string {
  const lasts = alert.for === '0s' ? 'at once' : `after ${alert.for}`;
  const goesOn = alert.keepFor ? `, and for ${alert.keepFor} after its end` : '';
  const held = alert.follows?.length ? `\nHeld back while one of these fires: ${alert.follows.map(link).join(', ')}.\n` : '';
  return `### ${alert.name}

${alert.severity === 'none' ? 'No severity' : alert.severity} · ${alert.owner} · ${lasts}${goesOn}

${alert.description}

\`\`\`promql
${alert.expr}
\`\`\`

Seen on: ${seenOn(alert.name)}.

First steps:

${alert.firstSteps.map((step, index) => `${index + 1}. ${step}`).join('\n')}
${held}`;
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

function seenOn(name: string): string {
  const dashboards = Map.groupBy(panelsOf(name), ({ dashboard }) => dashboard);
  return [...dashboards].map(([dashboard, panels]) => `${dashboard} (${panels.map(({ panel }) => panel).join(', ')})`).join('; ');
}
