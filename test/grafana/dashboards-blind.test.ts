import t from 'tap';
import { metrics, scrapeJobs } from '../../grafana/src/model.ts';
import { dashboards, filledIn, panelsIn } from './dashboard-files.ts';
import { type ExpressionTest, failedTests, folderOf } from './promtool.ts';

const up = `${metrics.up}{job="${scrapeJobs.api.job}",instance="api-1:9464"}`;
const watchdog = `${metrics.alerts}{alertname="Watchdog",alertstate="firing",severity="none"}`;
/** Prometheus's own answer to a lack of replicas: it is red. */
const isCount = (title: string) => title === 'Replicas up';
const panels = dashboards.flatMap((dashboard) =>
  panelsIn(dashboard).flatMap(({ title = '', type, fieldConfig, targets = [] }) =>
    targets.map(({ expr, instant }) => ({ title, uid: dashboard.uid, type, fieldConfig, instant, expr: filledIn(expr) })),
  ),
);
const standIns = panels.filter(({ title, expr }) => expr.includes('vector(') && !isCount(title));

/** What Prometheus makes of expressions in a world of these series. Gives what is not as expected. */
async function ask(t: Parameters<typeof folderOf>[0], series: Record<string, number>, tests: ExpressionTest[]) {
  const folder = await folderOf(t);
  const input_series = Object.entries(series).map(([name, value]) => ({ series: name, values: `${value}+0x20` }));
  const file = await folder.write('blind.yml', {
    rule_files: [],
    evaluation_interval: '1m',
    tests: [{ interval: '1m', input_series, promql_expr_test: tests }],
  });
  return [...(await failedTests([file])).values()];
}

t.test('who sees nothing shows nothing: no zero and no 100 % stands in while the API is not scraped', async (t) => {
  t.ok(standIns.length > 40, `${standIns.length} stand-ins`);
  const none = ({ expr }: { expr: string }) => ({ expr, eval_time: '10m', exp_samples: [] });
  // promtool refuses a question that looks at every minute of a week; it has no stand-in.
  const all = panels.filter(({ title, expr }) => !isCount(title) && !expr.includes('[7d:1m]'));
  t.same(await ask(t, {}, all.map(none)), [], 'with an empty Prometheus');
  // Alerts are Prometheus's own, and go on.
  const guarded = standIns.filter(({ expr }) => !expr.includes(metrics.alerts)).map(none);
  t.same(await ask(t, { [up]: 0, [watchdog]: 1 }, guarded), [], 'with an API that does not answer');
});

t.test('an API that is scraped and has nothing to tell has no errors, all of its budget, and no alerts', async (t) => {
  const exprOf = (uid: string, title: string) => panels.find((each) => each.uid === uid && each.title === title)?.expr as string;
  const is = (expr: string, value: number) => ({ expr, eval_time: '10m', exp_samples: [{ labels: '{}', value }] });
  const tests = [
    is(exprOf('overview', 'Error ratio'), 0),
    is(exprOf('overview', 'Firing alerts'), 0),
    is(exprOf('overview', 'Error budget left'), 1),
    is(exprOf('slo', 'Availability, 3d'), 1),
    is(exprOf('beta-scorecard', 'Error rate'), 0),
  ];
  t.same(await ask(t, { [up]: 1, [watchdog]: 1 }, tests), []);
  t.same(await ask(t, {}, [is(exprOf('overview', 'Replicas up'), 0)]), [], 'no replica is 0, and red');
});

t.test('a panel with a stand-in says when it is blind, and a single figure does not show an old one', (t) => {
  for (const { uid, title, type, fieldConfig, instant } of standIns) {
    const { noValue } = (fieldConfig?.defaults ?? {}) as { noValue?: string };
    t.match(noValue, /^(not scraped|no rules)$/, `${uid}, ${title}`);
    if (type === 'stat' || type === 'gauge') t.equal(instant, true, `${uid}, ${title}`);
  }
  t.end();
});
