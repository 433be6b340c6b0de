import type { Alert } from './alert.ts';
import { recorded, thresholds } from './model.ts';

export const deliveryAlerts: Alert[] = [
  {
    name: 'DeadLettersRising',
    severity: 'P3',
    owner: 'partner-success',
    expr: `${recorded.deadLettersDelta} > ${thresholds.deadLettersPerHour}`,
    for: '5m',
    summary: '{{ $value }} more events are dead letters than an hour ago.',
    description: 'A consumer rejects what it gets, or dies before it acknowledges. Nothing is lost: dead letters can be sent again.',
    firstSteps: [
      'Whose are they, and for which reason? Overview, "Dead letters by reason".',
      'Talk to the partner. Once the consumer works, they redrive them themselves ([Dead letters and replay](dead-letters.md)).',
    ],
    follows: ['DatabaseDown'],
    proof: { edges: [{ series: recorded.deadLettersDelta, limit: thresholds.deadLettersPerHour, fires: '>' }] },
  },
  {
    name: 'PartnerSilent',
    severity: 'P3',
    owner: 'partner-success',
    // The minimum takes in the silence itself an hour after it began: what it was within the last day counts. So this lasts a day at most.
    expr: `${recorded.partnerLastHour} < ${thresholds.partnerSilentEvents} and max_over_time(${recorded.partnerHourlyMinimum}[1d]) >= ${thresholds.partnerHourlyMinimum}`,
    for: '0s',
    summary: '{{ $labels.partner }} has sent nothing for an hour or longer.',
    description:
      'Until today this partner had sent events in every hour of 7 days. Their side may be down without their knowing. This ends when events come again, and after a day.',
    firstSteps: [
      'Dashboard Partner: do they get errors (401, 429), or do no requests come at all?',
      'No requests: ask them. Errors: help them, and look whether a key has expired.',
    ],
    follows: ['DatabaseDown', 'ApiDown'],
    proof: {
      series: { [`${recorded.partnerLastHour}{partner="acme"}`]: 0, [`${recorded.partnerHourlyMinimum}{partner="acme"}`]: 20 },
      edges: [
        { series: `${recorded.partnerLastHour}{partner="acme"}`, limit: thresholds.partnerSilentEvents, fires: '<' },
        { series: `${recorded.partnerHourlyMinimum}{partner="acme"}`, limit: thresholds.partnerHourlyMinimum, fires: '>=' },
      ],
      labels: { partner: 'acme' },
    },
  },
  {
    name: 'CostPerEventHigh',
    severity: 'P4',
    owner: 'operations',
    expr: `${recorded.costPerMillion} > ${thresholds.costPerMillionDollars} and ${recorded.acceptedRate} >= ${thresholds.minimumEventRate}`,
    for: '1h',
    summary: 'An event costs more than a tenth of a cent: {{ $value | humanize }} dollars for a million.',
    description:
      'The deployment costs the same with few events as with many. This is a figure for the monthly review, and nobody is called.',
    firstSteps: [
      'Compare with the floor at capacity on the overview: what lies above it is the price of being idle.',
      'Smaller tasks, or one zone, for as long as it is quiet.',
    ],
    proof: {
      series: { [recorded.costPerMillion]: 5_000, [recorded.acceptedRate]: 10 },
      edges: [
        { series: recorded.costPerMillion, limit: thresholds.costPerMillionDollars, fires: '>' },
        { series: recorded.acceptedRate, limit: thresholds.minimumEventRate, fires: '>=' },
      ],
    },
  },
];
