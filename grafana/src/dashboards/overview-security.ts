import { metrics, recorded, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { bars, figure, lines, table } from './panel-kinds.ts';
import { orZero, orZeroFor, rateOf, toPartner } from './queries.ts';
import { atLeast, atMost, plain } from './thresholds.ts';

export const security: Group = {
  title: 'Security',
  panels: [
    lines({
      title: 'Limit hits by policy',
      description: 'Requests a second that a limit refuses: the partner’s burst or month, or an address with too many wrong keys.',
      unit: 'reqps',
      queries: [{ expr: orZeroFor(recorded.limitHitRate, 'policy', ['burst', 'monthly', 'address']), legend: '{{policy}}' }],
      alerts: ['LimitHits'],
    }),
    lines({
      title: 'Limit hit ratio',
      description: 'Of all requests. It should be low: limits protect partners from one another.',
      unit: 'percentunit',
      queries: [{ expr: orZero(recorded.limitHitRatio), legend: 'refused' }],
      thresholds: atMost(thresholds.limitHitRatio),
      alerts: ['LimitHits'],
    }),
    lines({
      title: '429 by partner',
      description: 'Requests a second refused by a limit, of the ten partners that it happens to most.',
      unit: 'reqps',
      queries: [
        {
          expr: `topk(10, sum by (partner) (rate(${metrics.partnerRequests}{class="429"}[$__rate_interval])) or 0 * ${recorded.partnerEventRate})`,
          legend: '{{partner}}',
        },
      ],
      drill: toPartner,
      alerts: ['LimitHits'],
    }),
    lines({
      title: '401 and 403 by reason',
      description: 'Refused credentials a second. expired or revoked: a partner has missed a rotation. unknown: guessing.',
      unit: 'reqps',
      queries: [
        {
          expr: orZeroFor(rateOf(metrics.authFailures, 'reason'), 'reason', ['unknown', 'expired', 'revoked', 'forbidden']),
          legend: '{{reason}}',
        },
      ],
      alerts: ['AuthFailureBurst', 'BurstOf401'],
    }),
    lines({
      title: '401 and 403',
      description:
        'Answers a second. 401: no valid key. 403: a key that may not do this. The limit is that of the alert, which leaves missing scopes out.',
      unit: 'reqps',
      queries: [{ expr: orZeroFor(`${recorded.statusRate}{status=~"401|403"}`, 'status', ['401', '403']), legend: '{{status}}' }],
      thresholds: atMost(thresholds.authFailureRate),
      alerts: ['AuthFailureBurst'],
    }),
    bars({
      title: 'Suspicious patterns',
      description: 'Finds of the last 15 minutes. The log line of each has the addresses, and the prefix of the key where there is one.',
      unit: 'none',
      queries: [
        {
          expr: orZeroFor(recorded.suspiciousFinds, 'pattern', ['many_keys_one_address', 'one_key_many_addresses', 'burst_401']),
          legend: '{{pattern}}',
        },
      ],
      thresholds: atMost(1),
      alerts: ['ManyKeysOneAddress', 'OneKeyManyAddresses', 'BurstOf401'],
    }),
    figure({
      title: 'Time until expiry',
      description:
        'Of the next key that has not been replaced, and of the public address’s certificate, if prometheus/probes names that address. Then partners are answered 401, or not at all.',
      unit: 's',
      queries: [
        { expr: `min(${metrics.keyExpiry}) - time()`, legend: 'next key' },
        { expr: `min(${metrics.certificateExpiry}) - time()`, legend: 'certificate' },
      ],
      thresholds: atLeast(thresholds.keyExpirySeconds, thresholds.certificateExpirySeconds),
      noValue: 'nothing expires',
      width: 8,
      height: 8,
      alerts: ['KeyExpiring', 'CertificateExpiring'],
    }),
    lines({
      title: 'Keys that expire',
      description: 'Keys that have not been replaced, and expire within 7 and 30 days.',
      unit: 'none',
      queries: [{ expr: `max by (within) (${metrics.keysExpiring})`, legend: 'within {{within}}' }],
      alerts: ['KeyExpiring'],
    }),
    lines({
      title: 'Audit log',
      description: 'Entries. It only grows: fewer than before is an incident.',
      unit: 'short',
      queries: [{ expr: `max(${metrics.auditLogRows})`, legend: 'entries' }],
      alerts: ['AuditAnchorFailing'],
    }),
    table({
      title: 'Alerts that fire',
      description: 'The Watchdog always does, which shows that alerts work.',
      unit: 'none',
      queries: [{ expr: `count by (severity, alertname) (${metrics.alerts}{alertstate="firing"})`, legend: '{{alertname}}' }],
      columns: { severity: 'severity', alertname: 'alert' },
      value: 'series',
      thresholds: plain,
      width: 24,
      height: 9,
      alerts: ['Watchdog', 'OutagePaged'],
    }),
  ],
};
