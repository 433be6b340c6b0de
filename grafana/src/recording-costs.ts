import { hourlyPrice, metrics, prices, recorded } from './model.ts';
import type { RecordingRule } from './recording-rules.ts';

const secondsPerHour = 3_600;
const hoursPerMonth = 730;
const million = 1e6;

/**
 * Cost per 1 M events = price per hour / events per hour × 1e6. The price is paid whether events come or not, so the figure falls as traffic grows and
 * is bounded below by the price at capacity; in an hour without events there is no such figure (it would be infinite), and the rule has no value.
 */
export const costRules: RecordingRule[] = [
  { record: recorded.pricePerHour, expr: `max(${metrics.price} > 0) or vector(${hourlyPrice})` },
  { record: recorded.acceptedPerHour, expr: `sum(rate(${metrics.eventsIngested}{outcome="accepted"}[1h])) * ${secondsPerHour}` },
  { record: recorded.costPerMillion, expr: `${recorded.pricePerHour} / (${recorded.acceptedPerHour} > 0) * ${million}` },
  {
    record: recorded.costPerMillionFloor,
    expr: `${recorded.pricePerHour} / ${prices.capacityEventsPerSecond * secondsPerHour} * ${million}`,
  },
  { record: recorded.idleMonth, expr: `${recorded.pricePerHour} * ${hoursPerMonth}` },
];
