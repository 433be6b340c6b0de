import { type DisplayValueAlignmentFactors, type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  type BarGaugeSizing,
  BarGaugeValueMode,
  type VizTextDisplayOptions,
} from '@grafana/schema';
import { BarGauge, VizRepeater, type VizRepeaterRenderValueProps } from '@grafana/ui';
import { createElement, type ReactNode } from 'react';
import type { Drawing } from './drawing.ts';
import { displayValues } from './reduced.ts';

type Options = {
  displayMode: BarGaugeDisplayMode;
  valueMode: BarGaugeValueMode;
  namePlacement: BarGaugeNamePlacement;
  orientation: VizOrientation;
  showUnfilled: boolean;
  sizing: BarGaugeSizing | 'auto' | 'manual';
  minVizWidth: number;
  minVizHeight: number;
  maxVizHeight: number;
  text?: VizTextDisplayOptions;
};

const defaults: Options = {
  displayMode: BarGaugeDisplayMode.Gradient,
  valueMode: BarGaugeValueMode.Color,
  namePlacement: BarGaugeNamePlacement.Auto,
  orientation: VizOrientation.Auto,
  showUnfilled: true,
  sizing: 'auto',
  minVizWidth: 8,
  minVizHeight: 16,
  maxVizHeight: 300,
};

/** A bar for each series. */
export function barGauge(drawing: Drawing): ReactNode {
  const { width, height, theme } = drawing;
  const options: Options = { ...defaults, ...drawing.panel.options };
  const horizontal = options.orientation === VizOrientation.Auto ? width > height : options.orientation === VizOrientation.Horizontal;
  const orientation = horizontal ? VizOrientation.Horizontal : VizOrientation.Vertical;
  const automatic = options.sizing === 'auto';
  return createElement(VizRepeater<FieldDisplay, DisplayValueAlignmentFactors>, {
    getValues: () => displayValues(drawing),
    getAlignmentFactors: getDisplayValueAlignmentFactors,
    width,
    height,
    source: drawing.frames,
    itemSpacing: options.displayMode === BarGaugeDisplayMode.Lcd ? 2 : 10,
    renderCounter: 1,
    orientation,
    minVizWidth: automatic ? 0 : options.minVizWidth,
    minVizHeight: automatic ? 10 : options.minVizHeight,
    maxVizHeight: automatic ? undefined : options.maxVizHeight,
    renderValue: ({ value, alignmentFactors, ...place }: VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>) => {
      return createElement(BarGauge, {
        value: value.display,
        field: value.field,
        display: value.view?.getFieldDisplayProcessor(value.colIndex ?? 0),
        text: options.text,
        displayMode: options.displayMode,
        valueDisplayMode: options.valueMode,
        namePlacement: options.namePlacement,
        showUnfilled: options.showUnfilled,
        itemSpacing: place.count > 1 ? 10 : 0,
        alignmentFactors,
        orientation: place.orientation,
        width: place.width,
        height: place.height,
        theme,
      });
    },
  });
}
