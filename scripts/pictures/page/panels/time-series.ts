import { applyNullInsertThreshold, type DataFrame, FieldType } from '@grafana/data';
import { LegendDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { TimeSeries } from '@grafana/ui';
import { createElement, type ReactNode } from 'react';
import type { Panel } from '../dashboard-json.ts';
import type { Drawing } from './drawing.ts';
import { timeRangeOf } from './time-range.ts';

const defaultLegend: VizLegendOptions = { displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [], showLegend: true };

/** Lines, bars and areas over time. */
export function timeSeries({ panel, frames, range, width, height }: Drawing): ReactNode {
  const legend = { ...defaultLegend, ...(panel.options?.legend as Partial<VizLegendOptions> | undefined) };
  return createElement(TimeSeries, {
    frames: frames.map((frame) => withGaps(finite(frame), range)),
    width,
    height,
    timeRange: timeRangeOf(range),
    timeZone: 'utc',
    structureRev: 1,
    legend,
    options: panel.options as Panel['options'],
  });
}

/** Where a series has no points, its line ends: the component itself does that for the first series only. */
function withGaps(frame: DataFrame, { from, to }: { from: number; to: number }): DataFrame {
  return applyNullInsertThreshold({ frame, refFieldPseudoMin: from, refFieldPseudoMax: to });
}

/** A line cannot be drawn to infinity: such points are gaps. */
function finite(frame: DataFrame): DataFrame {
  const fields = frame.fields.map((field) =>
    field.type === FieldType.number ? { ...field, values: field.values.map((value) => (Number.isFinite(value) ? value : null)) } : field,
  );
  return { ...frame, fields };
}
