import { type DataFrame, type Field, FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { AxisPlacement, LegendDisplayMode, ScaleDirection, ScaleOrientation, type VizLegendOptions } from '@grafana/schema';
import {
  measureText,
  UPLOT_AXIS_FONT_SIZE,
  UPlotChart,
  UPlotConfigBuilder,
  VizLayout,
  type VizLayoutLegendProps,
  type VizLayoutProps,
  VizLegend,
  type VizLegendItem,
} from '@grafana/ui';
import { createElement, type ReactElement, type ReactNode } from 'react';
import type { Drawing } from './drawing.ts';

/** One band: the series' name, its times (ms) and its values. */
type Band = { name: string; times: number[]; field: Field };

/** How much of a row its band takes, and how opaque it is: Grafana's defaults. */
const rowHeight = 0.9;
const opacity = 0.7;

/**
 * Coloured bands over time, one for each series; neighbours of one colour are one piece. @grafana/ui has Grafana's charts and axes but not this panel, so
 * the bands are painted here.
 */
export function stateTimeline(drawing: Drawing): ReactNode {
  const { frames, width, height, panel } = drawing;
  const bands = frames.flatMap((frame) => bandsOf(frame, frames));
  const config = chart(drawing, bands);
  const ends = [drawing.range.from, drawing.range.to];
  const legend = legendOf(bands, panel.options?.legend as Partial<VizLegendOptions> | undefined);
  // The bands are painted from the series themselves; the chart only has to know of two moments.
  const content = (innerWidth: number, innerHeight: number) =>
    createElement(UPlotChart, { config, data: [ends, ends.map(() => 0)], width: innerWidth, height: innerHeight });
  return createElement(VizLayout, { width, height, legend } as VizLayoutProps, content as never);
}

function bandsOf(frame: DataFrame, all: DataFrame[]): Band[] {
  const times = frame.fields.find(({ type }) => type === FieldType.time)?.values ?? [];
  const values = frame.fields.filter(({ type }) => type === FieldType.number);
  return values.map((field) => ({ name: getFieldDisplayName(field, frame, all), times, field }));
}

function chart({ theme, range }: Drawing, bands: Band[]): UPlotConfigBuilder {
  const builder = new UPlotConfigBuilder('utc');
  const centres = bands.map((_, index) => bands.length - index - 0.5);
  builder.addScale({
    scaleKey: 'x',
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: () => [range.from, range.to],
  });
  builder.addScale({
    scaleKey: 'rows',
    orientation: ScaleOrientation.Vertical,
    direction: ScaleDirection.Up,
    range: () => [0, bands.length],
  });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: 'utc', theme, grid: { show: false } });
  builder.addAxis({
    scaleKey: 'rows',
    placement: AxisPlacement.Left,
    // Made for numbers, an axis is too narrow for names.
    size: Math.max(...bands.map(({ name }) => measureText(name, UPLOT_AXIS_FONT_SIZE).width)) + 16,
    theme,
    grid: { show: false },
    splits: centres,
    values: () => bands.map(({ name }) => name),
  });
  builder.addSeries({ scaleKey: 'rows', theme, pathBuilder: () => null, pointsBuilder: () => undefined, lineColor: 'transparent' });
  builder.addHook('draw', (plot) => {
    const { ctx, bbox } = plot;
    const row = bbox.height / bands.length;
    ctx.save();
    ctx.globalAlpha = opacity;
    for (const [index, band] of bands.entries()) {
      for (const { from, to, color } of pieces(band)) {
        const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
        const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
        ctx.fillStyle = color;
        ctx.fillRect(left, bbox.top + row * (index + (1 - rowHeight) / 2), right - left, row * rowHeight);
      }
    }
    ctx.restore();
  });
  return builder;
}

/** Runs of values of one colour; each lasts until the next point, and one without a neighbour as long as the step between points. */
function pieces({ times, field }: Band): { from: number; to: number; color: string }[] {
  const step = Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
  const found: { from: number; to: number; color: string }[] = [];
  for (const [index, from] of times.entries()) {
    const color = field.display?.(field.values[index]).color ?? 'gray';
    const to = Math.min(times[index + 1] ?? Number.POSITIVE_INFINITY, from + step);
    const before = found.at(-1);
    if (before?.color === color && before.to >= from) before.to = to;
    else found.push({ from, to, color });
  }
  return found;
}

/** The values that occur, in words, each with its colour. */
function legendOf(bands: Band[], options: Partial<VizLegendOptions> = {}): ReactElement<VizLayoutLegendProps> | null {
  if (options.showLegend === false) return null;
  const items = new Map<string, VizLegendItem>();
  for (const { field } of bands) {
    for (const value of new Set(field.values)) {
      const display = field.display?.(value);
      const label = display ? formattedValueToString(display) : String(value);
      items.set(label, { label, color: display?.color, yAxis: 1 });
    }
  }
  const placement = options.placement ?? 'bottom';
  const legend = createElement(VizLegend, { placement, items: [...items.values()], displayMode: LegendDisplayMode.List });
  return createElement(VizLayout.Legend, { placement } as VizLayoutLegendProps, legend) as ReactElement<VizLayoutLegendProps>;
}
