/**
 * The one model of what is measured and when somebody is called. Dashboards, recording rules, alerts, their tests, Alertmanager's configuration
 * and docs/alerts.md are made of it (`npm run generate`); no number and no name of a metric stands anywhere else.
 *
 * Ratios are 0 to 1, times are seconds, sizes are bytes, money is US dollars.
 */

export { betaTargets } from './beta-targets.ts';
export { scrapeJobs } from './jobs.ts';
export { metrics } from './metrics.ts';
export { recorded } from './recorded.ts';

/** What partners are promised (the launch's service level): answers that are not the service's own errors. */
export const slo = {
  availability: 0.999,
  /** The window of the error budget; the windows of the burn rates are in `burnRates`. */
  budgetDays: 30,
  /** For how long an outage that was paged holds back the budget's pages: longer than the short window of each of them. */
  pagedOutageWindow: '40m',
  /** Windows over which the error ratio is recorded: `api:http_errors:ratio_rate<window>`. */
  windows: ['5m', '30m', '1h', '2h', '6h', '1d', '3d'],
} as const;

export type Window = (typeof slo.windows)[number];

/**
 * Multi-window burn rates (Google, The Site Reliability Workbook, chapter 5, table 5-8): the long window says that it matters, the short one
 * that it still goes on. `factor` 1 would use up exactly the budget of 30 days in 30 days.
 */
export const burnRates: readonly { factor: number; long: Window; short: Window; pages: boolean; name: string }[] = [
  { factor: 14.4, long: '1h', short: '5m', pages: true, name: 'ErrorBudgetBurnFast' },
  { factor: 6, long: '6h', short: '30m', pages: true, name: 'ErrorBudgetBurnSteady' },
  { factor: 3, long: '1d', short: '2h', pages: false, name: 'ErrorBudgetBurnSlow' },
  { factor: 1, long: '3d', short: '6h', pages: false, name: 'ErrorBudgetBurnCreeping' },
];

const minute = 60;
const day = 86_400;

export const thresholds = {
  /** P1: more than 1 % of the answers are errors of the service (story, 1.12). */
  errorRatio: 0.01,
  /** P2: the 95th percentile, long polls aside (story, 1.12). It is an edge of the histogram: nothing is interpolated at the limit. */
  p95Seconds: 0.15,
  /** Drawn as the first step of colour on panels of latency. */
  p95WarningSeconds: 0.1,
  /** Drawn in yellow: less than a quarter of the error budget is left. */
  budgetLeftWarning: 0.25,
  /** P3: the worst of connections used of the server's maximum, and of each pool (story, 1.12). */
  databaseUtilisation: 0.8,
  /** P4: requests refused by a limit (story, 1.12). */
  limitHitRatio: 0.001,
  /** Requests a second below which a ratio says nothing: one failed request of three is not an outage. */
  minimumRequestRate: 0.1,
  /** Events a second below which a cost per event says nothing but that it is quiet. */
  minimumEventRate: 0.1,
  /** Health is looked at once a minute; so many failures within five looks (story: 3 in 5 minutes). */
  healthFailures: 3,
  /** Requests waiting for a connection, on average of 5 minutes, of one pool of one process. */
  poolWaiting: 1,
  /** Half of MAX_QUEUED_ROWS's default: from the whole on, events are answered 503. */
  writeQueueRows: 5_000,
  /** A part of every file system that must stay free. */
  diskFreeRatio: 0.15,
  memoryAvailableRatio: 0.1,
  /** Resident memory of one process: it is 185 MB under the launch's full load (docs/benchmarks), so this much is a leak. */
  residentMemoryBytes: 512 * 1024 ** 2,
  /** p99 of the event loop's lag, on average of 5 minutes. From 0.25 s on polls are refused (OVERLOAD_LATENESS_MS). */
  eventLoopLagSeconds: 0.1,
  /** The retention job runs every minute. */
  retentionLateSeconds: 15 * minute,
  partitionsAheadDays: 2,
  /** Failures of one job within an hour; one is tried again and may be forgotten. */
  jobFailuresPerHour: 1,
  /** The audit log's anchor is what makes it evidence: the first failure counts. */
  auditAnchorFailuresPerHour: 0,
  keyExpirySeconds: 7 * day,
  certificateExpirySeconds: 14 * day,
  /** More dead letters in store than an hour ago. */
  deadLettersPerHour: 100,
  /** Refused credentials a second, of all addresses together. */
  authFailureRate: 1,
  /** Finds of one suspicious pattern within 15 minutes. */
  suspiciousFinds: 0,
  /** Less than this many events in the last hour is silence of a partner … */
  partnerSilentEvents: 1,
  /** … who has had at least so many in every hour of the last 7 days. */
  partnerHourlyMinimum: 1,
  /** Story: an event costs less than a tenth of a cent. */
  costPerMillionDollars: 1_000,
} as const;

/**
 * What the reference deployment costs an hour (AWS list prices of us-east-1, on demand, without traffic). The servers report what PRICE_PER_HOUR
 * says; this is what stands in for it when they do not.
 */
export const prices = {
  items: [
    { name: 'Two Fargate tasks of 1 vCPU and 2 GB', dollarsPerHour: 2 * (0.04048 + 2 * 0.004445) },
    { name: 'RDS for PostgreSQL, db.t4g.medium in two zones', dollarsPerHour: 0.129 },
    { name: 'ElastiCache, cache.t4g.micro', dollarsPerHour: 0.016 },
    { name: 'Application load balancer', dollarsPerHour: 0.0225 },
    { name: 'NAT gateway', dollarsPerHour: 0.045 },
  ],
  /** Sustained events a second that the reference deployment is made for: the floor of the cost per event. */
  capacityEventsPerSecond: 1_000,
} as const;

export const hourlyPrice = Math.round(prices.items.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0) * 10_000) / 10_000;

/**
 * What is no service to a partner: probes, pages, and requests to paths that are none (`unmatched`). They are in no ratio and no latency: a scanner's thousand 404
 * would hide errors.
 */
export const probeOperations = [
  'getHealth',
  'getReady',
  'getLive',
  'getDocs',
  'getOpenApi',
  'getErrorDocs',
  'getGuide',
  'unmatched',
] as const;

/** Longer than the five minutes that the consequences of an outage look back: until then they would be sent as news. */
export const keepCauses = '6m';
/** Longer than any other cause: the replicas that serve again after their database are no news. */
export const keepDatabase = '7m';

/** Where docs/alerts.md is read; `runbook_url` of an alert is this and `#` and its name in lower case. */
export const runbookUrl = 'https://triggers.example/docs/alerts';

export type Severity = 'P1' | 'P2' | 'P3' | 'P4' | 'none';

/** Who is expected to act. */
export type Owner = 'on-call' | 'operations' | 'security' | 'partner-success';

export type { Alert } from './alert.ts';
