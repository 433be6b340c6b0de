import { metrics, recorded, slo, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { figure, stat } from './panel-kinds.ts';
import { api, orElse, orZero } from './queries.ts';
import { whileAlerting } from './scraped.ts';
import { atLeast, atMost, plain } from './thresholds.ts';

/** What a phone shows first: six figures that say whether to go on reading. */
export const now: Group = {
  panels: [
    stat({
      title: 'Replicas up',
      description: 'Processes of the API that answer their scrape. None: nobody is served.',
      unit: 'none',
      queries: [{ expr: `sum(${metrics.up}{${api}}) or vector(0)`, legend: 'up' }],
      thresholds: atLeast(1),
      alerts: ['ApiDown', 'ApiInstanceDown'],
    }),
    figure({
      title: 'Error ratio',
      description:
        'Answers of the last 5 minutes that are errors of the service (5xx). Yellow: more than the service level allows. Red: a page.',
      unit: 'percentunit',
      queries: [{ expr: orZero(recorded.errorRatio('5m')), legend: 'errors' }],
      thresholds: atMost(thresholds.errorRatio, 1 - slo.availability),
      decimals: 2,
      alerts: ['HighErrorRate'],
    }),
    figure({
      title: 'p95',
      description: '95 of 100 requests are answered faster than this; long polls aside. Red from the limit of the alert on.',
      unit: 's',
      queries: [{ expr: `${recorded.p95} >= 0`, legend: 'p95' }],
      thresholds: atMost(thresholds.p95Seconds, thresholds.p95WarningSeconds),
      noValue: 'no requests',
      alerts: ['HighLatency'],
    }),
    figure({
      title: 'Events per second',
      description: 'New events stored, on average of 5 minutes.',
      unit: 'eps',
      queries: [{ expr: orZero(recorded.acceptedRate), legend: 'accepted' }],
      thresholds: plain,
    }),
    figure({
      title: 'Firing alerts',
      description: 'Alerts of P1 to P3 that fire now; those that call nobody are not counted.',
      unit: 'none',
      queries: [{ expr: orZero(`count(${metrics.alerts}{alertstate="firing",severity=~"P[123]"})`, whileAlerting), legend: 'firing' }],
      thresholds: atMost(1),
      alerts: ['Watchdog'],
    }),
    figure({
      title: 'Error budget left',
      description: `Of the errors that ${slo.availability * 100} % over ${slo.budgetDays} days allow. The dashboard "SLO and error budget" has the rest.`,
      unit: 'percentunit',
      queries: [{ expr: orElse(recorded.budgetRemaining, 1), legend: 'left' }],
      thresholds: atLeast(0, thresholds.budgetLeftWarning),
      decimals: 1,
    }),
  ],
};
