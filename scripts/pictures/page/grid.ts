import type { Panel } from './dashboard-json.ts';

/** A panel and its place in pixels. */
export type Placed = { panel: Panel; x: number; y: number; width: number; height: number };

/** Grafana's grid: 24 columns, rows of 30 px, 8 px between; below 768 px panels stand under each other, in their order, as high as before. */
const columns = 24;
const rowHeight = 30;
const gap = 8;
const stackedBelow = 768;

/** The place of every panel in `width` pixels, and the height of them all. */
export function place(panels: Panel[], width: number): { placed: Placed[]; height: number } {
  const column = (width - (columns - 1) * gap) / columns;
  const ordered = opened(panels).sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const placed: Placed[] = [];
  let bottom = 0;
  for (const panel of ordered) {
    const { x, y, w, h } = panel.gridPos;
    const height = h * (rowHeight + gap) - gap;
    if (width < stackedBelow) placed.push({ panel, x: 0, y: bottom, width, height });
    else placed.push({ panel, x: x * (column + gap), y: y * (rowHeight + gap), width: w * (column + gap) - gap, height });
    bottom = Math.max(bottom, (placed.at(-1)?.y ?? 0) + height + gap);
  }
  return { placed, height: bottom - gap };
}

/** Rows that are shut are opened, and what is below moves down, as when a reader clicks on each. */
function opened(panels: Panel[]): Panel[] {
  let shift = 0;
  return panels.flatMap((panel) => {
    const moved = { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + shift } };
    const inside = panel.collapsed ? (panel.panels ?? []) : [];
    if (inside.length === 0) return [moved];
    const first = Math.min(...inside.map(({ gridPos }) => gridPos.y));
    const last = Math.max(...inside.map(({ gridPos }) => gridPos.y + gridPos.h));
    shift += last - first;
    const below = moved.gridPos.y + 1 - first;
    return [moved, ...inside.map((each) => ({ ...each, gridPos: { ...each.gridPos, y: each.gridPos.y + below } }))];
  });
}
