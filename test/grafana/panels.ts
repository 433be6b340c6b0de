import type { DashboardJson } from './dashboard-files.ts';

/** Label and selector of every variable of a dashboard that asks Prometheus. @throws Error for a kind of question that is not known here. */
export function variablesOf({ uid, templating }: DashboardJson) {
  return templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => {
      const text = typeof query === 'string' ? query : (query as { query: string }).query;
      const [, selector, label] = /^label_values\((.+), *(\w+)\)$/.exec(text) ?? [];
      if (!selector || !label) throw new Error(`${uid}, $${name}: ${text}`);
      return { place: `${uid}, $${name}`, selector, label };
    });
}

/** What Grafana would put in place of its variables. @throws Error when one is left. */
export function substituted(expr: string, variables: Record<string, string>): string {
  const done = expr.replaceAll(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (whole, braced, plain) => variables[braced ?? plain] ?? whole);
  if (done.includes('$')) throw new Error(`a variable is not known here: ${done}`);
  return done;
}

const value = 'vector\\(\\d+\\)';
const labelled = `label_replace\\(${value}(?:, "[^"]*")+\\)`;
const condition = '(?: and on \\(\\) (?:\\([^)]*\\)|\\w+\\{[^}]*\\}))?';
const standIn = new RegExp(` or (?:(?:${value}|${labelled})${condition}|0 \\* [\\w:]+(?:\\{[^}]*\\})?)`, 'g');

/** Without the zeros that stand in for what has not happened: they would be an answer even if what they stand in for were misspelt. */
export const withoutStandIns = (expr: string): string => expr.replaceAll(standIn, '');
