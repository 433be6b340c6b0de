import { parse } from 'yaml';
import { yamlText } from '../../grafana/src/rule-files.ts';

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };
const duration = '(?:\\d+(?:ms|[smhdwy]))+';

/** Milliseconds of a duration as Prometheus writes it, `4m30s`. @throws Error for anything else. */
export function millisecondsOf(text: string): number {
  if (!new RegExp(`^${duration}$`).test(text)) throw new Error(`no duration: ${text}`);
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit as string] as number),
    0,
  );
}

type Rule = { expr: string; for?: string; keep_firing_for?: string };
type RuleFile = { groups: { interval?: string; rules: Rule[] }[] };

/**
 * The same rules for a world in which everything happens `factor` times as fast: each window, offset, `for` and interval divided by it, down to a millisecond, and
 * nothing else changed. Limits stay, also those that are seconds: what is compared with them is no matter of how long one looks.
 */
export function faster(rulesText: string, factor: number): string {
  const scaled = (text: string) => `${Math.max(1, Math.round(millisecondsOf(text) / factor))}ms`;
  const windows = new RegExp(`(?<=\\[|\\[${duration}:|\\boffset )${duration}`, 'g');
  const file = parse(rulesText) as RuleFile;
  for (const group of file.groups) {
    if (group.interval) group.interval = scaled(group.interval);
    for (const rule of group.rules) {
      rule.expr = outsideOfStrings(rule.expr, (text) => text.replace(windows, scaled));
      for (const name of ['for', 'keep_firing_for'] as const) if (rule[name]) rule[name] = scaled(rule[name]);
    }
  }
  return yamlText(file);
}

function outsideOfStrings(expr: string, change: (text: string) => string): string {
  return expr
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join('');
}
