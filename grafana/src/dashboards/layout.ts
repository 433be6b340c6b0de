import { type Panel, RowBuilder, type RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Sized } from './panel.ts';

/** Panels under a heading; the first group of a dashboard may do without. */
export type Group = { title?: string; panels: Sized[] };

const columns = 24;

/**
 * Puts the panels in reading order, left to right and then down. Below 768 px Grafana stacks them in the same order. A row's height is that of its
 * highest panel.
 */
export function placed(groups: Group[]): (Panel | RowPanel)[] {
  const all: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, panels } of groups) {
    if (title !== undefined) {
      all.push({ ...new RowBuilder(title).id(idOf(`row ${title}`)).build(), gridPos: { x: 0, y, w: columns, h: 1 } });
      y += 1;
    }
    let [x, rowHeight] = [0, 0];
    for (const { panel, width, height } of panels) {
      if (x + width > columns) [x, y, rowHeight] = [0, y + rowHeight, 0];
      all.push({ ...panel, id: idOf(panel.title ?? ''), gridPos: { x, y, w: width, h: height } });
      x += width;
      rowHeight = Math.max(rowHeight, height);
    }
    y += rowHeight;
  }
  return all;
}

/** Made of the title (FNV-1a, 24 bits): a link to a panel goes on working when another is put before it. */
function idOf(title: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(title)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash % 0xffffff) + 1;
}
