import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Alert } from '../../grafana/src/alert.ts';
import { alerts, runbookUrlOf } from '../../grafana/src/alerts.ts';
import { metrics } from '../../grafana/src/model.ts';
import { casesOf } from './alert-cases.ts';
import { committedRules, ruleOf } from './committed-rules.ts';
import { failedTests, folderOf, programs, run } from './promtool.ts';

const file = (name: string) => fileURLToPath(new URL(`../../prometheus/${name}`, import.meta.url));

t.test('promtool accepts the configuration and every rule', async (t) => {
  const config = await run(programs.promtool, ['check', 'config', file('prometheus.yml')]);
  t.equal(config.code, 0, config.output);
  t.match(config.output, /2 rule files found/);
  const lint = await run(programs.promtool, [
    'check',
    'rules',
    '--lint-fatal',
    '--lint=all',
    file('rules/alerts.yml'),
    file('rules/recording.yml'),
  ]);
  t.equal(lint.code, 0, lint.output);
});

t.test('the file has the alerts of the model, each with severity, owner, texts and runbook', (t) => {
  t.same(
    committedRules.map(({ alert }) => alert),
    alerts.map(({ name }) => name),
  );
  for (const alert of alerts) {
    const rule = ruleOf(alert);
    t.match(rule.labels, { severity: /^(P[1-4]|none)$/, owner: /^[a-z-]+$/ }, alert.name);
    t.match(rule.annotations, { summary: /\S/, description: /\S/, runbook_url: runbookUrlOf(alert) }, alert.name);
  }
  t.end();
});

t.test('every alert is silent below its limits and fires above them, at a limit as it says, and only after its wait', async (t) => {
  const folder = await folderOf(t);
  const files = await Promise.all(
    alerts.map(async (alert) => {
      const ruleFile = await folder.write(`${alert.name}.rules.yml`, { groups: [{ name: 'one', rules: [ruleOf(alert)] }] });
      return folder.write(`${alert.name}.test.yml`, casesOf(alert, ruleFile));
    }),
  );
  const failed = await failedTests(files);
  t.same([...failed.values()], []);
  const cases = alerts.map((alert) => casesOf(alert, '').tests.length).reduce((sum, count) => sum + count, 0);
  t.comment(`${alerts.length} alerts, ${cases} cases`);
  t.same(
    alerts.filter(({ proof }) => proof.edges.length === 0).map(({ name }) => name),
    ['Watchdog'],
    'all others have limits',
  );
});

t.test('ApiDown fires too when there is no replica to scrape', async (t) => {
  const folder = await folderOf(t);
  const alert = alerts.find(({ name }) => name === 'ApiDown') as Alert;
  const all = casesOf(alert, file('rules/alerts.yml'));
  const last = all.tests.at(-1);
  t.ok(last);
  const nothing = { ...all, tests: [{ ...last, input_series: [{ series: 'up{job="postgres",instance="a"}', values: '1+0x40' }] }] };
  t.same([...(await failedTests([await folder.write('nothing.yml', nothing)])).values()], []);
});

t.test('from the counters of the server to the alert: P1, P2, P3 and P4 fire above the story’s limits and not below', async (t) => {
  const folder = await folderOf(t);
  const api = 'job="triggers-api",instance="api-1:9464",version="1"';
  /** Of 10,000 requests a minute: so many errors, so many slower than 150 ms, so many refused; of 100 connections so many used. */
  const input = (errors: number, slow: number, refused: number, connections: number) => [
    { series: `${metrics.requests}{${api},operation="postEvent",status="201"}`, values: `0+${10_000 - errors}x20` },
    { series: `${metrics.requests}{${api},operation="postEvent",status="500"}`, values: `0+${errors}x20` },
    ...[0.1, 0.15, 0.2].map((le, index) => ({
      series: `${metrics.duration}_bucket{${api},operation="postEvent",le="${le}"}`,
      values: `0+${index === 2 ? 10_000 : 10_000 - slow}x20`,
    })),
    { series: `${metrics.duration}_bucket{${api},operation="postEvent",le="+Inf"}`, values: '0+10000x20' },
    { series: `${metrics.limitHits}{${api},policy="burst"}`, values: `0+${refused}x20` },
    { series: `${metrics.pgActivity}{job="postgres",state="active"}`, values: `${connections}+0x20` },
    { series: `${metrics.pgMaxConnections}{job="postgres"}`, values: '100+0x20' },
  ];
  const story = 'HighErrorRate|HighLatency|DatabaseUtilisationHigh|LimitHits';
  const test = (name: string, series: ReturnType<typeof input>, firing: Record<string, string>) => ({
    name,
    interval: '1m',
    input_series: series,
    promql_expr_test: [
      {
        expr: `count by (severity, alertname) (ALERTS{alertname=~"${story}",alertstate="firing"})`,
        eval_time: '15m',
        exp_samples: Object.entries(firing).map(([severity, alertname]) => ({
          labels: `{severity="${severity}",alertname="${alertname}"}`,
          value: 1,
        })),
      },
    ],
  });
  const all = { P1: 'HighErrorRate', P2: 'HighLatency', P3: 'DatabaseUtilisationHigh', P4: 'LimitHits' };
  const content = {
    rule_files: [file('rules/recording.yml'), file('rules/alerts.yml')],
    evaluation_interval: '1m',
    tests: [test('just below all', input(99, 499, 9, 80), {}), test('just above all', input(101, 501, 11, 81), all)],
  };
  t.same([...(await failedTests([await folder.write('story.yml', content)])).values()], []);
});
