import { metrics, recorded, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { bands, lines } from './panel-kinds.ts';
import { api, rateOf, step } from './queries.ts';
import { atMost, drawn } from './thresholds.ts';

const upOrDown = { '0': { text: 'down', color: 'red' }, '1': { text: 'up', color: 'green' } };

export const health: Group = {
  title: 'System health',
  panels: [
    bands({
      title: 'What answers',
      description: 'Every scrape, and Postgres, Redis and the vault as those see them who need them.',
      unit: 'none',
      queries: [
        { expr: `min by (job) (${metrics.up})`, legend: 'scrape of {{job}}' },
        { expr: `min(${metrics.pgUp})`, legend: 'Postgres' },
        { expr: `min(${metrics.redisUp}{${api}})`, legend: 'Redis, to the API' },
        { expr: `min(${metrics.vaultUp})`, legend: 'vault' },
      ],
      texts: upOrDown,
      width: 12,
      alerts: ['TargetDown', 'DatabaseDown', 'RedisDown', 'VaultDown', 'ApiInstanceDown'],
    }),
    bands({
      title: 'Health checks',
      description: 'One look a minute at each replica: fails without an answer, and when the answer says that it cannot serve.',
      unit: 'none',
      queries: [{ expr: `1 - ${recorded.healthFailed}`, legend: '{{instance}}' }],
      texts: { '0': { text: 'failed', color: 'red' }, '1': { text: 'healthy', color: 'green' } },
      width: 12,
      alerts: ['HealthCheckFailing'],
    }),
    lines({
      title: 'Write queue',
      description: 'Rows that wait for a commit, worst replica. When the queue is full, events are answered 503.',
      unit: 'short',
      queries: [{ expr: recorded.queuedRows, legend: '{{queue}}' }],
      thresholds: atMost(thresholds.writeQueueRows),
      alerts: ['WriteQueueLong'],
    }),
    lines({
      title: 'Batch size',
      description: 'Rows in one commit: median and p95 of each queue. It grows with the load, which is what keeps latency low.',
      unit: 'short',
      queries: (
        [
          ['p50', 0.5],
          ['p95', 0.95],
        ] as const
      ).map(([name, quantile]) => ({
        // A batch of one row is in the bucket from 0 to 1, and would be drawn as half a row.
        expr: `clamp_min(histogram_quantile(${quantile}, sum by (queue, le) (rate(${metrics.batchRows}_bucket[${step}]))) >= 0, 1)`,
        legend: `${name} {{queue}}`,
      })),
      noValue: 'no commits',
      alerts: ['WriteQueueLong'],
    }),
    lines({
      title: 'Commits by what started them',
      description:
        'idle: there was nothing to wait for. completed: the commit before had ended. full: the batch was as large as it may be.',
      unit: 'ops',
      queries: [{ expr: rateOf(metrics.flushes, 'queue', 'trigger'), legend: '{{queue}} {{trigger}}' }],
    }),
    lines({
      title: 'Disk free',
      description: 'Of each file system. Postgres stops at a full disk, and with it everything.',
      unit: 'percentunit',
      queries: [{ expr: recorded.diskFreeRatio, legend: '{{mountpoint}}' }],
      thresholds: drawn(thresholds.diskFreeRatio),
      max: 1,
      alerts: ['DiskSpaceLow'],
    }),
    lines({
      title: 'Memory available',
      description: 'Of each machine. The kernel ends a process when nothing is left.',
      unit: 'percentunit',
      queries: [{ expr: recorded.memoryAvailableRatio, legend: '{{instance}}' }],
      thresholds: drawn(thresholds.memoryAvailableRatio),
      max: 1,
      alerts: ['MemoryLow'],
    }),
    lines({
      title: 'CPU of the machines',
      description: 'Part of all cores that is in use.',
      unit: 'percentunit',
      queries: [{ expr: `1 - avg by (instance) (rate(${metrics.cpu}{mode="idle"}[${step}]))`, legend: '{{instance}}' }],
      max: 1,
    }),
    lines({
      title: 'Redis memory',
      description: 'In use, and the maximum (0: none is set). What is evicted is rate tokens: partners get a few requests more.',
      unit: 'bytes',
      queries: [
        { expr: `max(${metrics.redisMemory})`, legend: 'used' },
        { expr: `max(${metrics.redisMemoryMaximum})`, legend: 'maximum' },
      ],
      alerts: ['RedisDown'],
    }),
    lines({
      title: 'Redis commands',
      description: 'A second; and keys that were evicted for want of memory.',
      unit: 'ops',
      queries: [
        { expr: rateOf(metrics.redisCommands), legend: 'commands' },
        { expr: rateOf(metrics.redisEvicted), legend: 'evicted' },
      ],
      alerts: ['RedisDown'],
    }),
    lines({
      title: 'Jobs that failed',
      description: 'Failures of an hour, by job. One is tried again and may be forgotten; of the audit log’s anchor the first counts.',
      unit: 'none',
      queries: [{ expr: recorded.jobFailures, legend: '{{exported_job}}' }],
      alerts: ['JobFailing', 'AuditAnchorFailing'],
    }),
    lines({
      title: 'Age of the last retention run',
      description: 'It runs every minute. Late means that payloads are kept for longer than promised.',
      unit: 's',
      queries: [{ expr: `time() - (max(${metrics.retentionRunAt}) or max(${metrics.processStart}{${api}}))`, legend: 'age' }],
      thresholds: atMost(thresholds.retentionLateSeconds),
      width: 12,
      alerts: ['RetentionLate'],
    }),
    lines({
      title: 'Partitions ahead',
      description: 'Days for which the events table is ready. Without one for its day an event cannot be stored.',
      unit: 'd',
      queries: [{ expr: `min(${metrics.partitionsAhead})`, legend: 'days' }],
      thresholds: drawn(thresholds.partitionsAheadDays),
      width: 12,
      alerts: ['PartitionsShort'],
    }),
  ],
};
