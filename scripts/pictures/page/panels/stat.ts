import {
  type DisplayValueAlignmentFactors,
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  type ReduceDataOptions,
  VizOrientation,
} from '@grafana/data';
import type { PercentChangeColorMode, VizTextDisplayOptions } from '@grafana/schema';
import {
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  VizRepeater,
  type VizRepeaterRenderValueProps,
} from '@grafana/ui';
import { createElement, type ReactNode } from 'react';
import type { Drawing } from './drawing.ts';
import { displayValues } from './reduced.ts';
import { timeRangeOf } from './time-range.ts';

type Options = {
  graphMode: BigValueGraphMode;
  colorMode: BigValueColorMode;
  justifyMode: BigValueJustifyMode;
  textMode: BigValueTextMode;
  orientation: VizOrientation;
  wideLayout: boolean;
  showPercentChange: boolean;
  percentChangeColorMode?: PercentChangeColorMode;
  text?: VizTextDisplayOptions;
  reduceOptions?: ReduceDataOptions;
};

const defaults: Options = {
  graphMode: BigValueGraphMode.Area,
  colorMode: BigValueColorMode.Value,
  justifyMode: BigValueJustifyMode.Auto,
  textMode: BigValueTextMode.Auto,
  orientation: VizOrientation.Auto,
  wideLayout: true,
  showPercentChange: false,
};

/** One large number for each series, with its course behind it. */
export function stat(drawing: Drawing): ReactNode {
  const { width, height, range, theme } = drawing;
  const options: Options = { ...defaults, ...drawing.panel.options };
  const getValues = () => displayValues(drawing, options.graphMode !== BigValueGraphMode.None, options.showPercentChange);
  return createElement(VizRepeater<FieldDisplay, DisplayValueAlignmentFactors>, {
    getValues,
    getAlignmentFactors: getDisplayValueAlignmentFactors,
    width,
    height,
    source: drawing.frames,
    itemSpacing: 3,
    renderCounter: 1,
    autoGrid: true,
    orientation: options.orientation,
    renderValue: ({ value, alignmentFactors, ...place }: VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>) => {
      return createElement(BigValue, {
        value: value.display,
        sparkline: value.sparkline && { ...value.sparkline, timeRange: timeRangeOf(range) },
        colorMode: options.colorMode,
        graphMode: options.graphMode,
        justifyMode: options.justifyMode,
        textMode: options.textMode,
        text: options.text,
        percentChangeColorMode: options.percentChangeColorMode,
        disableWideLayout: !options.wideLayout,
        count: place.count,
        alignmentFactors,
        width: place.width,
        height: place.height,
        theme,
      });
    },
  });
}
