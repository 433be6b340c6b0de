import { stringify } from 'yaml';
import type { Alert } from './alert.ts';
import { alertGroups, runbookUrlOf } from './alerts.ts';
import { scrapeJobs } from './model.ts';
import { recordingGroups } from './recording-rules.ts';

/** First line of every generated YAML file. */
export const generatedNote = '# Made from grafana/src by `npm run generate`: change it there.\n';

/** YAML that is read by people too: no folded lines, no anchors. */
export const yamlText = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** prometheus/rules/recording.yml. */
export const recordingText = () => generatedNote + yamlText({ groups: recordingGroups });

/** One alert as Prometheus has it. */
export function alertRule(alert: Alert) {
  return {
    alert: alert.name,
    expr: alert.expr,
    ...(alert.for === '0s' ? {} : { for: alert.for }),
    ...(alert.keepFor ? { keep_firing_for: alert.keepFor } : {}),
    labels: { severity: alert.severity, owner: alert.owner, ...alert.labels },
    annotations: { summary: alert.summary, description: alert.description, runbook_url: runbookUrlOf(alert) },
  };
}

/** prometheus/rules/alerts.yml. */
export const alertsText = () =>
  generatedNote + yamlText({ groups: alertGroups.map(({ name, alerts }) => ({ name, rules: alerts.map(alertRule) })) });

/**
 * prometheus/prometheus.yml, as the Compose stack has it. Rules look back as far as the error budget's 30 days, so the data must be kept longer:
 * `--storage.tsdb.retention.time=35d`.
 */
export const prometheusText = () =>
  generatedNote +
  yamlText({
    global: { scrape_interval: '10s', evaluation_interval: '10s' },
    rule_files: ['rules/*.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [scrapeJobs.alertmanager.target] }] }] },
    // The API's metrics have a port of their own, which is not published.
    scrape_configs: Object.values(scrapeJobs).map(({ job, target }) =>
      job === scrapeJobs.public.job ? probes(job, target) : { job_name: job, static_configs: [{ targets: [target] }] },
    ),
  });

/** The prober is asked, and told whom to ask; `instance` is the address that it asks. The files are read again when they change. */
const probes = (job: string, prober: string) => ({
  job_name: job,
  metrics_path: '/probe',
  params: { module: ['public'] },
  scrape_interval: '1m',
  file_sd_configs: [{ files: ['probes/*.yml'] }],
  relabel_configs: [
    { source_labels: ['__address__'], target_label: '__param_target' },
    { source_labels: ['__param_target'], target_label: 'instance' },
    { target_label: '__address__', replacement: prober },
  ],
});
