import { createTheme, type GrafanaTheme2 } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { Component, createElement, type ReactNode } from 'react';
import type { DrawRequest, Panel, PanelResult } from './dashboard-json.ts';
import { configured, fieldConfigOf } from './field-config.ts';
import { framesOf, hasData } from './frames.ts';
import type { Placed } from './grid.ts';
import { queryTimes } from './intervals.ts';
import { barGauge } from './panels/bar-gauge.ts';
import type { Drawing } from './panels/drawing.ts';
import { gauge } from './panels/gauge.ts';
import { stat } from './panels/stat.ts';
import { stateTimeline } from './panels/state-timeline.ts';
import { table } from './panels/table.ts';
import { text } from './panels/text.ts';
import { timeSeries } from './panels/time-series.ts';
import { Prometheus } from './prometheus.ts';
import { transformed } from './transformations.ts';
import { replaceVariables, type Values } from './variables.ts';

/** By the name of the panel's plugin. */
const kinds: Record<string, (drawing: Drawing) => ReactNode> = {
  timeseries: timeSeries,
  'state-timeline': stateTimeline,
  bargauge: barGauge,
  stat,
  gauge,
  table,
  text,
};

/** A panel with its answers: `content` draws it in the inner size that is left to it. */
export type Ready = { placed: Placed; content: (width: number, height: number) => ReactNode; result: PanelResult };

/** Asks a panel's queries and prepares its drawing. It does not throw: what goes wrong is shown in the panel and reported. */
export async function prepare(placed: Placed, request: DrawRequest, values: Values): Promise<Ready> {
  const { panel } = placed;
  const replace = (words: string) => replaceVariables(words, values, undefined, 'text');
  const result: PanelResult = { title: replace(panel.title ?? ''), type: panel.type, state: 'drawn' };
  try {
    const draw = kinds[panel.type];
    if (!draw) throw new Error(`panels of type ${panel.type} cannot be drawn yet: page/panels has those that can`);
    const theme = createTheme({ colors: { mode: request.theme } });
    const { frames, range } = await answers(placed, request, values, theme);
    if (panel.type !== 'text' && !hasData(frames)) {
      result.state = 'no data';
      return { placed, result, content: () => message('No data') };
    }
    const drawing = { panel, frames, fieldConfig: fieldConfigOf(panel), range, theme, replace };
    return {
      placed,
      result,
      content: (width, height) => createElement(Guard, { result }, draw({ ...drawing, width, height })),
    };
  } catch (error) {
    Object.assign(result, { state: 'error', message: (error as Error).message });
    return { placed, result, content: () => message((error as Error).message) };
  }
}

async function answers({ panel, width }: Placed, request: DrawRequest, values: Values, theme: GrafanaTheme2) {
  const least = replaceVariables(panel.interval ?? request.scrapeInterval, values);
  const times = queryTimes(request.range, panel.maxDataPoints ?? Math.floor(width), least, request.scrapeInterval);
  const raw = await framesOf(panel, times, values, new Prometheus(request.prometheus));
  const frames = configured(panel, await transformed(panel, raw), theme, values);
  return { frames, range: { from: request.range.from, to: request.range.to } };
}

/** The frame, the title and the description's mark of a panel around its content. */
export function chrome({ placed, content, result }: Ready): ReactNode {
  const { panel, width, height } = placed;
  const props = {
    width,
    height,
    title: result.title,
    description: panel.description,
    hoverHeader: result.title === '',
    displayMode: panel.transparent ? 'transparent' : 'default',
    padding: 'md',
    statusMessage: result.message,
  } as const;
  return createElement(PanelChrome, props as Parameters<typeof PanelChrome>[0], content as never);
}

/** A row's title, as it stands above its panels. */
export function rowTitle({ result }: Ready): ReactNode {
  return createElement('div', { className: 'row-title' }, createElement('span', { className: 'row-arrow' }, '⌄'), result.title);
}

function message(words: string): ReactNode {
  return createElement('div', { className: 'message' }, words);
}

/** Keeps what a component throws in its own panel. */
class Guard extends Component<{ result: PanelResult; children?: ReactNode }, { failure?: string }> {
  override state: { failure?: string } = {};

  static getDerivedStateFromError(error: unknown) {
    return { failure: String(error) };
  }

  override componentDidCatch(error: unknown): void {
    Object.assign(this.props.result, { state: 'error', message: String(error) });
  }

  override render(): ReactNode {
    return this.state.failure === undefined ? this.props.children : message(this.state.failure);
  }
}

export const isRow = (panel: Panel) => panel.type === 'row';
