import { metrics, recorded, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { lines } from './panel-kinds.ts';
import { api, compared, comparedStyles, step } from './queries.ts';
import { atMost } from './thresholds.ts';

const latency = atMost(thresholds.p95Seconds, thresholds.p95WarningSeconds);

export const performance: Group = {
  title: 'Performance',
  panels: [
    lines({
      title: 'Latency',
      description: 'Percentiles of 5 minutes and the slowest request, long polls aside. The dashed red line is the limit of p95.',
      unit: 's',
      queries: [
        { expr: recorded.p50, legend: 'p50' },
        { expr: recorded.p95, legend: 'p95' },
        { expr: recorded.p99, legend: 'p99' },
        { expr: recorded.durationMax, legend: 'max' },
      ],
      thresholds: latency,
      noValue: 'no requests',
      alerts: ['HighLatency'],
    }),
    lines({
      title: 'p95 trend',
      description: 'Beside the same an hour and a day ago: getting slower?',
      unit: 's',
      queries: compared(recorded.p95),
      styles: comparedStyles,
      thresholds: latency,
      noValue: 'no requests',
      alerts: ['HighLatency'],
    }),
    lines({
      title: 'p95 by version',
      description: 'A new version that is slower than the old one is rolled back.',
      unit: 's',
      queries: [{ expr: `${recorded.versionP95} >= 0`, legend: '{{version}}' }],
      thresholds: latency,
      noValue: 'no requests',
      alerts: ['HighLatency'],
    }),
    lines({
      title: 'p95 by operation',
      description: 'One of them, or all? Long polls are left out: they last as long as the partner wishes.',
      unit: 's',
      queries: [{ expr: `${recorded.operationP95}{operation!~".+Wait"} >= 0`, legend: '{{operation}}' }],
      thresholds: latency,
      noValue: 'no requests',
      alerts: ['HighLatency'],
      width: 12,
      height: 9,
    }),
    lines({
      title: 'Event loop lag',
      description: 'How late the process comes to what it has to do. From 250 ms on polls are refused, from a second on events too.',
      unit: 's',
      queries: [
        { expr: `max by (instance) (${metrics.eventLoopLagP50}{${api}})`, legend: 'p50 {{instance}}' },
        { expr: `max by (instance) (${metrics.eventLoopLagP99}{${api}})`, legend: 'p99 {{instance}}' },
      ],
      thresholds: atMost(thresholds.eventLoopLagSeconds),
      alerts: ['EventLoopLag'],
      width: 12,
      height: 9,
    }),
    lines({
      title: 'CPU of the API',
      description:
        'Cores used by each process; one is all that JavaScript can use, and the rest is garbage collection and input and output.',
      unit: 'none',
      queries: [{ expr: `sum by (instance) (rate(${metrics.processCpu}{${api}}[${step}]))`, legend: '{{instance}}' }],
      thresholds: atMost(1),
      alerts: ['EventLoopLag'],
      width: 6,
    }),
    lines({
      title: 'Memory of the API',
      description: 'Resident memory and the heap in it. What grows while the heap does not is outside of it: buffers.',
      unit: 'bytes',
      queries: [
        { expr: `max by (instance) (${metrics.processMemory}{${api}})`, legend: 'resident {{instance}}' },
        { expr: `max by (instance) (${metrics.heapUsed}{${api}})`, legend: 'heap used {{instance}}' },
        { expr: `max by (instance) (${metrics.externalMemory}{${api}})`, legend: 'outside of the heap {{instance}}' },
      ],
      thresholds: atMost(thresholds.residentMemoryBytes),
      alerts: ['ProcessMemoryHigh'],
      width: 6,
    }),
    lines({
      title: 'Garbage collection',
      description: 'Part of the time that goes into it, by kind. Above 10 % it is worth a look at what is allocated.',
      unit: 'percentunit',
      queries: [{ expr: `sum by (kind) (rate(${metrics.gcDuration}_sum{${api}}[${step}]))`, legend: '{{kind}}' }],
      alerts: ['EventLoopLag'],
      width: 6,
    }),
    lines({
      title: 'Long polls waiting',
      description: 'Requests that wait for an event. They cost a socket each and no connection to the database.',
      unit: 'none',
      queries: [{ expr: `sum(${metrics.inboxWaits})`, legend: 'waiting' }],
      width: 6,
    }),
  ],
};
