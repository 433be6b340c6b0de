import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Alert } from '../../grafana/src/alert.ts';
import type { Rule } from './mutations.ts';

/** The alerts as they are committed, and as Prometheus loads them. */
const text = await readFile(new URL('../../prometheus/rules/alerts.yml', import.meta.url), 'utf8');
const { groups } = parse(text) as { groups: { name: string; rules: Rule[] }[] };
export const committedRules = groups.flatMap((group) => group.rules);

/** @throws Error when the file does not have it. */
export function ruleOf(alert: Alert): Rule {
  const found = committedRules.find((rule) => rule.alert === alert.name);
  if (!found) throw new Error(`prometheus/rules/alerts.yml has no ${alert.name}: npm run generate`);
  return found;
}
