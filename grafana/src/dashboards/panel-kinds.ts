import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  type ReduceDataOptions,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import { type DynamicConfigValue, FieldColorModeId, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Gauge } from '@grafana/grafana-foundation-sdk/gauge';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { type PanelSpec, type Sized, sized } from './panel.ts';

/** A builder of the SDK for a value that is there already. */
const built = <T>(value: T) => ({ build: () => value });
const byThresholds = built({ mode: FieldColorModeId.Thresholds });
const legend = built({ displayMode: LegendDisplayMode.List, placement: LegendPlacement.Bottom, showLegend: true, calcs: [] });
const tooltip = built({ mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending });
const last = built<ReduceDataOptions>({ values: false, calcs: ['lastNotNull'], fields: '' });

/** One large figure, with its course behind it, for which Grafana wants a height of five. */
export function stat(spec: PanelSpec): Sized {
  const panel = new Stat()
    .reduceOptions(last)
    .graphMode(BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.Value)
    .colorScheme(byThresholds);
  return sized(panel.build(), spec, { width: 4, height: 5 });
}

type Look = {
  /** For single series, by name. */
  styles?: { series: string; properties: DynamicConfigValue[] }[];
  stacked?: boolean;
  /** The axis goes at least so far up; of nothing but zeros Grafana would make one up to 100, or to 10,000 %. */
  ceiling?: number;
  /** The axis goes at least so far down; together with `min: undefined`. */
  floor?: number;
};

/** For units in which nothing is a common answer. */
const ceilings: Record<string, number> = { reqps: 1, eps: 1, ops: 1, none: 1, short: 1, percentunit: 0.01 };

/** Lines over time. Limits are drawn as dashed lines, and are not the colour of the series. */
export function lines(spec: PanelSpec & Look): Sized {
  const { styles = [], stacked = false, ceiling = ceilings[spec.unit], floor, ...rest } = spec;
  const panel = new TimeSeries()
    .legend(legend)
    .tooltip(tooltip)
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : floor === undefined ? 8 : 0)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .colorScheme(built({ mode: FieldColorModeId.PaletteClassic }))
    .thresholdsStyle(built({ mode: spec.thresholds ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off }));
  if (stacked) panel.stacking(built({ mode: StackingMode.Normal, group: 'A' }));
  if (ceiling !== undefined) panel.axisSoftMax(ceiling);
  if (floor !== undefined) panel.axisSoftMin(floor);
  for (const { series, properties } of styles) panel.overrideByName(series, properties);
  return sized(panel.build(), { min: 0, ...rest }, { width: 8, height: 8 });
}

/** One bar for each answer, as of now. */
export function bars(spec: PanelSpec): Sized {
  const panel = new BarGauge()
    .reduceOptions(last)
    .displayMode(BarGaugeDisplayMode.Basic)
    .namePlacement(BarGaugeNamePlacement.Left)
    .orientation(VizOrientation.Horizontal)
    // Else the letters fill the panel when there is one bar.
    .text(built({ titleSize: 12, valueSize: 16 }))
    .sizing(BarGaugeSizing.Manual)
    // Ten bars fit.
    .minVizHeight(12)
    .maxVizHeight(32)
    .colorScheme(byThresholds);
  return sized(panel.build(), { min: 0, thresholds: { base: 'blue', steps: [] }, ...spec }, { width: 8, height: 8 }, true);
}

/** One large figure as of now. For what may have none at times: a course would go on showing the last one. */
export function figure(spec: PanelSpec): Sized {
  const panel = new Stat()
    .reduceOptions(last)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .colorScheme(byThresholds);
  return sized(panel.build(), spec, { width: 4, height: 5 }, true);
}

/** A dial from `min` to `max`. */
export function dial(spec: PanelSpec & { min: number; max: number }): Sized {
  const panel = new Gauge().reduceOptions(last).showThresholdMarkers(true).colorScheme(byThresholds);
  return sized(panel.build(), spec, { width: 4, height: 8 }, true);
}

/** Coloured bands over time, one for each series. `texts` names the values. */
export function bands(spec: PanelSpec & { texts: Record<string, { text: string; color: string }> }): Sized {
  const { texts, ...rest } = spec;
  const panel = new StateTimeline()
    .showValue(VisibilityMode.Never)
    .legend(legend)
    .tooltip(tooltip)
    .colorScheme(byThresholds)
    .mappings([
      {
        type: MappingType.ValueToText,
        options: Object.fromEntries(Object.entries(texts).map(([value, text], index) => [value, { ...text, index }])),
      },
    ]);
  return sized(panel.build(), rest, { width: 12, height: 8 });
}

/**
 * A table as of now, with the labels `columns` and the value, in this order and under these names. At most three columns: it must fit on a phone.
 * The query must keep no other label.
 */
export function table(spec: PanelSpec & { columns: Record<string, string>; value: string }): Sized {
  const { columns, value, ...rest } = spec;
  const names = Object.keys(columns);
  const panel = new Table().showHeader(true).withTransformation({
    id: 'organize',
    options: {
      excludeByName: { Time: true },
      indexByName: Object.fromEntries([...names, 'Value'].map((name, index) => [name, index])),
      renameByName: { ...columns, Value: value },
    },
  });
  return sized(panel.build(), rest, { width: 12, height: 8 }, true, PromQueryFormat.Table);
}
