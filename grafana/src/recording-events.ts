import { metrics, recorded } from './model.ts';
import type { RecordingRule } from './recording-rules.ts';

const hits = `sum(rate(${metrics.limitHits}[5m]))`;
const rate = (metric: string) => `sum(rate(${metric}[5m]))`;

export const eventRules: RecordingRule[] = [
  { record: recorded.ingestedRate, expr: `sum by (outcome) (rate(${metrics.eventsIngested}[5m]))` },
  { record: recorded.acceptedRate, expr: rate(`${metrics.eventsIngested}{outcome="accepted"}`) },
  { record: recorded.deliveredRate, expr: rate(metrics.eventsDelivered) },
  { record: recorded.acknowledgedRate, expr: rate(metrics.eventsAcknowledged) },
  // Every replica reports the same stored rows.
  { record: recorded.deadLettersDelta, expr: `max(${metrics.deadLettersStored}) - max(${metrics.deadLettersStored} offset 1h)` },
  {
    record: recorded.partnerEventRate,
    expr: `sum by (partner) (rate(${metrics.partnerEvents}{outcome="accepted"}[5m]))`,
  },
  { record: recorded.limitHitRate, expr: `sum by (policy) (rate(${metrics.limitHits}[5m]))` },
  { record: recorded.limitHitRatio, expr: `(${hits} or 0 * ${recorded.requestRate}) / ${recorded.requestRate}` },
  // A good key that lacks a scope is a mistake of a program, and no sign of somebody guessing.
  { record: recorded.authFailureRate, expr: rate(`${metrics.authFailures}{reason!="forbidden"}`) },
  { record: recorded.suspiciousFinds, expr: `round(sum by (pattern) (increase(${metrics.suspiciousPatterns}[15m])))` },
  // A counter that begins at 1 has no increase: the server shows 0 for every job and every pattern from its start.
  { record: recorded.jobFailures, expr: `round(sum by (exported_job) (increase(${metrics.jobFailures}[1h])))` },
];

/** What a partner sends, whether new or repeated: a repeated event is not silence. Those beyond the labelled 200 are one crowd and never silent. */
const sent = `${metrics.partnerEvents}{outcome=~"accepted|duplicate",partner!="other"}`;

const sentInHour = `round(sum by (partner) (increase(${sent}[1h])))`;
/** The time an hour ago, by a window like the other one: who tries the rules at another speed changes all windows, and no number. */
const hourAgo = 'scalar(min_over_time(vector(time())[1h:10s]))';

export const partnerRules: RecordingRule[] = [
  // A process counts a partner from its first event on, and a counter that begins at 5 has not grown: then the time of the last event tells that there was one.
  {
    record: recorded.partnerEventsHour,
    expr: `${sentInHour} > 0 or max by (partner) (${metrics.partnerLastEvent}) > bool ${hourAgo} or ${sentInHour}`,
  },
  // Of the 7 days before the last hour, and only for partners who were there at their beginning.
  {
    record: recorded.partnerHourlyMinimum,
    expr: `min_over_time(${recorded.partnerEventsHour}[7d] offset 1h) and ${recorded.partnerEventsHour} offset 7d`,
  },
  // After a restart of the servers a partner who sends nothing is not counted at all.
  { record: recorded.partnerLastHour, expr: `${recorded.partnerEventsHour} or 0 * ${recorded.partnerHourlyMinimum}` },
];
