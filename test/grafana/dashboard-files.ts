import { readFileSync } from 'node:fs';
import { dashboardSpecs } from '../../grafana/src/dashboards/index.ts';

/** What of a panel the tests look at; the rest is the schema's concern. */
export type PanelJson = {
  id: number;
  type: string;
  title?: string;
  description?: string;
  datasource?: { type?: string; uid?: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; refId: string; legendFormat?: string; datasource?: { type?: string; uid?: string }; instant?: boolean }[];
  fieldConfig?: {
    defaults: { unit?: string; thresholds?: { steps: { value: number | null; color: string }[] }; links?: { url: string }[] };
  };
  options?: Record<string, unknown>;
  links?: { title: string; url: string }[];
  transformations?: { id: string; options: { indexByName?: Record<string, number> } }[];
};

export type DashboardJson = {
  uid: string;
  title: string;
  refresh: string;
  time: { from: string; to: string };
  timepicker: { quick_ranges: { from: string }[] };
  editable: boolean;
  templating: { list: { name: string; type: string; query: unknown; datasource?: { uid?: string } }[] };
  annotations: { list: { name: string; datasource: { uid: string }; target: { expr: string } }[] };
  links: { title: string; url: string; keepTime?: boolean; includeVars?: boolean }[];
  panels: PanelJson[];
};

/** The text of a file as it is committed. */
export const textOf = (uid: string) => readFileSync(new URL(`../../grafana/dashboards/${uid}.json`, import.meta.url), 'utf8');

/** The dashboards as they are committed, and as Grafana loads them. */
export const dashboards = dashboardSpecs.map(({ uid }) => JSON.parse(textOf(uid)) as DashboardJson);

/** Panels that show something: rows are headings. */
export const panelsIn = ({ panels }: DashboardJson) => panels.filter(({ type }) => type !== 'row');

/** Every expression of a dashboard with the place where it stands. */
export const queriesIn = (dashboard: DashboardJson) => [
  ...panelsIn(dashboard).flatMap((panel) =>
    (panel.targets ?? []).map(({ expr, refId }) => ({ place: `${dashboard.uid}, ${panel.title}, ${refId}`, expr })),
  ),
  ...dashboard.annotations.list.map(({ name, target }) => ({ place: `${dashboard.uid}, annotation ${name}`, expr: target.expr })),
];

/** With values for Grafana's variables, as Prometheus gets it. */
export const filledIn = (expr: string) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$partner', 'acme');
