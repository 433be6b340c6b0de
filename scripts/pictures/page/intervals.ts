import { rangeUtil } from '@grafana/data';

/** The times of a panel's queries, all in milliseconds. */
export type QueryTimes = {
  from: number;
  to: number;
  step: number;
  /** Value of `$__rate_interval`: a rate over it has at least four scrapes. */
  rateInterval: number;
};

/**
 * The step as Grafana chooses it (one point a pixel, rounded, never under the scrape interval), and the range widened to whole steps, so that
 * the same points come again with the next refresh.
 */
export function queryTimes(range: { from: number; to: number }, points: number, minimum: string, scrapeInterval: string): QueryTimes {
  const least = rangeUtil.intervalToMs(minimum.replace(/^>/, ''));
  const scrape = rangeUtil.intervalToMs(scrapeInterval);
  const step = Math.max(rangeUtil.roundInterval((range.to - range.from) / points), least);
  return {
    from: Math.floor(range.from / step) * step,
    to: Math.floor(range.to / step) * step,
    step,
    rateInterval: Math.max(step + scrape, 4 * scrape),
  };
}

/** The variables that Grafana knows by itself, for one panel. */
export function builtInNames({ from, to, step, rateInterval }: QueryTimes): Record<string, string[]> {
  const seconds = String(Math.round((to - from) / 1000));
  return {
    __interval: [`${step}ms`],
    __interval_ms: [String(step)],
    __rate_interval: [`${rateInterval}ms`],
    __rate_interval_ms: [String(rateInterval)],
    __range: [`${seconds}s`],
    __range_s: [seconds],
    __range_ms: [String(to - from)],
  };
}
