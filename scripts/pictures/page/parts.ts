import type { Placed } from './grid.ts';

/** A piece of the page, from `top` on, in pixels; `name` is empty for the first. */
export type Part = { name: string; top: number; height: number };

/** Higher than this, a page is cut; the pieces can be read without zooming into them. */
const tallest = 2_400;
/** On a phone a reader sees the beginning, and scrolls: so much of it is shown. */
const phoneHeight = 3_400;

/**
 * The pictures of a page: the whole, or one for each row when that is too high. Of a phone's page the beginning, to the end of a panel.
 * `offset` is where the grid begins.
 */
export function partsOf(placed: Placed[], offset: number, height: number, width: number): Part[] {
  if (width < 768) {
    const ends = placed.map(({ y, height: own }) => offset + y + own).filter((end) => end <= phoneHeight);
    return [{ name: '', top: 0, height: height <= phoneHeight ? height : Math.max(...ends, 0) + 8 }];
  }
  if (height <= tallest) return [{ name: '', top: 0, height }];
  const rows = placed.filter(({ panel }) => panel.type === 'row');
  // What stands above the first row belongs to it.
  return rows.map(({ panel, y }, index) => {
    const top = index === 0 ? 0 : offset + y;
    const next = rows[index + 1];
    const name = (panel.title ?? '').toLowerCase().replace(/\W+/g, '-');
    return { name: index === 0 ? '' : name, top, height: (next ? offset + next.y : height) - top };
  });
}
