/**
 * Names of every metric that a dashboard or a rule uses. A histogram is named without `_bucket`, `_sum`, `_count`.
 * `job` is a label of the scrape: where the server has a label of that name (`job_failures_total`), Prometheus calls it `exported_job`.
 */
export const metrics = {
  // The server, job triggers-api (src/platform/metrics.ts).
  requests: 'http_requests_total', // operation, status
  duration: 'http_request_duration_seconds', // operation; histogram
  durationMax: 'http_request_duration_max_seconds',
  eventsIngested: 'events_ingested_total', // outcome: accepted, duplicate, failed
  eventsDelivered: 'events_delivered_total',
  eventsAcknowledged: 'events_acknowledged_total',
  leasesGranted: 'leases_granted_total',
  leasesEnded: 'leases_ended_total', // how
  leasesInFlight: 'leases_in_flight',
  deadLetters: 'dead_letters_total', // reason
  deadLettersStored: 'dead_letters_stored',
  queuedRows: 'write_queue_rows', // queue
  batchRows: 'write_batch_rows', // queue; histogram
  flushes: 'write_flushes_total', // queue, trigger
  poolConnections: 'postgres_pool_connections', // pool, state: idle, busy, waiting
  poolMaximum: 'postgres_pool_max_connections', // pool
  inboxBacklog: 'inbox_backlog_events',
  inboxWaits: 'inbox_waits',
  /** Of the server AND of redis_exporter: always with the job. */
  redisUp: 'redis_up',
  limitHits: 'limit_hits_total', // policy: burst, monthly, address
  authFailures: 'auth_failures_total', // reason
  partitionsAhead: 'partitions_ahead_days',
  retentionRunAt: 'retention_last_run_timestamp_seconds',
  jobFailures: 'job_failures_total', // exported_job
  partnerEvents: 'partner_events_total', // partner, outcome: accepted, duplicate, failed, delivered, acknowledged
  partnerLastEvent: 'partner_last_event_timestamp_seconds', // partner
  partnerRequests: 'partner_requests_total', // partner, class: 2xx, 4xx, 5xx, 429
  suspiciousPatterns: 'suspicious_patterns_total', // pattern
  keyExpiry: 'api_key_expiry_timestamp_seconds_min',
  keysExpiring: 'api_keys_expiring', // within: 7d, 30d
  vaultUp: 'vault_up',
  auditLogRows: 'audit_log_rows',
  healthStatus: 'api_health_status', // 1 healthy, 0 not
  serving: 'api_serving', // 1 serving, whether or not healthy; 0 not
  price: 'deployment_price_dollars_per_hour',

  // Node, from prom-client.
  processStart: 'process_start_time_seconds',
  processCpu: 'process_cpu_seconds_total',
  processMemory: 'process_resident_memory_bytes',
  eventLoopLagP99: 'nodejs_eventloop_lag_p99_seconds',
  eventLoopLagP50: 'nodejs_eventloop_lag_p50_seconds',
  heapUsed: 'nodejs_heap_size_used_bytes',
  externalMemory: 'nodejs_external_memory_bytes',
  gcDuration: 'nodejs_gc_duration_seconds', // kind; histogram

  // postgres_exporter, job postgres.
  pgUp: 'pg_up',
  pgActivity: 'pg_stat_activity_count', // datname, state
  pgMaxConnections: 'pg_settings_max_connections',
  pgCommits: 'pg_stat_database_xact_commit', // datname
  pgRollbacks: 'pg_stat_database_xact_rollback',
  pgBlocksHit: 'pg_stat_database_blks_hit',
  pgBlocksRead: 'pg_stat_database_blks_read',
  pgLocks: 'pg_locks_count', // mode
  // … and of its queries that we give it (postgres-queries.ts). Of tables: relname, parent (the table that a partition belongs to, or its own name).
  tableSize: 'pg_relation_size_bytes',
  indexSize: 'pg_relation_index_size_bytes',
  /** 1: autovacuum begins. */
  tableVacuumDue: 'pg_relation_vacuum_due_ratio',
  walSize: 'pg_writeahead_size_bytes',
  walWritten: 'pg_writeahead_written_bytes_total',
  walRetained: 'pg_writeahead_retained_bytes',
  checkpointsTimed: 'pg_checkpoints_timed_total',
  checkpointsRequested: 'pg_checkpoints_requested_total',
  waitingForLock: 'pg_sessions_waiting_for_lock',
  oldestTransaction: 'pg_sessions_oldest_transaction_seconds',

  // redis_exporter, job redis.
  redisMemory: 'redis_memory_used_bytes',
  redisMemoryMaximum: 'redis_memory_max_bytes',
  redisCommands: 'redis_commands_processed_total',
  redisEvicted: 'redis_evicted_keys_total',

  // node_exporter, job node.
  diskFree: 'node_filesystem_avail_bytes', // mountpoint, fstype
  diskSize: 'node_filesystem_size_bytes',
  memoryAvailable: 'node_memory_MemAvailable_bytes',
  memoryTotal: 'node_memory_MemTotal_bytes',
  cpu: 'node_cpu_seconds_total', // mode

  // blackbox_exporter, job public: only where the address that is probed is https.
  certificateExpiry: 'probe_ssl_earliest_cert_expiry', // instance: the address

  // Prometheus itself.
  up: 'up', // job, instance
  alerts: 'ALERTS', // alertname, alertstate, severity
} as const;
