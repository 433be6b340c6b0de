import t from 'tap';
import { alerts } from '../../grafana/src/alerts.ts';
import { dashboardSpecs, dashboardText, panelsOf } from '../../grafana/src/dashboards/index.ts';
import { burnRates, metrics, recorded, runbookUrl, slo, thresholds } from '../../grafana/src/model.ts';
import { postgresQueryMetrics } from '../../grafana/src/postgres-queries.ts';
import { recordingGroups } from '../../grafana/src/recording-rules.ts';
import { dashboards, filledIn, type PanelJson, panelsIn, queriesIn, textOf } from './dashboard-files.ts';
import { namesIn } from './names-in.ts';
import { folderOf, programs, run } from './promtool.ts';

const queries = dashboards.flatMap(queriesIn);
const titles = new Map(dashboards.map((dashboard) => [dashboard.title, new Set(panelsIn(dashboard).map(({ title }) => title as string))]));
const panelTitles = new Set([...titles.values()].flatMap((each) => [...each]));
const overview = dashboards.find(({ uid }) => uid === 'overview') as (typeof dashboards)[number];
const recordedNames = new Set<string>(
  Object.values(recorded).flatMap((name) => (typeof name === 'string' ? [name] : slo.windows.map(name))),
);
/** Without what a histogram has for its name's end. */
const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '');

t.test('the files are what comes out today: nothing in them depends on the moment', (t) => {
  for (const spec of dashboardSpecs) t.equal(dashboardText(spec), textOf(spec.uid), spec.uid);
  t.end();
});

t.test('Prometheus understands every expression', async (t) => {
  const folder = await folderOf(t);
  const ruleOf = ({ expr }: { expr: string }, index: number) => ({ record: `panel:query:${index}`, expr: filledIn(expr) });
  const check = (expressions: { expr: string }[], name: string) =>
    folder
      .write(name, { groups: [{ name: 'panels', rules: expressions.map(ruleOf) }] })
      .then((file) => run(programs.promtool, ['check', 'rules', file]));
  const [good, bad] = await Promise.all([check(queries, 'panels.yml'), check([{ expr: 'rate(up)' }], 'wrong.yml')]);
  t.equal(good.code, 0, good.output);
  t.match(good.output, `${queries.length} rules found`);
  t.not(bad.code, 0, 'an expression that is none is found');
  t.notMatch(queries.map(({ expr }) => filledIn(expr)).join('\n'), '$', 'every variable has been filled in');
});

t.test('panels use no name that is neither recorded nor one of the model’s metrics', (t) => {
  const known = new Set<string>([...Object.values(metrics), ...recordedNames]);
  const strange = queries.flatMap(({ place, expr }) =>
    namesIn(expr)
      .filter((name) => !known.has(name) && !known.has(base(name)))
      .map((name) => `${place}: ${name}`),
  );
  t.same(strange, []);
  t.same(namesIn('rate(strange_total{job="x"}[1m]) or up'), ['strange_total', 'up'], 'a strange one would be seen');
  t.end();
});

t.test('every metric and every recording rule of the model is used', (t) => {
  const rules = recordingGroups.flatMap((group) => group.rules);
  const used = new Set([...queries, ...rules, ...alerts].flatMap(({ expr }) => namesIn(expr)));
  t.same(
    [...Object.values(metrics), ...recordedNames].filter((name) => ![...used].some((each) => each === name || base(each) === name)),
    [],
  );
  t.same(
    postgresQueryMetrics.filter((name) => !used.has(name)),
    [],
    'of our own queries of Postgres too',
  );
  t.end();
});

t.test('the first steps of an alert name panels and dashboards that exist', (t) => {
  const named = alerts.flatMap(({ name, firstSteps }) =>
    [...firstSteps.join('\n').matchAll(/"([^"]+)"/g)].map(([, title]) => ({ name, title: title as string })),
  );
  t.ok(named.length >= 8);
  for (const { name, title } of named) t.ok(panelTitles.has(title) || titles.has(title), `${name}: ${title}`);
  for (const { name, firstSteps } of alerts) {
    for (const [, title] of firstSteps.join('\n').matchAll(/[Dd]ashboard ([A-Z]\w+)/g))
      t.ok(titles.has(title as string), `${name}: ${title}`);
  }
  t.end();
});

t.test('every alert is seen on a panel that links to what to do about it, and no panel links elsewhere', (t) => {
  for (const { name } of alerts) {
    const seen = panelsOf(name);
    t.ok(seen.length > 0, name);
    for (const { dashboard, panel } of seen) t.ok(titles.get(dashboard)?.has(panel), `${name}: ${dashboard}, ${panel}`);
  }
  const anchors = new Set(alerts.map(({ name }) => `${runbookUrl}#${name.toLowerCase()}`));
  const links = dashboards.flatMap((dashboard) => panelsIn(dashboard).flatMap(({ links = [] }) => links));
  t.same(
    links.filter(({ url }) => !anchors.has(url)),
    [],
  );
  t.equal(new Set(links.map(({ url }) => url)).size, alerts.length);
  t.end();
});

t.test('every dashboard leads to the others, and stays in the range of time and with its source of data', (t) => {
  for (const { uid, links } of dashboards) {
    t.same(
      links.map(({ url }) => url).sort(),
      dashboards
        .filter((other) => other.uid !== uid)
        .map((other) => `/d/${other.uid}`)
        .sort(),
      uid,
    );
    t.ok(
      links.every(({ keepTime, includeVars }) => keepTime && includeVars),
      uid,
    );
  }
  const drills = dashboards.flatMap((dashboard) => panelsIn(dashboard).flatMap(({ fieldConfig }) => fieldConfig?.defaults.links ?? []));
  t.ok(drills.length >= 3);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's template.
  const kept = '&${datasource:queryparam}&${__url_time_range}';
  for (const { url } of drills) t.ok(url.startsWith('/d/partner?') && url.endsWith(kept), url);
  t.end();
});

/** What the story's five groups ask for, and the panels of the overview that answer; what it names of another cloud has its counterpart here. */
const asked: Record<string, string[]> = {
  'Requests per second (current, 1h, 24h)': ['Requests per second'],
  'Error rate by status code': ['Errors by status', 'Requests by status'],
  'Error trends (increasing/decreasing)': ['Error ratio trend'],
  'Latency percentiles (p50, p95, p99, max)': ['Latency'],
  'DynamoDB latency and capacity': ['Transactions per second', 'Database utilisation', 'Requests waiting for a connection'],
  'Lambda duration and concurrency': [
    'p95 by operation',
    'Event loop lag',
    'Long polls waiting',
    'Garbage collection',
    'Memory of the API',
  ],
  'Events ingested per second': ['Events ingested per second'],
  'Events acknowledged per second': ['Events acknowledged per second'],
  'Partner activity (events per partner)': ['Events per partner', 'Partner activity in the last hour'],
  'Cost per 1M events': ['Cost per 1 M events'],
  'DynamoDB consumed capacity (WCUs, RCUs)': [
    'Postgres connections',
    'WAL written',
    'Locks',
    'Cache hits',
    'Vacuum lag',
    'Table and partition size',
  ],
  'Lambda concurrent executions': ['CPU of the API', 'What answers'],
  'SQS queue depth': ['Write queue', 'Batch size', 'Backlog'],
  'Available disk/memory': ['Disk free', 'Memory available', 'Redis memory'],
  'Rate limit hits': ['Limit hits by policy', 'Limit hit ratio'],
  '401/403 errors': ['401 and 403', '401 and 403 by reason'],
  'Suspicious patterns detected': ['Suspicious patterns'],
};

t.test('everything that the story wants to see is a panel of the overview, under five headings or more', (t) => {
  for (const [wish, answers] of Object.entries(asked))
    for (const title of answers) t.ok(titles.get('Overview')?.has(title), `${wish}: ${title}`);
  t.ok(panelsIn(overview).length >= 24);
  const headings = overview.panels.filter(({ type }) => type === 'row').map(({ title = '' }) => title);
  for (const heading of ['Requests and errors', 'Performance', 'Business', 'System health', 'Security'])
    t.ok(headings.includes(heading), heading);
  t.end();
});

t.test('colours change where the alerts begin', (t) => {
  const steps = (title: string, dashboard = overview) =>
    (panelsIn(dashboard).find((panel) => panel.title === title) as PanelJson).fieldConfig?.defaults.thresholds?.steps.map(
      ({ value }) => value,
    );
  t.same(steps('Error ratio'), [null, 1 - slo.availability, thresholds.errorRatio]);
  t.same(steps('Latency'), [null, thresholds.p95WarningSeconds, thresholds.p95Seconds]);
  t.same(steps('Database utilisation'), [null, thresholds.databaseUtilisation]);
  t.same(steps('Limit hit ratio'), [null, thresholds.limitHitRatio]);
  const budget = dashboards.find(({ uid }) => uid === 'slo');
  for (const { long, short, factor } of burnRates) t.same(steps(`Burn over ${long} and ${short}`, budget), [null, factor]);
  t.end();
});

t.test('a comparison with the past asks the same question, an hour and a day earlier', (t) => {
  const compared = panelsIn(overview).filter(({ targets = [] }) => targets.some(({ expr }) => expr.includes('offset')));
  t.same(
    compared.map(({ title }) => title),
    ['Requests per second', 'Errors per second', 'Error ratio trend', 'p95 trend'],
  );
  for (const { title, targets = [] } of compared) {
    const now = targets[0]?.expr;
    t.same(
      targets.map(({ expr, legendFormat }) => [expr, legendFormat]),
      [
        [now, 'now'],
        [`${now} offset 1h`, '1 h ago'],
        [`${now} offset 24h`, '24 h ago'],
      ],
      title ?? '',
    );
  }
  t.end();
});
