import { costRules } from './recording-costs.ts';
import { eventRules, partnerRules } from './recording-events.ts';
import { budgetRules, longRequestRules, requestRules } from './recording-requests.ts';
import { healthRules, resourceRules } from './recording-resources.ts';

export type RecordingRule = { record: string; expr: string; labels?: Record<string, string> };

/** Rules of a group are evaluated in their order, at one moment: a rule may use those above it. */
export type RecordingGroup = { name: string; interval?: string; rules: RecordingRule[] };

export const recordingGroups: RecordingGroup[] = [
  { name: 'requests', rules: requestRules },
  // Hours to days of every series of every replica: read once a minute.
  { name: 'requests-long', interval: '1m', rules: longRequestRules },
  { name: 'events', rules: eventRules },
  { name: 'resources', rules: resourceRules },
  // Once a minute, because that is what a health check is: three failures in five looks.
  { name: 'health', interval: '1m', rules: healthRules },
  { name: 'costs', interval: '1m', rules: costRules },
  // Long windows over many samples; they move slowly. But Prometheus knows a value for 5 minutes only: a rule that is late once must not leave a gap.
  { name: 'budget', interval: '2m', rules: budgetRules },
  { name: 'partners', interval: '2m', rules: partnerRules },
];
