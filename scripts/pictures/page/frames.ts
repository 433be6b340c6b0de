import { type DataFrame, type Field, FieldType, formatLabels, toDataFrame } from '@grafana/data';
import type { Panel, Target } from './dashboard-json.ts';
import { builtInNames, type QueryTimes } from './intervals.ts';
import type { Prometheus, Series } from './prometheus.ts';
import { replaceVariables, type Values } from './variables.ts';

/** Asks every query of a panel, and gives Prometheus's answers as Grafana's data source does. @throws Error of the first query that fails. */
export async function framesOf(panel: Panel, times: QueryTimes, values: Values, prometheus: Prometheus): Promise<DataFrame[]> {
  const targets = (panel.targets ?? []).filter(({ hide, expr }) => !hide && expr);
  const all = { ...values, ...builtInNames(times) };
  const frames = targets.map(async (target) => {
    const expr = replaceVariables(target.expr, all);
    const series = target.instant
      ? await prometheus.instant(expr, times.to)
      : await prometheus.range(expr, times.from, times.to, times.step);
    if (target.format === 'table') return [tableFrame(target, series, targets.length > 1)];
    const name = (labels: Record<string, string>) => legend(target, expr, labels, all);
    return series.map((each) => seriesFrame(target, each, times, name(each.metric)));
  });
  return (await Promise.all(frames)).flat();
}

/** A time and a value; the time's interval makes a gap in the line where points are missing. */
function seriesFrame(target: Target, { metric, values }: Series, times: QueryTimes, name: string | undefined): DataFrame {
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([seconds]) => seconds * 1000), config: { interval: times.step } },
      {
        name: 'Value',
        type: FieldType.number,
        labels: metric,
        values: values.map(([, text]) => numberOf(text)),
        config: name === undefined ? {} : { displayNameFromDS: name },
      },
    ],
  });
}

/** One row a point: time, labels, value. With several queries the value says of which it is. */
function tableFrame(target: Target, series: Series[], several: boolean): DataFrame {
  const rows = series.flatMap(({ metric, values }) => values.map(([seconds, text]) => ({ metric, seconds, value: numberOf(text) })));
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const fields: Partial<Field>[] = [
    { name: 'Time', type: FieldType.time, values: rows.map(({ seconds }) => seconds * 1000) },
    ...labels.map((label) => ({ name: label, type: FieldType.string, values: rows.map(({ metric }) => metric[label] ?? '') })),
    { name: several ? `Value #${target.refId}` : 'Value', type: FieldType.number, values: rows.map(({ value }) => value) },
  ];
  return toDataFrame({ refId: target.refId, fields: fields.map((field) => ({ config: {}, ...field })) });
}

/** The name of a series: the query's own, with `{{label}}` filled in; else its labels; else the query. */
function legend({ legendFormat }: Target, expr: string, labels: Record<string, string>, values: Values): string | undefined {
  if (legendFormat && legendFormat !== '__auto') {
    return replaceVariables(legendFormat, values, undefined, 'text').replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  const { __name__: name = '', ...rest } = labels;
  if (Object.keys(labels).length === 0) return expr;
  // Grafana itself finds the labels in which the series differ.
  return legendFormat === '__auto' ? undefined : `${name}${formatLabels(rest, '', true)}`;
}

/** Prometheus writes `+Inf` and `NaN`. */
function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** Whether there is anything to be seen: a finite number, or a text in a table. */
export function hasData(frames: DataFrame[]): boolean {
  return frames.some((frame) => frame.fields.some(({ type, values }) => type === FieldType.number && values.some(Number.isFinite)));
}
