import { readFile } from 'node:fs/promises';
import t from 'tap';
import { parse } from 'yaml';
import { alerts } from '../../grafana/src/alerts.ts';
import { auditAnchorJob } from '../../grafana/src/alerts-jobs.ts';
import { burnRates, hourlyPrice, metrics, prices, recorded, slo, thresholds } from '../../grafana/src/model.ts';
import { errorBudget } from '../../grafana/src/recording-requests.ts';
import { recordingGroups } from '../../grafana/src/recording-rules.ts';
import { ConfigSchema } from '../../src/config.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { millisecondsOf } from './faster.ts';
import { namesIn } from './names-in.ts';

const recordedNames = new Set(Object.values(recorded).flatMap((name) => (typeof name === 'string' ? [name] : slo.windows.map(name))));
const rules = recordingGroups.flatMap((group) => group.rules);
const expressions = [...rules, ...alerts].map(({ expr }) => expr);

t.test('the limits are those of the story, and the service level is the launch’s', (t) => {
  t.match(thresholds, { errorRatio: 0.01, p95Seconds: 0.15, databaseUtilisation: 0.8, limitHitRatio: 0.001, healthFailures: 3 });
  t.equal(slo.availability, 0.999);
  t.equal(errorBudget, 0.001);
  const severities = { HighErrorRate: 'P1', HighLatency: 'P2', DatabaseUtilisationHigh: 'P3', LimitHits: 'P4' };
  for (const [name, severity] of Object.entries(severities)) t.equal(alerts.find((alert) => alert.name === name)?.severity, severity, name);
  t.end();
});

t.test('every recording rule has its name in the model, and every name its rule', (t) => {
  t.same([...new Set(rules.map(({ record }) => record))].sort(), [...recordedNames].sort());
  t.end();
});

t.test('rules use no name that is neither recorded nor one of the model’s metrics', (t) => {
  const known = new Set<string>(Object.values(metrics));
  const used = new Set(expressions.flatMap(namesIn));
  t.ok(used.size > 60, `${used.size} names`);
  const strange = [...used].filter(
    (name) => !(recordedNames as Set<string>).has(name) && !known.has(name) && !known.has(name.replace(/_bucket$/, '')),
  );
  t.same(strange, []);
  t.end();
});

t.test('every metric that the model ascribes to the server is one of the server', async (t) => {
  const { registry } = createMetrics('1');
  const own = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const elsewhere = /^(pg_|redis_|node_|probe_|ALERTS$|up$)/;
  const missing = Object.values(metrics).filter((name) => !own.has(name) && (!elsewhere.test(name) || name === metrics.redisUp));
  t.same(missing, []);
});

t.test('the limits of latency are edges of the histogram: nothing is interpolated where an alert begins', async (t) => {
  const edges = [...(await readFile(new URL('../../src/platform/metrics.ts', import.meta.url), 'utf8')).matchAll(/buckets: \[([^\]]+)\]/g)]
    .map((match) => (match[1] as string).split(',').map(Number))
    .find((each) => each.includes(2.5)) as number[];
  for (const limit of [thresholds.p95Seconds, thresholds.p95WarningSeconds]) t.ok(edges.includes(limit), `${limit} s`);
});

t.test('every ratio of requests, every latency and every cost has a minimum rate beside it', (t) => {
  const ratios = alerts.filter(({ expr }) => /:ratio_rate|_seconds:p\d|burn_rate|cost_per/.test(expr));
  t.ok(ratios.length >= 8);
  for (const { name, expr } of ratios) t.match(expr, / and api:[\w:]+rate\w+ >= 0\.1$/, name);
  t.end();
});

t.test('limits that stand for a setting of the server agree with its default', (t) => {
  const { MAX_QUEUED_ROWS, OVERLOAD_LATENESS_MS } = ConfigSchema.properties;
  t.equal(thresholds.writeQueueRows, MAX_QUEUED_ROWS.default / 2);
  t.ok(thresholds.eventLoopLagSeconds * 1_000 < OVERLOAD_LATENESS_MS.default, 'before polls are refused');
  t.end();
});

t.test('the alert of the audit log’s anchor names the job as it is called', async (t) => {
  const source = await readFile(new URL('../../src/modules/audit/anchor-job.ts', import.meta.url), 'utf8');
  t.match(source, `name: '${auditAnchorJob}'`);
});

t.test('what is recorded is recorded again before Prometheus forgets it, and long windows are not read every 10 seconds', (t) => {
  const lookBack = 5 * 60_000;
  for (const { name, interval } of recordingGroups) t.ok(millisecondsOf(interval ?? '10s') < lookBack / 2, name);
  const long = recordingGroups.flatMap(({ interval = '10s', rules: all }) => all.map((rule) => ({ interval, ...rule })));
  const reading = long.filter(({ expr }) =>
    [...expr.matchAll(/\[(\w+)\]/g)].some(([, window]) => millisecondsOf(window as string) >= 7_200_000),
  );
  t.ok(reading.length > 8, `${reading.length} rules`);
  for (const { record, interval } of reading) t.ok(millisecondsOf(interval) >= 60_000, record);
  t.end();
});

t.test('burn rates are those of the workbook: 2 %, 5 % and 10 % of the budget, and never a window that is not recorded', (t) => {
  const hours = { '5m': 1 / 12, '30m': 0.5, '1h': 1, '2h': 2, '6h': 6, '1d': 24, '3d': 72 };
  const used = burnRates.map(({ factor, long }) => Math.round((factor * hours[long] * 100) / (slo.budgetDays * 24)));
  t.same(used, [2, 5, 10, 10]);
  t.same(
    burnRates.map(({ long, short }) => Math.round(hours[long] / hours[short])),
    [12, 12, 12, 12],
    'the short window is a twelfth of the long one',
  );
  t.end();
});

t.test('texts of alerts are templates that work: known functions, and labels that the alert has', (t) => {
  for (const { name, summary, description, proof } of alerts) {
    for (const [, inner] of `${summary}${description}`.matchAll(/\{\{([^}]*)\}\}/g)) {
      const label = /^ \$labels\.(\w+) $/.exec(inner as string)?.[1];
      if (label) t.ok(label in (proof.labels ?? {}), `${name}: ${label}`);
      else t.match(inner, /^ \$value( \| (humanize|humanize1024|humanizePercentage|humanizeDuration))? $/, name);
    }
  }
  t.end();
});

t.test('the price is the sum of its parts, and there is a floor that it reaches at capacity', (t) => {
  const cents = prices.items.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour * 10_000, 0);
  t.equal(hourlyPrice, Math.round(cents) / 10_000);
  t.ok(
    (hourlyPrice / (prices.capacityEventsPerSecond * 3_600)) * 1e6 < thresholds.costPerMillionDollars / 1_000,
    'a thousandth of the limit at capacity',
  );
  t.end();
});

t.test('the configuration of Prometheus scrapes every job of the model', async (t) => {
  const config = parse(await readFile(new URL('../../prometheus/prometheus.yml', import.meta.url), 'utf8'));
  t.same(
    config.scrape_configs.map((each: { job_name: string }) => each.job_name),
    ['triggers-api', 'postgres', 'redis', 'node', 'public', 'prometheus', 'alertmanager'],
  );
});
