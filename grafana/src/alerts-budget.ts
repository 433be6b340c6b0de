import type { Alert } from './alert.ts';
import { burnRates, metrics, recorded, slo, thresholds } from './model.ts';

const outages = ['DatabaseDown', 'ApiDown', 'HighErrorRate'];

/** It only holds back others: those whose windows still have an outage in them for which somebody was called. */
const outagePaged: Alert = {
  name: 'OutagePaged',
  severity: 'P4',
  owner: 'operations',
  expr: `max(max_over_time(${metrics.alerts}{alertname=~"${outages.join('|')}",alertstate="firing"}[${slo.pagedOutageWindow}])) >= 1`,
  for: '0s',
  summary: `Somebody was called for an outage within the last ${slo.pagedOutageWindow}.`,
  description:
    'It is over, or being worked on. The budget’s pages look back half an hour: without this one they would call for the same outage again, when it is over.',
  firstSteps: ['Nothing: it is there to hold back others. A new outage still calls, by the alerts that see it at once.'],
  proof: { edges: [{ series: `${metrics.alerts}{alertname="DatabaseDown",alertstate="firing"}`, limit: 1, fires: '>=' }] },
};

/** 99.9 % over 30 days: 43 minutes of nothing but errors use the budget up. */
const budgetMinutes = Math.round((1 - slo.availability) * slo.budgetDays * 24 * 60);

/** The part of the whole budget that is gone when the long window is full at this rate. */
const used = (factor: number, hours: number) => `${Math.round(((factor * hours) / (slo.budgetDays * 24)) * 100)} %`;
const hours = { '5m': 1 / 12, '30m': 0.5, '1h': 1, '2h': 2, '6h': 6, '1d': 24, '3d': 72 };

/** One for each burn rate of the model; an error burst that is over no longer fires, because the short window has forgotten it. */
const burnAlerts: Alert[] = burnRates.map(({ factor, long, short, pages, name }, index) => {
  const [longRate, shortRate, requests] = [recorded.burnRate(long), recorded.burnRate(short), recorded.requestRateOver(long)];
  return {
    name,
    severity: pages ? 'P1' : 'P3',
    owner: pages ? 'on-call' : 'operations',
    expr: `${longRate} > ${factor} and ${shortRate} > ${factor} and ${requests} >= ${thresholds.minimumRequestRate}`,
    // Longer than HighErrorRate waits, which is its cause when much fails at once.
    for: pages ? '2m' : '15m',
    summary: `The error budget is being used {{ $value | humanize }} times as fast as it lasts.`,
    description:
      `Over ${long} and still over ${short}, errors are more than ${factor} times what ${slo.availability * 100} % allows. ` +
      `At this rate ${used(factor, hours[long])} of the budget of ${slo.budgetDays} days (${budgetMinutes} minutes of full outage) go in ${long}.`,
    firstSteps: [
      'Dashboard "SLO and error budget": how much is left, and since when is it falling?',
      'Overview, "Errors by operation" over the same window. The steps of [HighErrorRate](#higherrorrate) apply.',
      pages
        ? 'If it will not end within minutes: roll back, or take the faulty part out of service.'
        : 'Nobody needs to get up: open a ticket with the operation and the status, and let it be repaired this week.',
    ],
    // The faster burn says it already.
    follows: [...outages, outagePaged.name, ...burnRates.slice(0, index).map((faster) => faster.name)],
    proof: {
      series: { [longRate]: 100, [shortRate]: 100, [requests]: 10 },
      edges: [
        { series: longRate, limit: factor, fires: '>' },
        { series: shortRate, limit: factor, fires: '>' },
        { series: requests, limit: thresholds.minimumRequestRate, fires: '>=' },
      ],
    },
  };
});

export const budgetAlerts = [...burnAlerts, outagePaged];
