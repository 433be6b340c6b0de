import type { Alert } from './alert.ts';
import { recorded, thresholds } from './model.ts';

/** One alert for each pattern that the server looks for: what each asks of a person is different. */
function suspicious(pattern: string, alert: Pick<Alert, 'name' | 'summary' | 'description' | 'firstSteps'>): Alert {
  const series = `${recorded.suspiciousFinds}{pattern="${pattern}"}`;
  return {
    ...alert,
    severity: 'P2',
    owner: 'security',
    expr: `${series} > ${thresholds.suspiciousFinds}`,
    for: '0s',
    proof: { edges: [{ series, limit: thresholds.suspiciousFinds, fires: '>' }], labels: { pattern } },
  };
}

export const securityAlerts: Alert[] = [
  suspicious('many_keys_one_address', {
    name: 'ManyKeysOneAddress',
    summary: 'One address has used the keys of many partners.',
    description: 'Keys of different partners from one address: a stolen list being tried, or partners behind one provider.',
    firstSteps: [
      'The log line of the find (`pattern`) has the address (IPv6: the network) and the prefixes of the keys that exist. Do its requests succeed?',
      'They do, and the address is not a provider’s that these partners use: revoke the keys, and tell the partners.',
    ],
  }),
  suspicious('one_key_many_addresses', {
    name: 'OneKeyManyAddresses',
    summary: 'One key is used from many addresses.',
    description: 'A key has spread: to a leak, or to a fleet without a common way out.',
    firstSteps: [
      'The log line of the find (`pattern`) has the key prefix and the last ten addresses (IPv6: networks). Ask the partner whether they are theirs.',
      'Not theirs: rotate the key now. Theirs: limit the key to their networks (`./scripts/admin keys change --help`).',
    ],
  }),
  suspicious('burst_401', {
    name: 'BurstOf401',
    summary: 'One address is refused again and again.',
    description: 'Somebody tries keys, or a partner’s deployment has the wrong one. Look-ups stop for such an address by themselves.',
    firstSteps: [
      'The log line of the find (`pattern`) has the address (IPv6: the network). Is it a partner’s? Then their key is wrong or expired: tell them.',
      'A stranger’s: the limits hold. If it goes on from many addresses, block them at the balancer.',
    ],
  }),
  {
    name: 'AuthFailureBurst',
    severity: 'P3',
    owner: 'security',
    expr: `${recorded.authFailureRate} > ${thresholds.authFailureRate}`,
    for: '5m',
    summary: '{{ $value | humanize }} credentials a second are refused.',
    description:
      'From all addresses together, more than any mistake of one partner makes. Good keys that lack a scope (`forbidden`) are not counted.',
    firstSteps: [
      'Overview, "401 and 403 by reason". `expired` or `revoked`: a partner has missed a rotation. `unknown`: guessing.',
      'After a deployment of ours: was KEY_PEPPER changed? Then no key is known any more; restore it.',
    ],
    proof: { edges: [{ series: recorded.authFailureRate, limit: thresholds.authFailureRate, fires: '>' }] },
  },
];
