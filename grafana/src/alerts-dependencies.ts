import type { Alert } from './alert.ts';
import { keepCauses, keepDatabase, metrics, scrapeJobs } from './model.ts';

const api = `job="${scrapeJobs.api.job}"`;

export const dependencyAlerts: Alert[] = [
  {
    name: 'DatabaseDown',
    severity: 'P1',
    owner: 'on-call',
    expr: `min(${metrics.pgUp}) < 1`,
    // Shorter than any alert that follows from it: the cause is known before its consequences are sent.
    for: '30s',
    keepFor: keepDatabase,
    summary: 'Postgres does not answer.',
    description: 'No event can be stored or fetched: the API answers 503. Everything that was answered 2xx is on disk.',
    firstSteps: [
      'Is the server there (`docker compose ps postgres`, or the state of the RDS instance)? A failover between zones takes one to two minutes: wait for it once.',
      'Disk full? See [DiskSpaceLow](#diskspacelow). Out of connections? `SELECT state, count(*) FROM pg_stat_activity GROUP BY 1`.',
      'Read its log from the moment at which it stopped, before restarting it.',
      'The API reconnects by itself. Afterwards look at dead letters and backlog.',
    ],
    proof: { edges: [{ series: `${metrics.pgUp}{job="${scrapeJobs.postgres.job}"}`, limit: 1, fires: '<' }] },
  },
  {
    name: 'RedisDown',
    severity: 'P2',
    owner: 'on-call',
    expr: `min(${metrics.redisUp}{${api}}) < 1`,
    for: '1m',
    keepFor: keepCauses,
    summary: 'Redis does not answer the API.',
    description:
      'Limits are kept by each process alone, so a partner may send as often as there are replicas, and long polls wake up later. No event is in danger.',
    firstSteps: ['Restart Redis; it keeps nothing that must survive.', 'Out of memory? The dashboard shows its use and evictions.'],
    proof: { edges: [{ series: `${metrics.redisUp}{${api},instance="api-1:9464"}`, limit: 1, fires: '<' }] },
  },
  {
    name: 'VaultDown',
    severity: 'P2',
    owner: 'on-call',
    expr: `min(${metrics.vaultUp}) < 1`,
    // Shorter than the two minutes after which HealthCheckFailing follows from it.
    for: '1m',
    keepFor: keepCauses,
    summary: 'The vault of keys cannot be opened.',
    description: 'Partners are served: keys are checked by their hash. New keys cannot be kept, and onboarding waits.',
    firstSteps: [
      '`./scripts/admin vault status` names the reason.',
      'Master key in a file: is it mounted and readable by its owner only? In KMS: was the key disabled, or the role changed?',
    ],
    proof: { edges: [{ series: `${metrics.vaultUp}{${api},instance="api-1:9464"}`, limit: 1, fires: '<' }] },
  },
  {
    name: 'TargetDown',
    severity: 'P3',
    owner: 'operations',
    expr: `${metrics.up}{job!="${scrapeJobs.api.job}"} < 1`,
    for: '5m',
    summary: '{{ $labels.job }} at {{ $labels.instance }} has not answered a scrape for 5 minutes.',
    description: 'Partners are served, but we see less: the alerts that are made of these figures are silent.',
    firstSteps: ['Restart the exporter.', 'Does it reach what it watches? `curl http://…/metrics` from its neighbour.'],
    proof: {
      edges: [{ series: `${metrics.up}{job="node",instance="node-1:9100"}`, limit: 1, fires: '<' }],
      labels: { job: 'node', instance: 'node-1:9100' },
    },
  },
  {
    name: 'Watchdog',
    severity: 'none',
    owner: 'operations',
    expr: 'vector(1)',
    for: '0s',
    summary: 'Always firing. When it stops arriving, no other alert arrives either.',
    description: 'A dead man’s switch: the receiver calls somebody when it has not heard this for a few minutes.',
    firstSteps: [
      'This firing is right. Its receiver reports silence: then look whether Prometheus and Alertmanager run, and whether Alertmanager reaches the outside.',
      'Until it is back, watch the dashboard: nobody is called.',
    ],
    proof: { edges: [] },
  },
];
