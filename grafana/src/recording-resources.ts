import { metrics, recorded, scrapeJobs } from './model.ts';
import type { RecordingRule } from './recording-rules.ts';

const pool = (state: string) => `${metrics.poolConnections}{state="${state}"}`;
/** File systems that keep something: not those in memory, not images. */
const kept = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|devtmpfs|fuse.*|nsfs"';

export const resourceRules: RecordingRule[] = [
  // On average of 5 minutes: a server or a pool that is busy for the moment of a scrape is not used up. Of their sum, for a state that nobody is in has no series.
  {
    record: recorded.databaseUtilisation,
    expr: `avg_over_time(sum(${metrics.pgActivity})[5m:10s]) / max(${metrics.pgMaxConnections})`,
    labels: { resource: 'server' },
  },
  {
    record: recorded.databaseUtilisation,
    expr: `label_replace(max by (pool) (avg_over_time(${pool('busy')}[5m]) / ignoring(state) ${metrics.poolMaximum}), "resource", "pool $1", "pool", "(.+)")`,
  },
  { record: recorded.poolWaiting, expr: `max by (pool) (avg_over_time(${pool('waiting')}[5m]))` },
  { record: recorded.queuedRows, expr: `max by (queue) (${metrics.queuedRows})` },
  {
    record: recorded.cacheHitRatio,
    expr: `sum(rate(${metrics.pgBlocksHit}[5m])) / (sum(rate(${metrics.pgBlocksHit}[5m])) + sum(rate(${metrics.pgBlocksRead}[5m])) > 0)`,
  },
  {
    record: recorded.diskFreeRatio,
    expr: `min by (instance, mountpoint) (${metrics.diskFree}{${kept}} / (${metrics.diskSize}{${kept}} > 0))`,
  },
  { record: recorded.memoryAvailableRatio, expr: `min by (instance) (${metrics.memoryAvailable} / ${metrics.memoryTotal})` },
  { record: recorded.eventLoopLag, expr: `max by (instance) (avg_over_time(${metrics.eventLoopLagP99}{job="${scrapeJobs.api.job}"}[5m]))` },
  { record: recorded.residentMemory, expr: `max by (instance) (avg_over_time(${metrics.processMemory}{job="${scrapeJobs.api.job}"}[5m]))` },
];

export const healthRules: RecordingRule[] = [
  // A process that does not answer the scrape says nothing about its health: that is a failed look too.
  {
    record: recorded.healthFailed,
    expr: `max by (instance) (1 - ${metrics.up}{job="${scrapeJobs.api.job}"} or 1 - ${metrics.healthStatus})`,
  },
  // Five looks, one a minute; a window of exactly 5 minutes would hold six or five of them, by the version of Prometheus.
  { record: recorded.healthFailures, expr: `sum_over_time(${recorded.healthFailed}[4m30s])` },
];
