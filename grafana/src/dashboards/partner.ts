import { metrics, recorded, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { figure, lines } from './panel-kinds.ts';
import { orZero, orZeroFor, rateOf } from './queries.ts';
import { atMost, drawn, plain } from './thresholds.ts';

const chosen = 'partner="$partner"';
const requests = (classes = '') => `${metrics.partnerRequests}{${chosen}${classes}}`;
const events = (outcome: string) => `${metrics.partnerEvents}{${chosen},outcome="${outcome}"}`;
const share = (classes: string) => `${orZero(rateOf(requests(classes)))}`;
const ratio = (classes: string) => orZero(`(${share(classes)}) / (${rateOf(requests())} > 0)`);

export const partner: Group[] = [
  {
    panels: [
      figure({
        title: 'Requests per second',
        description: 'Of this partner, answered with whatever status.',
        unit: 'reqps',
        queries: [{ expr: orZero(rateOf(requests())), legend: 'requests' }],
        thresholds: plain,
      }),
      figure({
        title: 'Errors of ours',
        description: 'Part of this partner’s requests that were answered 5xx.',
        unit: 'percentunit',
        queries: [{ expr: ratio(',class="5xx"'), legend: '5xx' }],
        thresholds: atMost(thresholds.errorRatio),
      }),
      figure({
        title: 'Refused by a limit',
        description: 'Part of this partner’s requests that were answered 429. Every day: they need a higher limit, or advice.',
        unit: 'percentunit',
        queries: [{ expr: ratio(',class="429"'), legend: '429' }],
        thresholds: atMost(0.01, thresholds.limitHitRatio),
        alerts: ['LimitHits'],
      }),
      figure({
        title: 'Events in the last hour',
        description: 'Sent by this partner, repetitions included.',
        unit: 'short',
        queries: [{ expr: orZero(`sum(${recorded.partnerEventsHour}{${chosen}})`), legend: 'events' }],
        thresholds: plain,
        alerts: ['PartnerSilent'],
      }),
      figure({
        title: 'Since the last event',
        description: 'How long ago a running replica last took an event of this partner.',
        unit: 's',
        queries: [{ expr: `time() - max(${metrics.partnerLastEvent}{${chosen}})`, legend: 'ago' }],
        thresholds: plain,
        noValue: 'none since the start',
        alerts: ['PartnerSilent'],
      }),
      figure({
        title: 'Share of all events',
        description: 'Part of all accepted events that are this partner’s. One partner alone may fill half of the write queue.',
        unit: 'percentunit',
        queries: [{ expr: orZero(`sum(${recorded.partnerEventRate}{${chosen}}) / (${recorded.acceptedRate} > 0)`), legend: 'share' }],
        thresholds: plain,
        alerts: ['WriteQueueLong'],
      }),
    ],
  },
  {
    title: 'What they ask',
    panels: [
      lines({
        title: 'Answers by class',
        description: '429 is told apart from the other 4xx. No requests at all: ask the partner. 4xx only: their key or their code.',
        unit: 'reqps',
        queries: [{ expr: orZeroFor(rateOf(requests(), 'class'), 'class', ['2xx', '4xx', '429', '5xx']), legend: '{{class}}' }],
        stacked: true,
        width: 12,
        alerts: ['PartnerSilent', 'HighLatency'],
      }),
      lines({
        title: 'Refused requests',
        description: 'Part of the requests answered 4xx, 429 and 5xx.',
        unit: 'percentunit',
        queries: ['4xx', '429', '5xx'].map((name) => ({ expr: ratio(`,class="${name}"`), legend: name })),
        width: 12,
        alerts: ['LimitHits'],
      }),
    ],
  },
  {
    title: 'What they send and fetch',
    panels: [
      lines({
        title: 'Events sent',
        description:
          'A second, by what became of them. Many duplicates: their time-out is too short, or an acknowledgement of theirs gets lost.',
        unit: 'eps',
        queries: ['accepted', 'duplicate', 'failed'].map((outcome) => ({ expr: orZero(rateOf(events(outcome))), legend: outcome })),
        width: 12,
      }),
      lines({
        title: 'Events fetched and acknowledged',
        description: 'A second. Delivered far above acknowledged: events are fetched again and again, and not settled.',
        unit: 'eps',
        queries: ['delivered', 'acknowledged'].map((outcome) => ({ expr: orZero(rateOf(events(outcome))), legend: outcome })),
        width: 12,
      }),
      lines({
        title: 'Events per hour',
        description: 'In the last hour, and the fewest of any hour of 7 days. Below 1 for a partner who always sends: they are silent.',
        unit: 'short',
        queries: [
          { expr: orZero(`sum(${recorded.partnerEventsHour}{${chosen}})`), legend: 'last hour' },
          { expr: `sum(${recorded.partnerHourlyMinimum}{${chosen}})`, legend: 'fewest in 7 days' },
        ],
        thresholds: drawn(thresholds.partnerSilentEvents),
        width: 24,
        alerts: ['PartnerSilent'],
      }),
    ],
  },
];
