import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type GrafanaTheme2,
  identityOverrideProcessor,
  Registry,
  type ThresholdsConfig,
  ThresholdsMode,
} from '@grafana/data';
import type { Panel } from './dashboard-json.ts';
import { replaceVariables, type Values } from './variables.ts';

/** Settings of a field that Grafana knows whatever the panel. */
const standard = 'unit decimals min max fieldMinMax displayName noValue color thresholds mappings links filterable'.split(' ');

/** Settings of the panels drawn here: those under `custom`. */
const custom: Record<string, Record<string, unknown>> = {
  timeseries: {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: 1,
    fillOpacity: 0,
    gradientMode: 'none',
    barAlignment: 0,
    barWidthFactor: 0.6,
    spanNulls: false,
    insertNulls: false,
    showPoints: 'auto',
    pointSize: 5,
    stacking: { mode: 'none', group: 'A' },
    axisPlacement: 'auto',
    axisLabel: '',
    axisColorMode: 'text',
    axisGridShow: undefined,
    axisCenteredZero: false,
    axisBorderShow: false,
    axisSoftMin: undefined,
    axisSoftMax: undefined,
    axisWidth: undefined,
    scaleDistribution: { type: 'linear' },
    thresholdsStyle: { mode: 'off' },
    lineStyle: undefined,
    fillBelowTo: undefined,
    transform: undefined,
    hideFrom: { tooltip: false, viz: false, legend: false },
  },
  'state-timeline': { fillOpacity: 70, lineWidth: 0, spanNulls: false, hideFrom: undefined },
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, width: undefined, minWidth: undefined, hideFrom: undefined },
};

/** What Grafana assumes of a panel that does not say: green, and red from 80. */
const defaultThresholds: ThresholdsConfig = {
  mode: ThresholdsMode.Absolute,
  steps: [
    { value: Number.NEGATIVE_INFINITY, color: 'green' },
    { value: 80, color: 'red' },
  ],
};

/** A panel's field configuration, with what Grafana fills in when it loads the panel. */
export function fieldConfigOf(panel: Panel): FieldConfigSource {
  const { defaults = {}, overrides = [] } = structuredClone(panel.fieldConfig ?? {}) as Partial<FieldConfigSource>;
  const own = custom[panel.type] ?? {};
  const source: FieldConfigSource = {
    defaults: {
      thresholds: defaultThresholds,
      color: { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' },
      mappings: [],
      ...defaults,
      custom: { ...own, ...defaults.custom },
    },
    overrides,
  };
  lowestStep(source.defaults.thresholds);
  for (const { properties } of overrides) {
    for (const { id, value } of properties) if (id === 'thresholds') lowestStep(value as ThresholdsConfig);
  }
  return source;
}

/** JSON has no minus infinity: the lowest step of thresholds is stored as null. */
function lowestStep(thresholds: ThresholdsConfig | undefined): void {
  for (const step of thresholds?.steps ?? []) step.value ??= Number.NEGATIVE_INFINITY;
}

/** Gives the frames their units, colours and names, by Grafana's own rules. */
export function configured(panel: Panel, data: DataFrame[], theme: GrafanaTheme2, values: Values): DataFrame[] {
  const frames = applyFieldOverrides({
    data,
    fieldConfig: fieldConfigOf(panel),
    fieldConfigRegistry: registryOf(panel.type),
    replaceVariables: (text, scoped) => replaceVariables(text, values, scoped, 'text'),
    theme,
    timeZone: 'utc',
  });
  // Tables take the names from there.
  cacheFieldDisplayNames(frames);
  return frames;
}

function registryOf(type: string) {
  const item = (id: string, path: string, isCustom: boolean) =>
    ({ id, path, name: id, isCustom, process: identityOverrideProcessor, shouldApply: () => true }) as unknown as FieldConfigPropertyItem;
  const names = Object.keys(custom[type] ?? {});
  return new Registry<FieldConfigPropertyItem>(() => [
    ...standard.map((id) => item(id, id, false)),
    ...names.map((name) => item(`custom.${name}`, name, true)),
  ]);
}
