import type { Measurement } from './measure.ts';
import { type BenchReport, checksOf, measurementsOf } from './run.ts';
import { type Check, type Target, targets } from './targets.ts';

/** The report as text for a terminal: what was measured, then every ratio beside its target. */
export function tableOf(report: BenchReport): string {
  const { machine, settings } = report;
  const head = [
    `${report.date}, node ${machine.node}, Postgres ${settings.server_version}, ${machine.cores} × ${machine.cpu}`,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  ];
  const measured = [
    ['measured (median of rounds)', 'requests/s', 'events/s', 'p50 ms', 'p95', 'p99', 'errors', 'server µs/event', 'database µs/event'],
    ...measurementsOf(report).map(measuredRow),
  ];
  const judged = [['target', 'measured', 'wanted', '', ''], ...checksOf(report).map(checkRow)];
  const notes = report.scenarios.flatMap(({ name, notes = [], failure }) => [
    ...(failure === undefined ? [] : [`${name} FAILED: ${failure}`]),
    ...notes.map((note) => `${name}: ${note}`),
  ]);
  return [head.join('\n'), align(measured), align(judged), notes.join('\n')].filter(Boolean).join('\n\n');
}

function measuredRow({ name, median }: Measurement): string[] {
  const { requestsPerSecond, eventsPerSecond, p50, p95, p99, errors, serverCpuPerEvent, databaseCpuPerEvent } = median;
  const whole = [requestsPerSecond, eventsPerSecond].map((value) => number(value, 0));
  const precise = [p50, p95, p99].map((value) => number(value, 2));
  return [name, ...whole, ...precise, number(errors, 0), number(serverCpuPerEvent, 1), number(databaseCpuPerEvent, 1)];
}

function checkRow({ target, value, met, note }: Check): string[] {
  const { meaning, unit, atLeast, atMost }: Target = targets[target];
  const wanted = atLeast === undefined ? `≤ ${number(atMost ?? 0, 2)}` : `≥ ${number(atLeast, 2)}`;
  const mark = met === undefined ? '–' : met ? '✓' : '✗ missed';
  return [meaning, `${number(value, 2)} ${unit}`.trim(), wanted, mark, note ?? ''];
}

/** How this run differs from an earlier one: every check of both, and events a second of every measurement of both. */
export function comparisonOf(report: BenchReport, earlier: BenchReport): string {
  const checks = checksOf(report).flatMap(({ target, value }) => {
    const before = checksOf(earlier).find((check) => check.target === target);
    return before ? [[targets[target].meaning, number(before.value, 2), number(value, 2), percent(before.value, value)]] : [];
  });
  const speeds = measurementsOf(report).flatMap(({ name, median }) => {
    const before = measurementsOf(earlier).find((measurement) => measurement.name === name)?.median.eventsPerSecond;
    return before
      ? [[`${name}, events/s`, number(before, 0), number(median.eventsPerSecond, 0), percent(before, median.eventsPerSecond)]]
      : [];
  });
  return align([[`compared with ${earlier.date}`, 'then', 'now', 'change'], ...checks, ...speeds]);
}

function percent(before: number, now: number): string {
  const change = (now / before - 1) * 100;
  return Number.isFinite(change) ? `${change > 0 ? '+' : ''}${change.toFixed(0)} %` : '';
}

function number(value: number, digits: number): string {
  // JSON writes NaN as null, so a report that was read back has that.
  return value === null || Number.isNaN(value)
    ? ''
    : value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: value < 1_000 ? digits : 0 });
}

function align(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) =>
    column === 0 || column === widths.length - 1 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
