import { Ajv, type ValidateFunction } from 'ajv';
import t from 'tap';
import { type DashboardJson, dashboards, type PanelJson, panelsIn } from './dashboard-files.ts';
import { reference, type Schema, sdkDefinitions } from './sdk-schema.ts';

/** Panels we use: Grafana's type, and the package of the SDK that declares its settings; those with settings for each series. */
const kinds = {
  stat: ['stat', false],
  timeseries: ['timeseries', true],
  table: ['table', true],
  bargauge: ['bargauge', false],
  gauge: ['gauge', false],
  'state-timeline': ['statetimeline', true],
} as const;

const packages = Object.values(kinds).map(([name]) => name);
const definitions = sdkDefinitions(['dashboard', 'common', 'prometheus', ...packages]);
const definition = (name: string) => definitions[name] as { properties: Record<string, Schema> } & Schema;

/** A definition with other schemas for some of its properties: what the SDK leaves open, because it depends on the panel. */
const narrowed = (name: string, properties: Record<string, Schema>) => ({
  ...definition(name),
  properties: { ...definition(name).properties, ...properties },
});

definitions['cog.Dataquery'] = reference('prometheus.Dataquery');
const panelSchemas = Object.entries(kinds).map(([type, [name, hasSeries]]) => {
  const defaults = narrowed('dashboard.FieldConfig', { custom: hasSeries ? reference(`${name}.FieldConfig`) : { not: {} } });
  const { overrides } = definition('dashboard.FieldConfigSource').properties;
  const fieldConfig = { ...definition('dashboard.FieldConfigSource'), properties: { defaults, overrides } };
  return narrowed('dashboard.Panel', { type: { const: type }, options: reference(`${name}.Options`), fieldConfig });
});
const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false });
ajv.addSchema({ $id: 'sdk', definitions });
// Each panel is judged by itself.
const validDashboard = ajv.compile(narrowed('dashboard.Dashboard', { panels: { type: 'array', items: {} } }));
const validPanel: Record<string, ValidateFunction> = {
  ...Object.fromEntries(Object.keys(kinds).map((type, index) => [type, ajv.compile(panelSchemas[index] ?? false)])),
  row: ajv.compile(definition('dashboard.RowPanel')),
};

/** What is wrong with a dashboard; a panel is judged by the schema of its type, so that the finding names the property. */
function findings(dashboard: DashboardJson): string[] {
  const told = (place: string, valid: ValidateFunction, value: unknown) =>
    valid(value)
      ? []
      : (valid.errors ?? []).map(({ instancePath, message, params }) => `${place}${instancePath} ${message} ${JSON.stringify(params)}`);
  return [
    ...told(dashboard.uid, validDashboard, dashboard),
    ...dashboard.panels.flatMap((panel) => {
      const valid = validPanel[panel.type];
      return valid ? told(`${dashboard.uid}, ${panel.title}`, valid, panel) : [`${panel.type} is not a kind of panel that we use`];
    }),
  ];
}

t.test('every dashboard is what Grafana’s declarations say that one is', (t) => {
  for (const dashboard of dashboards) t.same(findings(dashboard), [], dashboard.uid);
  t.end();
});

t.test('every kind of panel that is allowed is used, and so has been validated', (t) => {
  const used = new Set(dashboards.flatMap((dashboard) => panelsIn(dashboard).map(({ type }) => type)));
  t.same([...used].sort(), Object.keys(kinds).sort());
  t.end();
});

type Change = (dashboard: DashboardJson, first: (type: string) => PanelJson) => unknown;
const changes: Record<string, Change> = {
  'a property that a dashboard does not have': (dashboard) => Object.assign(dashboard, { autoRefresh: '1m' }),
  'a dashboard without its version of the schema': (dashboard) => Object.assign(dashboard, { schemaVersion: undefined }),
  'a variable of a type that there is not': (dashboard) => Object.assign(dashboard.templating.list[0] ?? {}, { type: 'prometheus' }),
  'an annotation without a colour': (dashboard) => Object.assign(dashboard.annotations.list[0] ?? {}, { iconColor: undefined }),
  'a panel of another kind': (_, first) => Object.assign(first('stat'), { type: 'graph' }),
  'a position that is not a number': (_, first) => Object.assign(first('stat').gridPos, { w: '6' }),
  'an option of another kind of panel': (_, first) => Object.assign(first('stat').options ?? {}, { legend: {} }),
  'an option with a value that there is not': (_, first) =>
    Object.assign(first('timeseries').options ?? {}, { legend: { displayMode: 'wide' } }),
  'a setting of a series that there is not': (_, first) =>
    Object.assign(first('timeseries').fieldConfig?.defaults ?? {}, { custom: { lineThickness: 2 } }),
  'a query without an expression': (_, first) => Object.assign(first('table').targets?.[0] ?? {}, { expr: undefined }),
  'a property that a query does not have': (_, first) => Object.assign(first('bargauge').targets?.[0] ?? {}, { step: 10 }),
  'a threshold without a colour': (_, first) =>
    Object.assign(first('gauge').fieldConfig?.defaults.thresholds?.steps[0] ?? {}, { color: undefined }),
  'a row without its list of panels': (_, first) => Object.assign(first('row'), { panels: undefined }),
};

t.test('the schema refuses what Grafana does not know', (t) => {
  for (const [what, change] of Object.entries(changes)) {
    const copies = dashboards.map((dashboard) => structuredClone(dashboard));
    const first = (type: string) => copies.flatMap(({ panels }) => panels).find((panel) => panel.type === type) as PanelJson;
    change(copies[0] as DashboardJson, first);
    const found = copies.map((copy) => JSON.parse(JSON.stringify(copy)) as DashboardJson).flatMap(findings);
    t.ok(found.length > 0, what);
  }
  t.end();
});
