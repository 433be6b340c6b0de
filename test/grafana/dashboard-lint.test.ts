import t from 'tap';
import { type DashboardJson, dashboards, type PanelJson, panelsIn } from './dashboard-files.ts';
import { lint, rules } from './dashboard-lint.ts';

t.test('no dashboard breaks a rule', (t) => {
  for (const dashboard of dashboards) t.same(lint(dashboard), [], dashboard.uid);
  t.end();
});

type Target = NonNullable<PanelJson['targets']>[number];
type Parts = { dashboard: DashboardJson; stat: PanelJson; other: PanelJson; table: PanelJson; target: Target };

/** For each rule, changes of the overview (or of the dashboard Partner, which has a variable) that break it and no other. */
const breaks: Record<string, ((parts: Parts) => unknown)[]> = {
  'template-datasource': [
    ({ dashboard }) => dashboard.templating.list.shift(),
    ({ dashboard }) => Object.assign(dashboard.templating.list[0] ?? {}, { query: 'loki' }),
  ],
  'template-on-time-change-reload': [({ dashboard }) => Object.assign(dashboard.templating.list[1] ?? {}, { refresh: 1 })],
  'panel-datasource': [
    ({ stat }) => Object.assign(stat, { datasource: { type: 'prometheus', uid: 'prometheus' } }),
    ({ target }) => Object.assign(target, { datasource: undefined }),
  ],
  'other-datasource': [
    ({ dashboard }) => Object.assign(dashboard.annotations.list[0] ?? {}, { datasource: { uid: 'grafana' } }),
    ({ dashboard }) => Object.assign(dashboard.templating.list[1] ?? {}, { datasource: { uid: 'prometheus' } }),
  ],
  'panel-title-description': [
    ({ stat }) => Object.assign(stat, { title: '' }),
    ({ stat }) => Object.assign(stat, { description: undefined }),
    ({ stat }) => Object.assign(stat, { description: 'Errors.' }),
  ],
  'panel-units': [({ stat }) => Object.assign(stat.fieldConfig?.defaults ?? {}, { unit: '' })],
  'panel-no-targets': [({ stat }) => Object.assign(stat, { targets: [] })],
  'target-legend': [({ target }) => Object.assign(target, { legendFormat: undefined })],
  'target-rate-interval': [
    ({ target }) => Object.assign(target, { expr: 'sum(rate(http_requests_total[5m]))' }),
    ({ target }) => Object.assign(target, { expr: 'sum(increase(events_ingested_total{outcome="accepted"}[$__interval]))' }),
  ],
  'target-counter-agg': [
    ({ target }) => Object.assign(target, { expr: 'sum(http_requests_total{status="500"})' }),
    ({ target }) => Object.assign(target, { expr: 'max_over_time(pg_stat_database_xact_commit[1h])' }),
    ({ target }) => Object.assign(target, { expr: 'histogram_quantile(0.9, http_request_duration_seconds_bucket)' }),
  ],
  'zero-beside-a-name': [
    ({ target }) => Object.assign(target, { expr: 'api:http_requests:rate5m or vector(0)' }),
    ({ target }) =>
      Object.assign(target, {
        expr: '(status:http_requests:rate5m{status="500"} or label_replace(vector(0), "status", "500", "", "")) * 2',
      }),
  ],
  'uneditable-dashboard': [({ dashboard }) => Object.assign(dashboard, { editable: true })],
  refresh: [({ dashboard }) => Object.assign(dashboard, { refresh: '5m' })],
  'week-of-history': [({ dashboard }) => Object.assign(dashboard.timepicker, { quick_ranges: [{ from: 'now-6h' }] })],
  'unique-id': [({ stat, other }) => Object.assign(stat, { id: other.id })],
  'unique-title': [({ stat, other }) => Object.assign(stat, { title: other.title })],
  'unique-ref-id': [({ stat, target }) => stat.targets?.push({ ...target })],
  'grid-width': [
    ({ stat }) => Object.assign(stat.gridPos, { w: 3 }),
    ({ dashboard }) => Object.assign(dashboard.panels.at(-1)?.gridPos ?? {}, { x: 23 }),
  ],
  'grid-overlap': [({ stat }) => Object.assign(stat.gridPos, { h: stat.gridPos.h + 1 })],
  'phone-order': [({ dashboard }) => dashboard.panels.push(...dashboard.panels.splice(4, 1))],
  'phone-figures-first': [({ stat }) => Object.assign(stat, { type: 'timeseries' })],
  'phone-table-width': [
    ({ table }) => Object.assign(table.transformations?.[0]?.options.indexByName ?? {}, { instance: 3 }),
    ({ table }) => Object.assign(table, { transformations: [] }),
  ],
};

function partsOf(uid: string): Parts {
  const dashboard = structuredClone(dashboards.find((each) => each.uid === uid)) as DashboardJson;
  const [stat, other] = panelsIn(dashboard) as [PanelJson, PanelJson];
  // The dashboard Partner has no table: what would be changed there is changed nowhere, and the overview is asked.
  const table = panelsIn(dashboard).find(({ type }) => type === 'table') ?? structuredClone(other);
  return { dashboard, stat, other, table, target: stat.targets?.[0] as Target };
}

t.test('each rule finds what breaks it, and blames nothing else', (t) => {
  t.same(
    Object.keys(breaks),
    rules.map(({ name }) => name),
  );
  for (const [rule, changes] of Object.entries(breaks)) {
    for (const [index, change] of changes.entries()) {
      const found = ['overview', 'partner'].map((uid) => {
        const parts = partsOf(uid);
        change(parts);
        return lint(parts.dashboard).map((finding) => finding.slice(0, finding.indexOf(':')));
      });
      t.ok(found.flat().length > 0, `${rule}, change ${index + 1}: found`);
      t.ok(
        found.flat().every((name) => name === rule),
        `${rule}, change ${index + 1}: ${[...new Set(found.flat())].join(', ')}`,
      );
    }
  }
  t.end();
});
