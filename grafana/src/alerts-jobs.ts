import type { Alert } from './alert.ts';
import { metrics, recorded, scrapeJobs, thresholds } from './model.ts';

/** Name of the job that anchors the audit log (src/modules/audit/anchor-job.ts). */
export const auditAnchorJob = 'audit-anchor';

export const jobAlerts: Alert[] = [
  {
    name: 'RetentionLate',
    severity: 'P3',
    owner: 'operations',
    // Replicas that have just started have not run it: then their start counts.
    expr: `time() - (max(${metrics.retentionRunAt}) or max(${metrics.processStart}{job="${scrapeJobs.api.job}"})) > ${thresholds.retentionLateSeconds}`,
    for: '1m',
    summary: 'Retention last ended {{ $value | humanizeDuration }} ago.',
    description:
      'It runs every minute. Days of delay harm no event, but expired payloads are kept longer than promised, and the disk fills.',
    firstSteps: [
      'Is [JobFailing](#jobfailing) firing? The log has the error under the name of the job.',
      'Does the queue of jobs run at all? `SELECT name, state, count(*) FROM pgboss.job GROUP BY 1, 2`.',
      'A sweep that takes longer than a minute after a large expiry ends by itself.',
    ],
    follows: ['DatabaseDown', 'ApiDown'],
    proof: { edges: [{ series: metrics.retentionRunAt, limit: thresholds.retentionLateSeconds, fires: '>', time: 'ago' }] },
  },
  {
    name: 'PartitionsShort',
    severity: 'P2',
    owner: 'operations',
    expr: `min(${metrics.partitionsAhead}) < ${thresholds.partitionsAheadDays}`,
    for: '15m',
    summary: 'The events table has partitions for {{ $value }} more days.',
    description: 'Without a partition for its day an event cannot be stored. The job that makes them runs every hour.',
    firstSteps: [
      'Why did the job `partitions` not make them? See the log; a lock on the events table is the usual reason.',
      'Restart one replica: the next beat runs it again.',
    ],
    follows: ['DatabaseDown'],
    proof: { edges: [{ series: metrics.partitionsAhead, limit: thresholds.partitionsAheadDays, fires: '<' }] },
  },
  {
    name: 'JobFailing',
    severity: 'P3',
    owner: 'operations',
    expr: `${recorded.jobFailures}{exported_job!="${auditAnchorJob}"} > ${thresholds.jobFailuresPerHour}`,
    for: '1m',
    summary: 'The job {{ $labels.exported_job }} has failed {{ $value }} times within an hour.',
    description: 'A job that fails is tried again, so one failure is nothing. This one does not get better by itself.',
    firstSteps: [
      'The log has every failure, with the job’s name and the error.',
      'All jobs: the database, or the tables of pg-boss after an upgrade.',
    ],
    follows: ['DatabaseDown'],
    proof: {
      edges: [{ series: `${recorded.jobFailures}{exported_job="partitions"}`, limit: thresholds.jobFailuresPerHour, fires: '>' }],
      labels: { exported_job: 'partitions' },
    },
  },
  {
    name: 'AuditAnchorFailing',
    severity: 'P2',
    owner: 'security',
    expr: `${recorded.jobFailures}{exported_job="${auditAnchorJob}"} > ${thresholds.auditAnchorFailuresPerHour}`,
    for: '1m',
    summary: 'The audit log could not be anchored.',
    description:
      'The chain of hashes is intact or not: until the next anchor nobody outside can tell. If the chain itself is broken, this is an incident.',
    firstSteps: [
      '`./scripts/admin audit verify` says whether the chain is whole. If not: change nothing, save the database, call security.',
      'Whole: the job’s log line has the reason.',
    ],
    follows: ['DatabaseDown'],
    proof: {
      edges: [
        { series: `${recorded.jobFailures}{exported_job="${auditAnchorJob}"}`, limit: thresholds.auditAnchorFailuresPerHour, fires: '>' },
      ],
      labels: { exported_job: auditAnchorJob },
    },
  },
  {
    name: 'KeyExpiring',
    severity: 'P3',
    owner: 'partner-success',
    expr: `min(${metrics.keyExpiry}) - time() < ${thresholds.keyExpirySeconds}`,
    for: '10m',
    summary: 'A key of a partner expires in {{ $value | humanizeDuration }}.',
    description: 'From then on the partner is answered 401. Keys that have been replaced do not count.',
    firstSteps: [
      '`./scripts/admin partners list` and `./scripts/admin keys list <slug>` find the key and its partner.',
      'Remind the partner; rotation gives them time with both keys.',
    ],
    proof: { edges: [{ series: metrics.keyExpiry, limit: thresholds.keyExpirySeconds, fires: '<', time: 'ahead' }] },
  },
  {
    name: 'CertificateExpiring',
    severity: 'P3',
    owner: 'operations',
    expr: `min(${metrics.certificateExpiry}) - time() < ${thresholds.certificateExpirySeconds}`,
    for: '10m',
    summary: 'A certificate expires in {{ $value | humanizeDuration }}.',
    description:
      'Renewal is automatic and happens long before. If it still has not, it does not work. It needs the public https address in `prometheus/probes/public.yml`: without one no certificate is seen, and this never fires.',
    firstSteps: [
      'Read the log of the renewal; the usual reason is a DNS record or a closed port 80.',
      'Renew by hand, then repair the cause.',
    ],
    proof: { edges: [{ series: metrics.certificateExpiry, limit: thresholds.certificateExpirySeconds, fires: '<', time: 'ahead' }] },
  },
];
