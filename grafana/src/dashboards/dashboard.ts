import {
  type AnnotationQuery,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  TimePickerBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { metrics } from '../model.ts';
import { type Group, placed } from './layout.ts';
import { datasource, linkTo } from './panel.ts';
import { api } from './queries.ts';

export type DashboardSpec = {
  /** Also the name of its file. */
  uid: string;
  title: string;
  description: string;
  groups: Group[];
  variables?: VariableModel[];
  /** Where the time range begins. */
  from?: string;
};

const tag = 'triggers-api';

/** The whole JSON of a dashboard; the same for the same model, always. */
export function dashboardOf(
  { uid, title, description, groups, variables = [], from = 'now-6h' }: DashboardSpec,
  others: DashboardSpec[],
): Dashboard {
  const frame = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([tag])
    .readonly()
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from, to: 'now' })
    .timepicker(
      new TimePickerBuilder().refreshIntervals(['10s', '1m', '5m', '15m']).quickRanges(['1h', '6h', '24h', '7d', '30d'].map(range)),
    )
    .refresh('1m')
    .build();
  return {
    ...frame,
    templating: { list: [sources(), ...variables] },
    annotations: { list: [firingAlerts(), starts()] },
    links: others
      .filter((other) => other.uid !== uid)
      .map((other) => ({ ...linkTo(other.title, `/d/${other.uid}`), icon: 'dashboard', keepTime: true, includeVars: true })),
    panels: placed(groups),
  };
}

/** Ranges that the data is kept for; the past week is the one of the weekly review. */
const range = (length: string) => ({ build: () => ({ display: `Last ${length}`, from: `now-${length}`, to: 'now' }) });

const sources = () => new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus').build();

const annotation = (name: string, iconColor: string, expr: string, fields: Partial<AnnotationQuery>): AnnotationQuery => ({
  name,
  datasource,
  enable: true,
  hide: false,
  iconColor,
  target: new DataqueryBuilder().refId('Anno').expr(expr).build(),
  ...fields,
});

/** A region for as long as an alert fires. */
const firingAlerts = () =>
  annotation('Alerts', 'red', `${metrics.alerts}{alertstate="firing",severity!="none"}`, {
    titleFormat: '{{alertname}}',
    textFormat: '{{severity}} {{instance}} {{partner}} {{resource}}',
    tagKeys: 'severity',
    step: '60s',
  });

/** A mark where a process began, with its version: a deployment, or a crash. */
const starts = () =>
  annotation('Starts and versions', 'blue', `max by (instance, version) (${metrics.processStart}{${api}}) * 1000`, {
    titleFormat: '{{version}} started',
    textFormat: '{{instance}}',
    step: '60s',
    useValueForTime: true,
  });
