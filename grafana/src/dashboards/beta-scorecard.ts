import { betaTargets, metrics, recorded } from '../model.ts';
import type { Group } from './layout.ts';
import type { Steps } from './panel.ts';
import { bands, figure, lines, stat } from './panel-kinds.ts';
import { orZero } from './queries.ts';
import { plain } from './thresholds.ts';

type Target = (typeof betaTargets)[keyof typeof betaTargets];

/** Green, yellow and red of a target. The limits themselves are yellow where the story says "less than", and green where it says "at least". */
const colours = ({ target, tolerated, better }: Target): Steps =>
  better === 'less'
    ? {
        base: 'green',
        steps: [
          { value: target, color: 'yellow' },
          { value: tolerated, color: 'red' },
        ],
      }
    : {
        base: 'red',
        steps: [
          { value: tolerated, color: 'yellow' },
          { value: target, color: 'green' },
        ],
      };

/** 2 green, 1 yellow, 0 red: as the colours are. */
const status = (expr: string, { target, tolerated, better }: Target) => {
  const compare = better === 'less' ? '< bool' : '>= bool';
  return `((${expr}) ${compare} ${target}) + ((${expr}) ${compare} ${tolerated})`;
};

const partners = (window: string) => orZero(`count(max_over_time(${recorded.partnerEventsHour}[${window}]) > 0)`);
const accepted = (window: string) => orZero(`sum(increase(${metrics.eventsIngested}{outcome="accepted"}[${window}]))`);
const errorRatio = orZero(recorded.errorRatio('1d'));
/** An average over moments with requests: a moment without has no percentile. */
const p95 = `avg_over_time((${recorded.p95} >= 0)[1d:1m])`;
const uptime = `avg_over_time((1 - min(${recorded.healthFailed}))[7d:1m])`;
const cost = `${recorded.costPerMillion} / 1e6`;

const millions = (count: number) => Math.round(count / 1e5) / 10;

const wide = { width: 8, height: 5 };

export const scorecard: Group[] = [
  {
    title: 'Adoption',
    panels: [
      figure({
        title: 'Partners integrated',
        description: `Partners who have sent an event within 30 days. Target: ${betaTargets.partners.target}.`,
        unit: 'none',
        queries: [{ expr: partners('30d'), legend: 'partners' }],
        thresholds: colours(betaTargets.partners),
        ...wide,
      }),
      figure({
        title: 'Partners live',
        description: `Partners who have sent an event within a day. Target: ${betaTargets.partners.target}.`,
        unit: 'none',
        queries: [{ expr: partners('1d'), legend: 'partners' }],
        thresholds: colours(betaTargets.partners),
        ...wide,
      }),
      figure({
        title: 'Events ingested',
        description: `New events of 30 days. Target: ${millions(betaTargets.eventsPerMonth.target)} million, which is 100 million in the six weeks of the beta.`,
        unit: 'short',
        queries: [{ expr: accepted('30d'), legend: 'events' }],
        thresholds: colours(betaTargets.eventsPerMonth),
        ...wide,
      }),
    ],
  },
  {
    title: 'Quality',
    panels: [
      figure({
        title: 'Error rate',
        description: 'Answers of the last day that are errors of the service. Target: below 0.5 %.',
        unit: 'percentunit',
        queries: [{ expr: errorRatio, legend: 'errors' }],
        thresholds: colours(betaTargets.errorRatio),
        decimals: 3,
        ...wide,
      }),
      figure({
        title: 'p95 latency',
        description: 'Average over a day of the p95 of 5 minutes, long polls aside. Target: below 100 ms.',
        unit: 's',
        queries: [{ expr: p95, legend: 'p95' }],
        thresholds: colours(betaTargets.p95Seconds),
        noValue: 'no requests',
        ...wide,
      }),
      figure({
        title: 'Uptime',
        description: 'Part of the minutes of 7 days in which a replica was healthy. Target: above 99.9 %.',
        unit: 'percentunit',
        queries: [{ expr: uptime, legend: 'up' }],
        thresholds: colours(betaTargets.uptime),
        decimals: 3,
        ...wide,
      }),
    ],
  },
  {
    title: 'Operations and trend',
    panels: [
      figure({
        title: 'Cost per event',
        description: 'Price of the deployment by the events of the last hour. Target: below a tenth of a cent.',
        unit: 'currencyUSD',
        queries: [{ expr: cost, legend: 'dollars' }],
        thresholds: colours(betaTargets.costPerEvent),
        decimals: 6,
        noValue: 'no events',
        height: 8,
        alerts: ['CostPerEventHigh'],
      }),
      stat({
        title: 'Price of a month',
        description: 'What the deployment costs in a month, with many events as with none.',
        unit: 'currencyUSD',
        queries: [{ expr: recorded.idleMonth, legend: 'dollars' }],
        thresholds: plain,
        height: 8,
      }),
      bands({
        title: 'Status over time',
        description: 'Green: the target is reached. Yellow: talk about it in the weekly review. Red: a reason not to go on.',
        unit: 'none',
        queries: [
          { expr: status(partners('1d'), betaTargets.partners), legend: 'partners live' },
          { expr: status(accepted('1d'), betaTargets.eventsPerDay), legend: 'events' },
          { expr: status(errorRatio, betaTargets.errorRatio), legend: 'error rate' },
          { expr: status(p95, betaTargets.p95Seconds), legend: 'p95 latency' },
          { expr: status(uptime, betaTargets.uptime), legend: 'uptime' },
          { expr: status(cost, betaTargets.costPerEvent), legend: 'cost' },
        ],
        texts: { '0': { text: 'red', color: 'red' }, '1': { text: 'yellow', color: 'yellow' }, '2': { text: 'green', color: 'green' } },
        width: 16,
      }),
      lines({
        title: 'Events per day',
        description: `New events of the 24 hours before. On target: ${betaTargets.eventsPerDay.target.toLocaleString('en')} a day.`,
        unit: 'short',
        queries: [{ expr: accepted('1d'), legend: 'events' }],
        thresholds: colours(betaTargets.eventsPerDay),
        width: 12,
      }),
      lines({
        title: 'Error rate trend',
        description: 'Over the day before each moment.',
        unit: 'percentunit',
        queries: [{ expr: errorRatio, legend: 'errors' }],
        thresholds: colours(betaTargets.errorRatio),
        width: 12,
      }),
    ],
  },
];
