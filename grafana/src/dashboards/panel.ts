import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardLink,
  DashboardLinkType,
  type Panel,
  type Threshold,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, type PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { runbookUrl } from '../model.ts';
import { blindText } from './scraped.ts';

/** Every query goes where the variable of the dashboard says. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's template.
export const datasource: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** A question to Prometheus, and how its answers are named: Grafana's `{{label}}` is allowed. */
export type Query = { expr: string; legend: string };

/** Where colours change; `value` is in the panel's unit. The first colour holds below the first value. */
export type Steps = { base: string; steps: { value: number; color: string }[] };

export type PanelSpec = {
  /** Unique in its dashboard; alerts name panels by it. */
  title: string;
  /** What it shows and how to read it, in one or two sentences. */
  description: string;
  /** Grafana's name of a unit. */
  unit: string;
  queries: Query[];
  thresholds?: Steps;
  /** Alerts that are seen here: the panel links to what to do, and docs/alerts.md says where to look. */
  alerts?: string[];
  /** Of 24 columns. On screens narrower than 768 px every panel has all of them. */
  width?: number;
  /** In steps of 38 px. */
  height?: number;
  /** Nothing: as the data is. */
  min?: number | undefined;
  max?: number;
  decimals?: number;
  /** Where a click on a series leads. */
  drill?: DashboardLink;
  /** Shown where there can be no figure, such as a latency without requests. For stand-ins there is a text by itself (scraped.ts). */
  noValue?: string;
};

/** A panel with its size, and not yet at its place. */
export type Sized = { panel: Panel; alerts: string[]; width: number; height: number };

/** Fills in what panels of every kind have. `instant` asks for the last value only, `format` is that of the answer. */
export function sized(
  built: Panel,
  spec: PanelSpec,
  size: { width: number; height: number },
  instant = false,
  format?: PromQueryFormat,
): Sized {
  const { title, description, unit, queries, thresholds, alerts = [], width, height, drill, ...limits } = spec;
  const noValue = blindText(queries.map(({ expr }) => expr));
  const defaults = {
    ...built.fieldConfig?.defaults,
    unit,
    ...(noValue && { noValue }),
    ...limits,
    thresholds: thresholdsOf(thresholds),
    ...(drill && { links: [drill] }),
  };
  const panel: Panel = {
    ...built,
    title,
    description,
    datasource,
    fieldConfig: { defaults, overrides: built.fieldConfig?.overrides ?? [] },
    targets: queries.map(({ expr, legend }, index) => {
      const query = new DataqueryBuilder().refId(refId(index)).expr(expr).legendFormat(legend).datasource(datasource);
      if (format) query.format(format);
      return (instant ? query.instant() : query.range()).build();
    }),
    links: alerts.map(alertLink),
  };
  return { panel, alerts, width: width ?? size.width, height: height ?? size.height };
}

const refId = (index: number) => String.fromCharCode('A'.charCodeAt(0) + index);

function thresholdsOf({ base, steps }: Steps = { base: 'text', steps: [] }) {
  const first: Threshold = { value: null, color: base };
  return { mode: ThresholdsMode.Absolute, steps: [first, ...steps] };
}

export const linkTo = (title: string, url: string): DashboardLink => ({
  title,
  type: DashboardLinkType.Link,
  icon: 'external link',
  tooltip: '',
  url,
  tags: [],
  asDropdown: false,
  targetBlank: false,
  includeVars: false,
  keepTime: false,
});

const alertLink = (name: string) => ({ ...linkTo(`${name}: what to do`, `${runbookUrl}#${name.toLowerCase()}`), targetBlank: true });
