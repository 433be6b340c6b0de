import type pg from 'pg';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of the service, in one place; the names are what dashboards and alerts are made of. */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(version: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ version });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  /** @param known values of its one label that are shown as 0 from the start: a counter that begins at 1 has not grown. */
  const counter = <Name extends string>(name: string, help: string, labelNames: Name[] = [], known: string[] = []) => {
    const made = new Counter({ name, help, labelNames, registers });
    for (const value of known) made.inc({ [labelNames[0] as Name]: value } as Record<Name, string>, 0);
    return made;
  };
  /** Sets a gauge whenever it is scraped. One that cannot be set now is left out of that scrape: all others are told, and no old figure is. */
  const watch = (watched: Gauge, update: (gauge: Gauge) => void | Promise<void>) =>
    Object.assign(watched, {
      async collect() {
        try {
          await update(watched);
        } catch {
          watched.reset();
          // Without labels `reset` leaves a 0, and with them `remove` wants to be told which.
          if ((watched as unknown as { labelNames: string[] }).labelNames.length === 0) watched.remove();
        }
      },
    });
  const gauge = <Name extends string>(name: string, help: string, labelNames: Name[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  /** Shown from the first time it is set: before, 0 would be a statement, and an alarm. */
  const silentGauge = (name: string, help: string) => {
    const silent = gauge(name, help);
    silent.remove();
    return silent;
  };
  return {
    registry,
    watch,
    requests: counter('http_requests_total', 'Requests answered, by operation and status.', ['operation', 'status']),
    duration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'From the request line to the end of the answer. Long polls are counted in their own operation.',
      labelNames: ['operation'] as const,
      // The alerts speak of 100 and 150 ms: an edge at exactly these values makes them counts instead of interpolations.
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    durationMax: gauge('http_request_duration_max_seconds', 'The slowest request of the last one to two minutes, long polls aside.'),
    eventsIngested: counter('events_ingested_total', 'Events by what became of them: accepted, duplicate, failed.', ['outcome']),
    eventsDelivered: counter('events_delivered_total', 'Events shown on inbox pages, each time they are shown.'),
    eventsAcknowledged: counter('events_acknowledged_total', 'Events acknowledged for the first time.'),
    leasesGranted: counter('leases_granted_total', 'Leases taken by receives.'),
    leasesEnded: counter('leases_ended_total', 'Leases and what ended them: released, extended (it went on), lapsed, undone.', ['how']),
    leasesInFlight: gauge('leases_in_flight', 'Open leases among the oldest 20,000 events of each inbox.'),
    deadLetters: counter(
      'dead_letters_total',
      'Events moved to the dead letters, by reason.',
      ['reason'],
      ['rejected', 'max_deliveries_exceeded'],
    ),
    deadLettersDeleted: counter('dead_letters_deleted_total', 'Dead letters that partners have thrown away.'),
    eventsReturned: counter('events_returned_total', 'Events brought back into an inbox, by what did it: redrive, replay.', ['kind']),
    bulkJobs: gauge('bulk_jobs_unfinished', 'Redrives and replays of many events that are waiting or running.'),
    eventsExpired: counter('events_expired_total', 'Events that left the inbox because their retention ended.'),
    queuedRows: gauge('write_queue_rows', 'Rows waiting for a commit.', ['queue']),
    batchesInFlight: gauge('write_batches_in_flight', 'Batches being committed.', ['queue']),
    batchRows: new Histogram({
      name: 'write_batch_rows',
      help: 'Rows in one commit.',
      labelNames: ['queue'] as const,
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 500, 1000],
      registers,
    }),
    flushes: counter('write_flushes_total', 'Commits by what started them: idle, completed, full.', ['queue', 'trigger']),
    poolConnections: gauge('postgres_pool_connections', 'Connections by pool and state: idle, busy; and requests waiting for one.', [
      'pool',
      'state',
    ]),
    poolMaximum: gauge('postgres_pool_max_connections', 'Connections that a pool may have.', ['pool']),
    healthStatus: silentGauge('api_health_status', '1 while the health answer says that all is well, 0 while it does not.'),
    serving: silentGauge(
      'api_serving',
      '1 while events can be stored and fetched, 0 while they cannot. Redis and the vault are not needed for it.',
    ),
    inboxBacklog: silentGauge('inbox_backlog_events', 'Unacknowledged events of all partners, as last estimated.'),
    inboxWaits: gauge('inbox_waits', 'Long polls waiting now.'),
    redisUp: silentGauge('redis_up', '1 while Redis answers, 0 while limits are kept per process. Absent without Redis.'),
    limitHits: counter(
      'limit_hits_total',
      'Requests refused by a limit: burst, monthly, address.',
      ['policy'],
      ['burst', 'monthly', 'address'],
    ),
    authFailures: counter('auth_failures_total', 'Refused credentials by reason.', ['reason']),
    partitionsAhead: silentGauge('partitions_ahead_days', 'Days after today for which the events table has partitions.'),
    retentionRunAt: silentGauge('retention_last_run_timestamp_seconds', 'When the retention job last ended well.'),
    jobFailures: counter('job_failures_total', 'Background jobs that failed.', ['job']),
    partnerEvents: counter('partner_events_total', 'Events by partner and outcome; from the 201st partner on as other.', [
      'partner',
      'outcome',
    ]),
    partnerRequests: counter('partner_requests_total', 'Answers by partner and class of status: 2xx, 4xx, 429, 5xx.', ['partner', 'class']),
    partnerLastEvent: gauge(
      'partner_last_event_timestamp_seconds',
      'When this process last took an event of the partner, or its repetition.',
      ['partner'],
    ),
    suspiciousPatterns: counter('suspicious_patterns_total', 'Suspicious uses of keys, once for each window and subject.', ['pattern']),
    keyExpiryMin: silentGauge('api_key_expiry_timestamp_seconds_min', 'When the next key expires that works and has not been replaced.'),
    keysExpiring: gauge('api_keys_expiring', 'Keys that work, have not been replaced, and expire within 7d or 30d.', ['within']),
    deadLettersStored: silentGauge('dead_letters_stored', 'Dead letters of all partners; above 10,000 as last estimated.'),
    vaultUp: silentGauge('vault_up', '1 while the vault wraps and unwraps, 0 while it does not. Absent without a vault.'),
    auditLogRows: silentGauge('audit_log_rows', 'Rows of the audit log.'),
    pricePerHour: silentGauge('deployment_price_dollars_per_hour', 'What the deployment costs, as configured. Absent if it is not.'),
  };
}

/**
 * Has a counter written anew at each scrape, from what was counted in memory. For what is counted in every request, where finding the labels takes
 * longer than counting.
 */
export function recount<Name extends string>(
  counter: Counter<Name>,
  rows: () => Iterable<[labels: Record<Name, string>, count: number]>,
): void {
  Object.assign(counter, {
    collect() {
      counter.reset();
      for (const [labels, count] of rows()) counter.inc(labels, count);
    },
  });
}

/** Follows a write queue: its length at each scrape, its batches as they start. */
export function watchQueue(metrics: Metrics, queue: string, writer: () => { queuedRows: number; inFlight: number }) {
  const update = (gauge: Gauge<'queue'>, value: () => number) => {
    const before = (gauge as { collect?: () => void }).collect;
    Object.assign(gauge, {
      collect: () => {
        before?.();
        gauge.set({ queue }, value());
      },
    });
  };
  update(metrics.queuedRows, () => writer().queuedRows);
  update(metrics.batchesInFlight, () => writer().inFlight);
  const rows = metrics.batchRows.labels({ queue });
  return (batch: { rows: number; trigger: string }) => {
    rows.observe(batch.rows);
    metrics.flushes.inc({ queue, trigger: batch.trigger });
  };
}

/** Reports the connections of each pool at each scrape. */
export function watchPools(metrics: Metrics, pools: { write: pg.Pool; read: pg.Pool }): void {
  for (const name of ['write', 'read'] as const) metrics.poolMaximum.set({ pool: name }, pools[name].options.max);
  metrics.watch(metrics.poolConnections as Gauge, () => {
    for (const name of ['write', 'read'] as const) {
      const pool = pools[name];
      metrics.poolConnections.set({ pool: name, state: 'idle' }, pool.idleCount);
      metrics.poolConnections.set({ pool: name, state: 'busy' }, pool.totalCount - pool.idleCount);
      metrics.poolConnections.set({ pool: name, state: 'waiting' }, waitingInVain(pool));
    }
  });
}

/**
 * Requests that no connection is there for, and none can be opened for. pg counts each request as waiting until its next turn, even beside an idle connection: so a
 * scrape would count its own statements, and say at every look that somebody waits.
 */
function waitingInVain({ waitingCount, idleCount, totalCount, options }: pg.Pool): number {
  return Math.max(0, waitingCount - idleCount - (options.max - totalCount));
}
