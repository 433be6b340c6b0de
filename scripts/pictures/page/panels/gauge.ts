import { type FieldDisplay, formattedValueToString, type GrafanaTheme2 } from '@grafana/data';
import { createElement, type ReactNode } from 'react';
import type { Drawing } from './drawing.ts';
import { displayValues } from './reduced.ts';

/** The dial is open below: it runs clockwise through so many degrees, half of them on either side of the top. */
const sweep = 240;

/** A dial for each series, with the thresholds as a thin ring around it. @grafana/ui no longer has Grafana's own, so it is drawn here. */
export function gauge(drawing: Drawing): ReactNode {
  const values = displayValues(drawing);
  const width = drawing.width / values.length;
  const dials = values.map((value, index) => dial(value, index, width, drawing.height, drawing.theme));
  return createElement('div', { style: { display: 'flex' } }, dials);
}

function dial({ display, field }: FieldDisplay, key: number, width: number, height: number, theme: GrafanaTheme2): ReactNode {
  const { min = 0, max = 100 } = field;
  const part = (value: number) => Math.min(1, Math.max(0, (value - (min ?? 0)) / ((max ?? 100) - (min ?? 0))));
  const radius = Math.min(width / 2, height / 1.5) - 10;
  // The dial is 1.5 radii high; what is left is halved above and below it.
  const top = (height - 1.5 * radius) / 2 + radius;
  const thickness = radius / 5;
  const arc = (from: number, to: number, r: number, stroke: string, strokeWidth: number) =>
    createElement('path', { key: `${r} ${from}`, d: arcPath(from, to, r), fill: 'none', stroke, strokeWidth });
  const steps = field.thresholds?.steps ?? [];
  const ring = steps.map((step, index) =>
    arc(
      part(step.value),
      part(steps[index + 1]?.value ?? Number.POSITIVE_INFINITY),
      radius,
      theme.visualization.getColorByName(step.color),
      4,
    ),
  );
  const inner = radius - 5 - thickness / 2;
  const text = { textAnchor: 'middle', fill: display.color, fontSize: radius / 2.6, fontWeight: 500, y: radius / 8 } as const;
  return createElement(
    'svg',
    { key, width, height, viewBox: `${-width / 2} ${-top} ${width} ${height}` },
    ring,
    arc(0, 1, inner, theme.colors.background.secondary, thickness),
    arc(0, part(display.numeric), inner, display.color ?? theme.colors.text.primary, thickness),
    createElement('text', text, formattedValueToString(display)),
  );
}

/** From one part of the dial to another (0 to 1), around the origin. */
function arcPath(from: number, to: number, radius: number): string {
  const point = (part: number) => {
    const angle = ((part - 0.5) * sweep * Math.PI) / 180;
    return `${radius * Math.sin(angle)} ${-radius * Math.cos(angle)}`;
  };
  const large = (to - from) * sweep > 180 ? 1 : 0;
  return `M ${point(from)} A ${radius} ${radius} 0 ${large} 1 ${point(to)}`;
}
