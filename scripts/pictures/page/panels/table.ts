import type { TableSortByFieldState } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { createElement, type ReactNode } from 'react';
import type { Drawing } from './drawing.ts';

/** Rows and columns; of several frames the first, as Grafana does until another is chosen. */
export function table({ panel, frames, fieldConfig, width, height }: Drawing): ReactNode {
  const [data] = frames;
  if (!data) return null;
  return createElement(TableNG, {
    data,
    width,
    height,
    fieldConfig,
    noHeader: panel.options?.showHeader === false,
    cellHeight: panel.options?.cellHeight as never,
    sortBy: panel.options?.sortBy as TableSortByFieldState[] | undefined,
    enableVirtualization: false,
    transparent: panel.transparent,
    structureRev: 1,
  });
}
