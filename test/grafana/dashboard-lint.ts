import { metrics } from '../../grafana/src/model.ts';
import { type DashboardJson, type PanelJson, panelsIn, queriesIn } from './dashboard-files.ts';

/** A rule gives what breaks it. Those of grafana/dashboard-linter are here under its names, but for the ones about variables `job` and `instance`, which we do not have. */
export type Rule = { name: string; find(dashboard: DashboardJson): string[] };

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's template.
const chosen = '${datasource}';
const columns = 24;

const eachPanel = (name: string, wrong: (panel: PanelJson) => boolean | undefined): Rule => ({
  name,
  find: (dashboard) =>
    panelsIn(dashboard)
      .filter(wrong)
      .map(({ title, id }) => title || `panel ${id}`),
});

const doubles = (values: unknown[]) => values.filter((value, index) => values.indexOf(value) !== index).map(String);

/** Metrics that only grow: alone they say how long a process has run. */
const counters = Object.values(metrics).filter((name) => /_total$|^pg_stat_database_/.test(name));
const histograms = [metrics.duration, metrics.batchRows, metrics.gcDuration].flatMap((name) =>
  ['_bucket', '_sum', '_count'].map((part) => name + part),
);
const counter = new RegExp(`(?<![\\w:])(${[...counters, ...histograms].join('|')})(?![\\w:])`, 'g');

/** A rate's window follows the step, or is so long that it is the question: an hour, a day. */
const goodWindow = /^(\$__rate_interval|\d+[hd])$/;

const overlap = (one: PanelJson['gridPos'], other: PanelJson['gridPos']) =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;

export const rules: Rule[] = [
  {
    name: 'template-datasource',
    find: ({ templating }) =>
      templating.list.some(({ name, type, query }) => name === 'datasource' && type === 'datasource' && query === 'prometheus')
        ? []
        : ['no variable'],
  },
  {
    name: 'template-on-time-change-reload',
    find: ({ templating }) =>
      templating.list
        .filter((variable) => variable.type === 'query' && (variable as { refresh?: number }).refresh !== 2)
        .map(({ name }) => name),
  },
  eachPanel('panel-datasource', ({ datasource, targets = [] }) =>
    [datasource, ...targets.map((target) => target.datasource)].some((each) => each?.uid !== chosen || each?.type !== 'prometheus'),
  ),
  {
    name: 'other-datasource',
    find: ({ annotations, templating }) => [
      ...annotations.list.filter(({ datasource }) => datasource.uid !== chosen).map(({ name }) => name),
      ...templating.list.filter(({ type, datasource }) => type === 'query' && datasource?.uid !== chosen).map(({ name }) => name),
    ],
  },
  eachPanel('panel-title-description', ({ title, description }) => !title || !description || description.length < 20),
  eachPanel('panel-units', ({ fieldConfig }) => !fieldConfig?.defaults.unit),
  eachPanel('panel-no-targets', ({ targets = [] }) => targets.length === 0),
  eachPanel('target-legend', ({ targets = [] }) => targets.some(({ legendFormat }) => !legendFormat)),
  {
    name: 'target-rate-interval',
    find: (dashboard) =>
      queriesIn(dashboard)
        .filter(({ expr }) =>
          [...expr.matchAll(/\b(?:i?rate|increase)\([^[]*\[([^\]]+)\]/g)].some(([, window]) => !goodWindow.test(window as string)),
        )
        .map(({ place }) => place),
  },
  {
    name: 'target-counter-agg',
    find: (dashboard) =>
      queriesIn(dashboard)
        .filter(({ expr }) => [...expr.matchAll(counter)].some(({ index }) => !/\b(rate|increase)\($/.test(expr.slice(0, index))))
        .map(({ place }) => place),
  },
  {
    // Over time these are two series: one with the name, and one of the zeros before it began.
    name: 'zero-beside-a-name',
    find: (dashboard) =>
      queriesIn(dashboard)
        .filter(({ expr }) => /(^|[(,]\s*)[\w:]+(\{[^}]*\})? or (vector|label_replace)\(/.test(expr))
        .map(({ place }) => place),
  },
  { name: 'uneditable-dashboard', find: ({ editable }) => (editable ? ['may be edited in the browser, and lost'] : []) },
  { name: 'refresh', find: ({ refresh }) => (refresh === '1m' ? [] : [refresh]) },
  {
    name: 'week-of-history',
    find: ({ timepicker }) => (timepicker.quick_ranges.some(({ from }) => from === 'now-7d') ? [] : ['no range of 7 days']),
  },
  { name: 'unique-id', find: ({ panels }) => doubles(panels.map(({ id }) => id)) },
  { name: 'unique-title', find: (dashboard) => doubles(panelsIn(dashboard).map(({ title }) => title)) },
  eachPanel('unique-ref-id', ({ targets = [] }) => doubles(targets.map(({ refId }) => refId)).length > 0),
  {
    name: 'grid-width',
    find: ({ panels }) => panels.filter(({ gridPos: { x, w } }) => w < 4 || x < 0 || x + w > columns).map(({ title }) => title ?? ''),
  },
  {
    name: 'grid-overlap',
    find: ({ panels }) =>
      panels.flatMap((one, index) =>
        panels
          .slice(index + 1)
          .filter((other) => overlap(one.gridPos, other.gridPos))
          .map((other) => `${one.title} and ${other.title}`),
      ),
  },
  {
    // Below 768 px all panels are one column, in the order of their places.
    name: 'phone-order',
    find: ({ panels }) =>
      panels
        .filter(({ gridPos: { x, y } }, index) => {
          const before = panels[index - 1]?.gridPos;
          return before !== undefined && (y < before.y || (y === before.y && x < before.x));
        })
        .map(({ title }) => title ?? ''),
  },
  {
    name: 'phone-figures-first',
    find: (dashboard) =>
      panelsIn(dashboard)
        .slice(0, 3)
        .filter(({ type }) => type !== 'stat' && type !== 'gauge')
        .map(({ title }) => title ?? ''),
  },
  eachPanel('phone-table-width', ({ type, transformations = [] }) => {
    const shown = Object.keys(transformations.find(({ id }) => id === 'organize')?.options.indexByName ?? {}).length;
    return type === 'table' && (shown === 0 || shown > 3);
  }),
];

/** What breaks any rule, as `rule: place`. */
export const lint = (dashboard: DashboardJson): string[] =>
  rules.flatMap(({ name, find }) => find(dashboard).map((place) => `${name}: ${place}`));
