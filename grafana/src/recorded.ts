import type { Window } from './model.ts';

/**
 * Names of the recording rules, level:metric:operation. `api:` has no labels (all replicas and versions together), `version:` has `version` (the canary
 * is judged by it), the other levels have the label they are named after. What each holds is in recording-rules.ts.
 */
export const recorded = {
  /** Requests a second, probes aside; over 5 minutes, and over each window of the model. */
  requestRate: 'api:http_requests:rate5m',
  requestRateOver: (window: Window) => `api:http_requests:rate${window}` as const,
  /** 5xx a second, probes aside. */
  errorRate: 'api:http_errors:rate5m',
  /** Errors among requests, 0 to 1, over each window of the model. */
  errorRatio: (window: Window) => `api:http_errors:ratio_rate${window}` as const,
  /** Errors among requests over `slo.budgetDays`, and what is left of the budget: 1 untouched, 0 used up, below 0 overdrawn. */
  errorRatioBudget: 'api:http_errors:ratio_rate30d',
  budgetRemaining: 'api:error_budget:remaining_ratio',
  /** How many times faster than sustainable the budget is used, by window. */
  burnRate: (window: Window) => `api:error_budget:burn_rate${window}` as const,
  /** Requests a second by `status`. */
  statusRate: 'status:http_requests:rate5m',
  /** Requests a second by `operation`, probes included. */
  operationRate: 'operation:http_requests:rate5m',
  p50: 'api:http_request_duration_seconds:p50_5m',
  p95: 'api:http_request_duration_seconds:p95_5m',
  p99: 'api:http_request_duration_seconds:p99_5m',
  durationMax: 'api:http_request_duration_seconds:max',
  /** p95 by `operation`; long polls are there as operations that end in Wait. */
  operationP95: 'operation:http_request_duration_seconds:p95_5m',
  versionRequestRate: 'version:http_requests:rate5m',
  versionErrorRatio: 'version:http_errors:ratio_rate5m',
  versionP95: 'version:http_request_duration_seconds:p95_5m',

  /** Events a second, by `outcome`. */
  ingestedRate: 'outcome:events_ingested:rate5m',
  acceptedRate: 'api:events_accepted:rate5m',
  deliveredRate: 'api:events_delivered:rate5m',
  acknowledgedRate: 'api:events_acknowledged:rate5m',
  deadLettersDelta: 'api:dead_letters_stored:delta1h',
  /** By `partner`. */
  partnerEventRate: 'partner:events_accepted:rate5m',
  /** Events of the last hour; 1 where it is only known that there were some, because a new process had them in its first sample. */
  partnerEventsHour: 'partner:events:increase1h',
  /** The fewest events an hour of the 7 days before the last hour, of partners who were there at their beginning. */
  partnerHourlyMinimum: 'partner:events_hourly:min7d',
  /** As `partnerEventsHour`, and 0 for those who have sent for 7 days and are no longer counted at all. */
  partnerLastHour: 'partner:events_last_hour:increase1h',

  /** Requests refused by a limit among all, 0 to 1; hits a second by `policy`. */
  limitHitRatio: 'api:limit_hits:ratio_rate5m',
  limitHitRate: 'policy:limit_hits:rate5m',
  /** Refused credentials a second, without good keys that lack a scope. */
  authFailureRate: 'api:auth_failures:rate5m',
  /** By `pattern`. */
  suspiciousFinds: 'pattern:suspicious_patterns:increase15m',
  /** By `exported_job`. */
  jobFailures: 'job:job_failures:increase1h',

  /** Share of a database resource in use, by `resource`: server, and pool names. */
  databaseUtilisation: 'resource:database_utilisation:ratio5m',
  /** Requests waiting for a connection, by `pool`, worst replica. */
  poolWaiting: 'pool:postgres_pool_waiting:avg5m',
  queuedRows: 'queue:write_queue_rows:max',
  cacheHitRatio: 'api:postgres_cache_hit:ratio_rate5m',
  /** By `instance` (and `mountpoint`). */
  diskFreeRatio: 'instance:disk_free:ratio',
  memoryAvailableRatio: 'instance:memory_available:ratio',
  eventLoopLag: 'instance:eventloop_lag_p99:avg5m',
  residentMemory: 'instance:resident_memory_bytes:avg5m',
  /** 1 when the look of this minute failed, by `instance`; and how many of the last five did. */
  healthFailed: 'instance:health_check:failed',
  healthFailures: 'instance:health_check_failures:count5m',

  pricePerHour: 'api:deployment_price:dollars_per_hour',
  acceptedPerHour: 'api:events_accepted:per_hour1h',
  /** Dollars per 1 M accepted events at the rate of the last hour; absent while there were none. */
  costPerMillion: 'api:cost_per_million_events:dollars1h',
  /** The same at the capacity of the deployment: it cannot be cheaper. What is above it is the price of being idle. */
  costPerMillionFloor: 'api:cost_per_million_events_at_capacity:dollars',
  /** What the deployment costs while nobody sends anything. */
  idleMonth: 'api:deployment_price:dollars_per_month',
} as const;
