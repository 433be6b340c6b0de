import { costRules } from './recording-costs.ts';
import { eventRules, partnerRules } from './recording-events.ts';
import { budgetRules, requestRules } from './recording-requests.ts';
import { healthRules, resourceRules } from './recording-resources.ts';

export type RecordingRule = { record: string; expr: string; labels?: Record<string, string> };

/** Rules of a group are evaluated in their order, at one moment: a rule may use those above it. */
export type RecordingGroup = { name: string; interval?: string; rules: RecordingRule[] };

export const recordingGroups: RecordingGroup[] = [
  { name: 'requests', rules: requestRules },
  { name: 'events', rules: eventRules },
  { name: 'resources', rules: resourceRules },
  // Once a minute, because that is what a health check is: three failures in five looks.
  { name: 'health', interval: '1m', rules: healthRules },
  { name: 'costs', interval: '1m', rules: costRules },
  // Long windows over many samples; they move slowly.
  { name: 'budget', interval: '5m', rules: budgetRules },
  { name: 'partners', interval: '5m', rules: partnerRules },
];
