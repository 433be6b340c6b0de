import { metrics, probeOperations, recorded, slo, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { lines } from './panel-kinds.ts';
import { compared, comparedStyles, orZeroFor, rateOf } from './queries.ts';
import { atMost } from './thresholds.ts';

const notProbes = `operation!~"${probeOperations.join('|')}"`;
const errors = `${metrics.requests}{${notProbes},status=~"5.."}`;

export const requests: Group = {
  title: 'Requests and errors',
  panels: [
    lines({
      title: 'Requests per second',
      description: 'All requests but probes, beside the same an hour and a day ago.',
      unit: 'reqps',
      queries: compared(recorded.requestRate),
      styles: comparedStyles,
      width: 6,
    }),
    lines({
      title: 'Requests by status',
      description: 'Answers a second by status. A 4xx is the partner’s mistake, a 5xx ours.',
      unit: 'reqps',
      queries: [{ expr: recorded.statusRate, legend: '{{status}}' }],
      stacked: true,
      width: 6,
    }),
    lines({
      title: 'Errors per second',
      description: 'All 5xx, beside the same an hour and a day ago.',
      unit: 'reqps',
      queries: compared(recorded.errorRate),
      styles: comparedStyles,
      alerts: ['HighErrorRate'],
      width: 6,
    }),
    lines({
      title: 'Requests by version',
      description: 'How the requests are shared out while a new version is brought in.',
      unit: 'reqps',
      queries: [{ expr: recorded.versionRequestRate, legend: '{{version}}' }],
      stacked: true,
      width: 6,
    }),
    lines({
      title: 'Error ratio trend',
      description: 'Errors of the service among all answers of 5 minutes, beside the same an hour and a day ago: rising or falling?',
      unit: 'percentunit',
      queries: compared(recorded.errorRatio('5m')),
      styles: comparedStyles,
      ceiling: thresholds.errorRatio,
      thresholds: atMost(thresholds.errorRatio, 1 - slo.availability),
      alerts: ['HighErrorRate'],
      width: 6,
    }),
    lines({
      title: 'Errors by status',
      description: '5xx a second. 503 is overload or a missing dependency, 500 is a defect.',
      unit: 'reqps',
      queries: [{ expr: orZeroFor(`${recorded.statusRate}{status=~"5.."}`, 'status', ['500', '503']), legend: '{{status}}' }],
      alerts: ['HighErrorRate'],
      width: 6,
    }),
    lines({
      title: 'Error ratio by version',
      description: 'Errors of one version only are the reason to roll it back.',
      unit: 'percentunit',
      queries: [{ expr: recorded.versionErrorRatio, legend: '{{version}}' }],
      thresholds: atMost(thresholds.errorRatio),
      alerts: ['HighErrorRate'],
      width: 6,
    }),
    lines({
      title: 'Client errors by status',
      description: '4xx a second: a rise after a deployment of ours is a change that partners did not expect.',
      unit: 'reqps',
      queries: [
        { expr: orZeroFor(`${recorded.statusRate}{status=~"4.."}`, 'status', ['400', '401', '403', '404', '429']), legend: '{{status}}' },
      ],
      width: 6,
    }),
    lines({
      title: 'Requests by operation',
      description: 'What the API is used for, probes included.',
      unit: 'reqps',
      queries: [{ expr: recorded.operationRate, legend: '{{operation}}' }],
      width: 12,
      height: 9,
    }),
    lines({
      title: 'Errors by operation',
      description: '5xx a second of every operation that is used: one of them, or all?',
      unit: 'reqps',
      queries: [{ expr: `${rateOf(errors, 'operation')} or 0 * ${recorded.operationRate}{${notProbes}}`, legend: '{{operation}}' }],
      alerts: ['HighErrorRate'],
      width: 12,
      height: 9,
    }),
  ],
};
