import type { AlertmanagerOptions } from './alertmanager.ts';

/** The files in the folder of secrets, by what they hold. */
export const secretFiles = {
  'pagerduty-routing-key': 'the integration key of the PagerDuty service (Events API v2)',
  'slack-webhook-url': 'the incoming-webhook URL of the channel for alerts',
  'watchdog-url': 'the URL of the dead man’s switch, which takes a POST',
  'watchdog-token': 'the token of the dead man’s switch',
} as const;

export const defaultSecrets = '/etc/alertmanager/secrets';
/**
 * Stands for the URL of the dead man's switch: Alertmanager reads it from a file only from 0.26 on, so deploy/compose/start-alertmanager.sh puts it in.
 * The name is one that no resolver knows (RFC 2606): forgotten, it fails, and tells nobody that all is well.
 */
export const watchdogExample = 'https://watchdog-url.invalid/';
export const defaultLogUrl = 'http://alert-log:9095/alerts';

const summary = '{{ .CommonLabels.alertname }}: {{ with index .Alerts 0 }}{{ .Annotations.summary }}{{ end }}';
const runbook = '{{ with index .Alerts 0 }}{{ .Annotations.runbook_url }}{{ end }}';
const severity = '{{ .CommonLabels.severity }}';

/** The receivers that the routes name. All of them but the Watchdog's say when an alert is over: that one never is. */
export function receivers(options: AlertmanagerOptions) {
  const { outside, secrets = defaultSecrets, pagerdutyUrl, logUrl = defaultLogUrl } = options;
  const { watchdogUrl = outside ? watchdogExample : logUrl } = options;
  const log = { webhook_configs: [{ url: logUrl, send_resolved: true }] };
  const watchdog = { webhook_configs: [{ url: watchdogUrl, send_resolved: false }] };
  if (!outside) {
    return [
      { name: 'pagerduty', ...log },
      { name: 'slack', ...log },
      { name: 'log', ...log },
      { name: 'watchdog', ...watchdog },
    ];
  }
  const secretOf = (name: keyof typeof secretFiles) => `${secrets}/${name}`;
  return [
    { name: 'pagerduty', pagerduty_configs: [pagerduty(secretOf('pagerduty-routing-key'), pagerdutyUrl)] },
    { name: 'slack', slack_configs: [slack(secretOf('slack-webhook-url'))] },
    { name: 'log', ...log },
    {
      name: 'watchdog',
      webhook_configs: [
        { ...watchdog.webhook_configs[0], http_config: { authorization: { credentials_file: secretOf('watchdog-token') } } },
      ],
    },
  ];
}

function pagerduty(routingKeyFile: string, url: string | undefined) {
  return {
    routing_key_file: routingKeyFile,
    ...(url === undefined ? {} : { url }),
    send_resolved: true,
    severity: 'critical',
    description: summary,
    class: '{{ .CommonLabels.alertname }}',
    group: severity,
    client: 'Triggers API',
    client_url: runbook,
    links: [{ href: runbook, text: 'First steps' }],
    details: {
      owner: '{{ .CommonLabels.owner }}',
      description: '{{ with index .Alerts 0 }}{{ .Annotations.description }}{{ end }}',
      runbook,
    },
  };
}

/** The colour says whether it is over; the text has every alert of the group, and where its first steps are. */
function slack(webhookUrlFile: string) {
  return {
    api_url_file: webhookUrlFile,
    send_resolved: true,
    color: '{{ if eq .Status "firing" }}{{ if eq .CommonLabels.severity "P2" }}danger{{ else }}warning{{ end }}{{ else }}good{{ end }}',
    title: `{{ if eq .Status "resolved" }}Over: {{ end }}${severity} {{ .CommonLabels.alertname }} ({{ .CommonLabels.owner }})`,
    title_link: runbook,
    fallback: `${severity} ${summary}`,
    text: '{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}{{ with index .Alerts 0 }}{{ .Annotations.description }}\n<{{ .Annotations.runbook_url }}|First steps>{{ end }}',
  };
}
