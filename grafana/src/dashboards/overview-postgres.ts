import { metrics, recorded, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { bars, lines } from './panel-kinds.ts';
import { rateOf } from './queries.ts';
import { atMost } from './thresholds.ts';

export const postgres: Group = {
  title: 'System health: Postgres',
  panels: [
    lines({
      title: 'Database utilisation',
      description: 'Connections in use, of the server’s maximum and of each pool. Above 80 % a burst finds none, and requests wait.',
      unit: 'percentunit',
      queries: [{ expr: `max by (resource) (${recorded.databaseUtilisation})`, legend: '{{resource}}' }],
      thresholds: atMost(thresholds.databaseUtilisation),
      max: 1,
      alerts: ['DatabaseUtilisationHigh'],
    }),
    lines({
      title: 'Postgres connections',
      description: 'Sessions of the server by state. "idle in transaction" for long is a defect of ours.',
      unit: 'none',
      queries: [{ expr: `sum by (state) (${metrics.pgActivity})`, legend: '{{state}}' }],
      stacked: true,
      alerts: ['DatabaseUtilisationHigh', 'DatabaseDown'],
    }),
    lines({
      title: 'Requests waiting for a connection',
      description: 'Of each pool, worst replica, on average of 5 minutes. It should be 0.',
      unit: 'none',
      queries: [{ expr: recorded.poolWaiting, legend: '{{pool}}' }],
      thresholds: atMost(thresholds.poolWaiting),
      alerts: ['PoolWaiting'],
    }),
    lines({
      title: 'Transactions per second',
      description: 'Commits and rollbacks. Many events are one commit: this stays low where events per second is high.',
      unit: 'ops',
      queries: [
        { expr: rateOf(metrics.pgCommits), legend: 'commits' },
        { expr: rateOf(metrics.pgRollbacks), legend: 'rollbacks' },
      ],
    }),
    lines({
      title: 'WAL written',
      description: 'Bytes of the log of changes a second: what the disk has to keep up with.',
      unit: 'Bps',
      queries: [{ expr: rateOf(metrics.walWritten), legend: 'written' }],
      alerts: ['WriteQueueLong'],
    }),
    lines({
      title: 'WAL on disk',
      description: 'Its size, and the part that a replication slot keeps. A slot that keeps more and more is abandoned.',
      unit: 'bytes',
      queries: [
        { expr: `max(${metrics.walSize})`, legend: 'on disk' },
        { expr: `max(${metrics.walRetained})`, legend: 'kept by a slot' },
      ],
      alerts: ['DiskSpaceLow'],
    }),
    lines({
      title: 'Checkpoints',
      description: 'An hour. Requested ones mean that more is written than max_wal_size allows between two timed ones.',
      unit: 'none',
      queries: [
        { expr: `sum(increase(${metrics.checkpointsTimed}[1h]))`, legend: 'timed' },
        { expr: `sum(increase(${metrics.checkpointsRequested}[1h]))`, legend: 'requested' },
      ],
    }),
    lines({
      title: 'Locks',
      description: 'Held locks by mode, and sessions that wait for one. Waiting for longer than a moment has a culprit.',
      unit: 'none',
      queries: [
        { expr: `sum by (mode) (${metrics.pgLocks}) > 0`, legend: '{{mode}}' },
        { expr: `max(${metrics.waitingForLock})`, legend: 'sessions waiting' },
      ],
      alerts: ['PoolWaiting', 'PartitionsShort'],
    }),
    lines({
      title: 'Cache hits',
      description: 'Blocks found in shared buffers. What is missed is read from the page cache or the disk.',
      unit: 'percentunit',
      queries: [{ expr: recorded.cacheHitRatio, legend: 'hits' }],
      max: 1,
    }),
    lines({
      title: 'Oldest transaction',
      description: 'Age of the oldest one that is open. Vacuum removes nothing that it may still see.',
      unit: 's',
      queries: [{ expr: `max(${metrics.oldestTransaction})`, legend: 'age' }],
    }),
    lines({
      title: 'Vacuum lag',
      description:
        'Dead rows as a part of those at which autovacuum begins, of the five worst tables. Above 1 for long: it does not keep up.',
      unit: 'percentunit',
      queries: [{ expr: `topk(5, max by (parent) (${metrics.tableVacuumDue}))`, legend: '{{parent}}' }],
      thresholds: atMost(1),
    }),
    bars({
      title: 'Table and partition size',
      description: 'The ten largest, with indexes. Dropped partitions give space back at once, deleted rows do not.',
      unit: 'bytes',
      queries: [{ expr: `topk(10, sum by (relname) (${metrics.tableSize} + ${metrics.indexSize}))`, legend: '{{relname}}' }],
      alerts: ['DiskSpaceLow', 'RetentionLate'],
    }),
    lines({
      title: 'Size of tables over time',
      description: 'The eight largest, all partitions of one together, with indexes.',
      unit: 'bytes',
      queries: [{ expr: `topk(8, sum by (parent) (${metrics.tableSize} + ${metrics.indexSize}))`, legend: '{{parent}}' }],
      stacked: true,
      width: 24,
      alerts: ['DiskSpaceLow'],
    }),
  ],
};
