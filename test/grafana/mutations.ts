/** A rule of an alert as it stands in the file. */
export type Rule = { alert: string; expr: string; for?: string; labels: Record<string, string>; annotations: Record<string, string> };

export type Mutation = { kind: 'number' | 'comparison' | 'wait'; what: string; rule: Rule };

const comparisons: Record<string, string> = { '>': '>=', '>=': '>', '<': '<=', '<=': '<' };

/** What is neither a number nor a comparison: strings, durations, names (which may contain digits). */
const token = /"[^"]*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|(?<number>\d+(?:\.\d+)?(?:e\d+)?)|(?<comparison>[<>]=?)/g;

/** Every rule that differs by one step: a number a tenth lower or higher (0: a tenth below or above), a comparison with or without its limit, a wait a tenth shorter or longer. */
export function mutationsOf(rule: Rule): Mutation[] {
  const changed: Mutation[] = [];
  const splice = (kind: Mutation['kind'], index: number, length: number, by: string) => {
    const expr = rule.expr.slice(0, index) + by + rule.expr.slice(index + length);
    changed.push({ kind, what: `${rule.alert}: ${expr}`, rule: { ...rule, expr } });
  };
  for (const match of rule.expr.matchAll(token)) {
    const { number, comparison } = match.groups as { number?: string; comparison?: string };
    if (number !== undefined) for (const value of aTenthAway(Number(number))) splice('number', match.index, number.length, String(value));
    // `!=`, `=~` and the like are parts of selectors and have a name before them; a comparison stands alone.
    else if (comparison) splice('comparison', match.index, comparison.length, comparisons[comparison] as string);
  }
  if (rule.for) {
    const wait = Number.parseInt(rule.for, 10) * { s: 1_000, m: 60_000, h: 3_600_000 }[rule.for.at(-1) as 's' | 'm' | 'h'];
    for (const value of aTenthAway(wait)) {
      changed.push({ kind: 'wait', what: `${rule.alert}: for ${value} ms`, rule: { ...rule, for: `${Math.round(value)}ms` } });
    }
  }
  return changed;
}

function aTenthAway(value: number): number[] {
  return value === 0 ? [-0.1, 0.1] : [Number((value * 0.9).toPrecision(6)), Number((value * 1.1).toPrecision(6))];
}
