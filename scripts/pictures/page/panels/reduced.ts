import { type FieldDisplay, getFieldDisplayValues, type ReduceDataOptions } from '@grafana/data';
import type { Drawing } from './drawing.ts';

/** One value for each series, as the panel's `reduceOptions` say; the last one that there is, unless they say otherwise. */
export function displayValues(drawing: Drawing, sparkline = false, percentChange = false): FieldDisplay[] {
  const { panel, frames, fieldConfig, theme, replace } = drawing;
  const reduceOptions: ReduceDataOptions = { calcs: ['lastNotNull'], ...(panel.options?.reduceOptions as object | undefined) };
  return getFieldDisplayValues({
    fieldConfig,
    reduceOptions,
    replaceVariables: replace,
    theme,
    data: frames,
    sparkline,
    percentChange,
    timeZone: 'utc',
  });
}
