import type { Alert } from './alert.ts';
import { recorded, thresholds } from './model.ts';

const instance = 'api-1:9464';

export const saturationAlerts: Alert[] = [
  {
    name: 'DatabaseUtilisationHigh',
    severity: 'P3',
    owner: 'operations',
    expr: `${recorded.databaseUtilisation} > ${thresholds.databaseUtilisation}`,
    for: '5m',
    summary: '{{ $value | humanizePercentage }} of the connections of {{ $labels.resource }} are in use.',
    description:
      'The worst of the server’s connections and of the pools of the API. Above it a burst finds no connection, and requests wait.',
    firstSteps: [
      'Pool: is the database slow (p95, locks), or is there more load than before? The pool’s size is READ_POOL_SIZE and WRITE_POOL_SIZE.',
      'Server: who holds them? `SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2`. Replicas times both pools must stay below `max_connections`.',
    ],
    follows: ['DatabaseDown'],
    proof: {
      edges: [{ series: `${recorded.databaseUtilisation}{resource="server"}`, limit: thresholds.databaseUtilisation, fires: '>' }],
      labels: { resource: 'server' },
    },
  },
  {
    name: 'PoolWaiting',
    severity: 'P2',
    owner: 'on-call',
    expr: `${recorded.poolWaiting} > ${thresholds.poolWaiting}`,
    for: '2m',
    summary: '{{ $value | humanize }} requests wait for a connection of the pool {{ $labels.pool }}.',
    description: 'There has been a queue before the database for minutes: every request pays for it.',
    firstSteps: [
      'A statement that blocks others: `SELECT pid, wait_event_type, query FROM pg_stat_activity WHERE state <> \'idle\'` and "Locks" on the overview.',
      'No culprit and the server has room: raise the pool’s size, one step at a time.',
    ],
    follows: ['DatabaseDown'],
    proof: {
      edges: [{ series: `${recorded.poolWaiting}{pool="read"}`, limit: thresholds.poolWaiting, fires: '>' }],
      labels: { pool: 'read' },
    },
  },
  {
    name: 'WriteQueueLong',
    severity: 'P2',
    owner: 'on-call',
    expr: `${recorded.queuedRows} > ${thresholds.writeQueueRows}`,
    for: '1m',
    summary: '{{ $value }} rows wait for a commit in the queue {{ $labels.queue }}.',
    description: 'The queue is more than half full. When it is full, events are answered 503, which is a P1.',
    firstSteps: [
      'Commits slow? WAL and disk of Postgres, long transactions. Batches small? CPU and event loop of the API.',
      'One partner alone may fill half of it: dashboard Partner.',
    ],
    follows: ['DatabaseDown'],
    proof: {
      edges: [{ series: `${recorded.queuedRows}{queue="ingest"}`, limit: thresholds.writeQueueRows, fires: '>' }],
      labels: { queue: 'ingest' },
    },
  },
  {
    name: 'DiskSpaceLow',
    severity: 'P2',
    owner: 'on-call',
    expr: `${recorded.diskFreeRatio} < ${thresholds.diskFreeRatio}`,
    for: '5m',
    summary: '{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} at {{ $labels.instance }} are free.',
    description: 'Postgres stops at a full disk, and with it everything.',
    firstSteps: [
      'What grows? "Table and partition size" and WAL on the overview. WAL that is kept: an abandoned replication slot.',
      'Has retention run ([RetentionLate](#retentionlate))? Dropped partitions give space back at once, deleted rows do not.',
      'Enlarge the volume; it works while Postgres runs.',
    ],
    proof: {
      edges: [{ series: `${recorded.diskFreeRatio}{instance="node-1:9100",mountpoint="/"}`, limit: thresholds.diskFreeRatio, fires: '<' }],
      labels: { instance: 'node-1:9100', mountpoint: '/' },
    },
  },
  {
    name: 'MemoryLow',
    severity: 'P3',
    owner: 'operations',
    expr: `${recorded.memoryAvailableRatio} < ${thresholds.memoryAvailableRatio}`,
    for: '10m',
    summary: '{{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} are available.',
    description: 'The kernel will end a process when nothing is left, and Postgres is the largest.',
    firstSteps: [
      'Which process grew? Compare with a week ago.',
      'Restart it if it is a replica of the API; plan a larger machine if it is not.',
    ],
    proof: {
      edges: [{ series: `${recorded.memoryAvailableRatio}{instance="node-1:9100"}`, limit: thresholds.memoryAvailableRatio, fires: '<' }],
      labels: { instance: 'node-1:9100' },
    },
  },
  {
    name: 'ProcessMemoryHigh',
    severity: 'P3',
    owner: 'operations',
    expr: `${recorded.residentMemory} > ${thresholds.residentMemoryBytes}`,
    for: '10m',
    summary: '{{ $labels.instance }} uses {{ $value | humanize1024 }}B of memory.',
    description: 'A process of the API takes 185 MB under full load. This much is a leak, or answers of a size that nobody expected.',
    firstSteps: ['Heap or outside of it? The overview shows both.', 'Restart the replica; note its version and how long it took to grow.'],
    proof: {
      edges: [{ series: `${recorded.residentMemory}{instance="${instance}"}`, limit: thresholds.residentMemoryBytes, fires: '>' }],
      labels: { instance },
    },
  },
  {
    name: 'EventLoopLag',
    severity: 'P2',
    owner: 'on-call',
    expr: `${recorded.eventLoopLag} > ${thresholds.eventLoopLagSeconds}`,
    for: '5m',
    summary: 'The event loop of {{ $labels.instance }} is late by {{ $value | humanizeDuration }} (p99).',
    description: 'The process has more to do than one core can. From 250 ms on it refuses polls, from a second on events too.',
    firstSteps: ['More load, or more per request? Compare requests a second and garbage collection with an hour ago.', 'Add a replica.'],
    proof: {
      edges: [{ series: `${recorded.eventLoopLag}{instance="${instance}"}`, limit: thresholds.eventLoopLagSeconds, fires: '>' }],
      labels: { instance },
    },
  },
];
