import { createTheme, ThemeContext } from '@grafana/data';
import { GlobalStyles } from '@grafana/ui';
import { createElement, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import type { Drawn, DrawRequest } from './dashboard-json.ts';
import { place } from './grid.ts';
import { header } from './header.ts';
import { chrome, isRow, prepare, rowTitle } from './panel.ts';
import { partsOf } from './parts.ts';
import { Prometheus } from './prometheus.ts';
import { replaceVariables, shownVariables, variableValues } from './variables.ts';
import './page.css';

/**
 * Draws a dashboard's JSON as Grafana does, by Grafana's own published components. The panels as such (time series, stat, table …) are a part of Grafana
 * that is not published; `panels/` puts them together from those components, so small things may differ from what a Grafana shows.
 */
async function drawDashboard(request: DrawRequest): Promise<Drawn> {
  const { dashboard, theme: mode } = request;
  const theme = createTheme({ colors: { mode } });
  document.body.style.background = theme.colors.background.canvas;
  const values = await variableValues(request, new Prometheus(request.prometheus));
  const margin = window.innerWidth < 768 ? 8 : 16;
  const { placed, height } = place(dashboard.panels, window.innerWidth - 2 * margin);
  const ready = await Promise.all(placed.map((each) => prepare(each, request, values)));

  const cells = ready.map((each) => {
    const { panel, x, y, width, height: cellHeight } = each.placed;
    const style = { position: 'absolute', left: x, top: y, width, height: cellHeight } as const;
    return createElement('div', { key: panel.id, style }, isRow(panel) ? rowTitle(each) : chrome(each));
  });
  const grid = createElement('div', { className: 'grid', style: { position: 'relative', height } }, cells);
  const title = replaceVariables(dashboard.title, values, undefined, 'text');
  const top = header(title, shownVariables(dashboard, values), request.range.words);
  const page = createElement('main', { style: { padding: margin }, className: mode }, top, grid);
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  const styles = createElement(GlobalStyles);
  const render = (children: ReactNode) =>
    flushSync(() => root.render(createElement(ThemeContext.Provider, { value: theme }, styles, children)));
  render(null);
  // Axes and large numbers are as wide as their text, which is measured once.
  await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 12px Inter`)));
  render(page);
  await settled();
  const offset = document.querySelector('.grid')?.getBoundingClientRect().top ?? 0;
  return {
    panels: ready.filter(({ placed: { panel } }) => !isRow(panel)).map(({ result }) => result),
    parts: partsOf(placed, offset, document.documentElement.scrollHeight, window.innerWidth),
  };
}

/** Until nothing has changed for half a second: sizes are measured, parts come late, and icons are fetched. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => {
    const quiet = () => setTimeout(resolve, 500);
    let timer = quiet();
    const observer = new MutationObserver(() => {
      clearTimeout(timer);
      timer = quiet();
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
}

Object.assign(window, { drawDashboard });
