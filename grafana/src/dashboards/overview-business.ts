import { metrics, recorded, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { bars, lines } from './panel-kinds.ts';
import { orZero, orZeroFor, rateOf, toPartner } from './queries.ts';
import { atMost } from './thresholds.ts';

export const business: Group = {
  title: 'Business',
  panels: [
    lines({
      title: 'Events ingested per second',
      description: 'New events, repetitions that were recognized, and failures.',
      unit: 'eps',
      queries: [{ expr: orZeroFor(recorded.ingestedRate, 'outcome', ['accepted', 'duplicate', 'failed']), legend: '{{outcome}}' }],
      alerts: ['CostPerEventHigh'],
    }),
    lines({
      title: 'Events acknowledged per second',
      description: 'What leaves the inboxes, beside what comes in. Delivered counts each time an event is shown.',
      unit: 'eps',
      queries: [
        { expr: orZero(recorded.acknowledgedRate), legend: 'acknowledged' },
        { expr: orZero(recorded.deliveredRate), legend: 'delivered' },
        { expr: orZero(recorded.acceptedRate), legend: 'accepted' },
      ],
    }),
    lines({
      title: 'Backlog',
      description: 'Events of all partners that nobody has acknowledged, and leases that are open.',
      unit: 'short',
      queries: [
        { expr: `max(${metrics.inboxBacklog})`, legend: 'unacknowledged' },
        { expr: `max(${metrics.leasesInFlight})`, legend: 'leased' },
      ],
    }),
    lines({
      title: 'Events per partner',
      description: 'Accepted events a second of the ten most active. The dashboard Partner shows one of them alone.',
      unit: 'eps',
      queries: [{ expr: `topk(10, ${recorded.partnerEventRate})`, legend: '{{partner}}' }],
      drill: toPartner,
      stacked: true,
      alerts: ['WriteQueueLong', 'PartnerSilent'],
    }),
    bars({
      title: 'Partner activity in the last hour',
      description: 'Events sent by the ten most active partners.',
      unit: 'short',
      queries: [{ expr: `topk(10, ${recorded.partnerEventsHour})`, legend: '{{partner}}' }],
      drill: toPartner,
      alerts: ['PartnerSilent'],
    }),
    lines({
      title: 'Cost per 1 M events',
      description:
        'Price per hour by events of the last hour; no figure in an hour without events. The floor is what it costs at capacity.',
      unit: 'currencyUSD',
      queries: [
        { expr: recorded.costPerMillion, legend: 'now' },
        { expr: recorded.costPerMillionFloor, legend: 'at capacity' },
      ],
      thresholds: atMost(thresholds.costPerMillionDollars),
      alerts: ['CostPerEventHigh'],
    }),
    lines({
      title: 'Dead letters by reason',
      description: 'Events a second that consumers reject, or never acknowledge. Nothing is lost: they can be sent again.',
      unit: 'eps',
      queries: [
        { expr: orZeroFor(rateOf(metrics.deadLetters, 'reason'), 'reason', ['rejected', 'max_deliveries_exceeded']), legend: '{{reason}}' },
      ],
      alerts: ['DeadLettersRising'],
    }),
    lines({
      title: 'Dead letters in store',
      description: 'Of all partners. The alert compares with an hour ago.',
      unit: 'short',
      queries: [{ expr: `max(${metrics.deadLettersStored})`, legend: 'stored' }],
      alerts: ['DeadLettersRising'],
    }),
    lines({
      title: 'Leases',
      description: 'Granted and ended a second. Lapsed ones belong to consumers that are too slow, or gone.',
      unit: 'ops',
      queries: [
        { expr: rateOf(metrics.leasesGranted), legend: 'granted' },
        { expr: orZeroFor(rateOf(metrics.leasesEnded, 'how'), 'how', ['lapsed', 'released']), legend: '{{how}}' },
      ],
    }),
  ],
};
