import { dateTime, type TimeRange } from '@grafana/data';

/** A range of milliseconds since 1970 as Grafana's components take it. */
export function timeRangeOf({ from, to }: { from: number; to: number }): TimeRange {
  const [begin, end] = [dateTime(from), dateTime(to)];
  return { from: begin, to: end, raw: { from: begin, to: end } };
}
