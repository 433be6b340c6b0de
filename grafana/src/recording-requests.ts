import { metrics, probeOperations, recorded, slo, type Window } from './model.ts';
import type { RecordingRule } from './recording-rules.ts';

/** The part of the answers that may be errors. */
export const errorBudget = Number((1 - slo.availability).toFixed(6));

const notProbes = `operation!~"${probeOperations.join('|')}"`;
/** Requests whose time is the service's own. A long poll (…Wait) lasts as long as the partner wishes. */
const timed = `operation!~"${probeOperations.join('|')}|.+Wait"`;

const rateOf = (window: string, by = '') => `sum${by}(rate(${metrics.requests}{${notProbes}}[${window}]))`;
/** 0 and not absent while there are requests but no errors; absent while there are no requests at all. */
const errorsOf = (window: string, by = '') =>
  `(sum${by}(rate(${metrics.requests}{${notProbes},status=~"5.."}[${window}])) or 0 * ${rateOf(window, by)})`;
const errorRatio = (window: string, by = '') => `${errorsOf(window, by)} / ${rateOf(window, by)}`;
const quantile = (q: number, selector: string, by = '') =>
  `histogram_quantile(${q}, sum by (${by}le) (rate(${metrics.duration}_bucket{${selector}}[5m])))`;

/** Requests, error ratio and burn rate over each of these windows. */
const burnRules = (windows: readonly Window[]): RecordingRule[] => [
  ...windows.map((window) => ({ record: recorded.requestRateOver(window), expr: rateOf(window) })),
  ...windows.map((window) => ({
    record: recorded.errorRatio(window),
    expr: `${errorsOf(window)} / ${recorded.requestRateOver(window)}`,
  })),
  ...windows.map((window) => ({
    record: recorded.burnRate(window),
    expr: `${recorded.errorRatio(window)} / ${errorBudget}`,
  })),
];

/** The windows that pages look at within seconds; the others are read less often. */
const shortWindows: readonly Window[] = ['5m', '30m', '1h'];

export const longRequestRules = burnRules(slo.windows.filter((window) => !shortWindows.includes(window)));

export const requestRules: RecordingRule[] = [
  ...burnRules(shortWindows),
  { record: recorded.errorRate, expr: errorsOf('5m') },
  { record: recorded.statusRate, expr: `sum by (status) (rate(${metrics.requests}{${notProbes}}[5m]))` },
  { record: recorded.operationRate, expr: `sum by (operation) (rate(${metrics.requests}[5m]))` },
  { record: recorded.p50, expr: quantile(0.5, timed) },
  { record: recorded.p95, expr: quantile(0.95, timed) },
  { record: recorded.p99, expr: quantile(0.99, timed) },
  { record: recorded.durationMax, expr: `max(${metrics.durationMax})` },
  { record: recorded.operationP95, expr: `histogram_quantile(0.95, sum by (operation, le) (rate(${metrics.duration}_bucket[5m])))` },
  { record: recorded.versionRequestRate, expr: rateOf('5m', ' by (version) ') },
  { record: recorded.versionErrorRatio, expr: errorRatio('5m', ' by (version) ') },
  { record: recorded.versionP95, expr: quantile(0.95, timed, 'version, ') },
];

const budgetWindow = `${slo.budgetDays}d`;

/** Made of the recorded rates: 30 days of one series each, instead of every series of every replica. */
export const budgetRules: RecordingRule[] = [
  {
    record: recorded.errorRatioBudget,
    expr: `sum_over_time(${recorded.errorRate}[${budgetWindow}]) / (sum_over_time(${recorded.requestRate}[${budgetWindow}]) > 0)`,
  },
  { record: recorded.budgetRemaining, expr: `1 - ${recorded.errorRatioBudget} / ${errorBudget}` },
];
