import type { Alert } from './alert.ts';
import { keepCauses, metrics, recorded, scrapeJobs, thresholds } from './model.ts';

const up = `${metrics.up}{job="${scrapeJobs.api.job}"}`;
const serving = `${metrics.serving}{job="${scrapeJobs.api.job}"}`;
const enoughRequests = `and ${recorded.requestRate} >= ${thresholds.minimumRequestRate}`;
const minimumRate = { series: recorded.requestRate, limit: thresholds.minimumRequestRate, fires: '>=' } as const;
const instance = 'api-1:9464';

export const serviceAlerts: Alert[] = [
  {
    name: 'HighErrorRate',
    severity: 'P1',
    owner: 'on-call',
    expr: `${recorded.errorRatio('5m')} > ${thresholds.errorRatio} ${enoughRequests}`,
    for: '1m',
    summary: '{{ $value | humanizePercentage }} of all answers are errors of the service.',
    description:
      'More than 1 % of the requests of the last 5 minutes were answered with a 5xx. Partners repeat what failed, so events are late and not lost, as long as it ends.',
    firstSteps: [
      'Overview, "Errors by status" and "Errors by operation": one operation, or all? 503 is overload or a missing dependency, 500 is a defect.',
      'Was something deployed in the last hour? Errors of one `version` only: roll it back.',
      'Is [DatabaseDown](#databasedown), [PoolWaiting](#poolwaiting) or [WriteQueueLong](#writequeuelong) firing? Then go there.',
      'Read the log lines of level `warn` and `error`; each has the request id that the partner has too.',
    ],
    follows: ['DatabaseDown', 'ApiDown'],
    proof: {
      series: { [recorded.errorRatio('5m')]: 0.5, [recorded.requestRate]: 10 },
      edges: [{ series: recorded.errorRatio('5m'), limit: thresholds.errorRatio, fires: '>' }, minimumRate],
    },
  },
  {
    name: 'HighLatency',
    severity: 'P2',
    owner: 'on-call',
    expr: `${recorded.p95} > ${thresholds.p95Seconds} ${enoughRequests}`,
    for: '5m',
    summary: 'p95 is {{ $value | humanizeDuration }}.',
    description: 'One request in twenty takes longer than 150 ms, long polls aside. Partners with tight timeouts begin to repeat requests.',
    firstSteps: [
      'Overview, "p95 by operation": one operation, or all?',
      'All: look at event loop lag, pool waiting and CPU. Storing alone: at batch size, commit time and WAL of Postgres.',
      'One `version` only: roll it back.',
      'A partner who sends far more than usual (dashboard Partner) may be limited: `./scripts/admin partners change --help`.',
    ],
    follows: ['DatabaseDown', 'ApiDown'],
    proof: {
      series: { [recorded.p95]: 0.5, [recorded.requestRate]: 10 },
      edges: [{ series: recorded.p95, limit: thresholds.p95Seconds, fires: '>' }, minimumRate],
    },
  },
  {
    name: 'HealthCheckFailing',
    severity: 'P2',
    owner: 'on-call',
    expr: `${recorded.healthFailures} >= ${thresholds.healthFailures}`,
    for: '0s',
    summary: '{{ $labels.instance }} has failed {{ $value }} of its last five health checks.',
    description:
      'Health is looked at once a minute. It fails when the process does not answer, or says that it cannot serve: no database, a full write queue, a late event loop.',
    firstSteps: [
      '`curl https://…/v1/health` names the component that is degraded.',
      'One replica of several: the balancer leaves it out already. Restart it; keep its last 100 log lines.',
      'All replicas: it is what they share. Postgres first, then Redis.',
    ],
    follows: ['DatabaseDown', 'ApiDown', 'RedisDown', 'VaultDown'],
    proof: {
      edges: [{ series: `${recorded.healthFailures}{instance="${instance}"}`, limit: thresholds.healthFailures, fires: '>=' }],
      labels: { instance },
    },
  },
  {
    name: 'ApiDown',
    severity: 'P1',
    owner: 'on-call',
    // A replica that does not answer the scrape says nothing, and one that answers may still not serve.
    expr: `absent(${serving} >= 1)`,
    for: '5m',
    keepFor: keepCauses,
    summary: 'No replica of the API has served for 5 minutes.',
    description: 'Nobody can store or fetch an event. What was answered before is safe; partners repeat the rest.',
    firstSteps: [
      'Are the processes there (`docker compose ps api`, or the tasks of the service)? If they restart again and again, the first lines of the log name the wrong setting or the missing dependency.',
      'Do they run? `/v1/health` from outside has `serving` and its reason: Postgres does not answer, or the write queue is full.',
      'It says that it serves? Then Prometheus does not reach port 9464, and partners are served.',
      'After a deployment: roll back, then look for the cause.',
      'Tell partners on the status page within 15 minutes.',
    ],
    follows: ['DatabaseDown'],
    proof: {
      edges: [{ series: `${metrics.serving}{job="${scrapeJobs.api.job}",instance="${instance}"}`, limit: 1, fires: '<' }],
    },
  },
  {
    name: 'ApiInstanceDown',
    severity: 'P2',
    owner: 'on-call',
    expr: `${up} < 1`,
    for: '5m',
    summary: '{{ $labels.instance }} has not answered for 5 minutes.',
    description: 'Others still serve; there is less room for a second failure and for load.',
    firstSteps: ['Restart the replica.', 'Look at its last log lines and its memory before it went.'],
    follows: ['DatabaseDown', 'ApiDown'],
    proof: {
      series: { [`${metrics.up}{job="${scrapeJobs.api.job}",instance="api-2:9464"}`]: 1 },
      edges: [{ series: `${metrics.up}{job="${scrapeJobs.api.job}",instance="${instance}"}`, limit: 1, fires: '<' }],
      labels: { instance, job: scrapeJobs.api.job },
    },
  },
  {
    name: 'LimitHits',
    severity: 'P4',
    owner: 'partner-success',
    expr: `${recorded.limitHitRatio} > ${thresholds.limitHitRatio} ${enoughRequests}`,
    for: '5m',
    summary: '{{ $value | humanizePercentage }} of all requests are refused by a limit.',
    description:
      'Limits protect partners from one another, so this is the service at work. It is written down because a partner may need more.',
    firstSteps: [
      'Overview, "Limit hits by policy"; dashboard Partner shows whose they are.',
      'A partner who is refused every day needs a higher limit or advice; talk to them.',
    ],
    proof: {
      series: { [recorded.limitHitRatio]: 0.5, [recorded.requestRate]: 10 },
      edges: [{ series: recorded.limitHitRatio, limit: thresholds.limitHitRatio, fires: '>' }, minimumRate],
    },
  },
];
