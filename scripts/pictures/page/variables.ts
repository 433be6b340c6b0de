import type { ScopedVars } from '@grafana/data';
import type { Dashboard, DrawRequest, Variable } from './dashboard-json.ts';
import type { Prometheus } from './prometheus.ts';

/** Values by name of variable; several of one that allows several. */
export type Values = Record<string, string[]>;

const everything = '$__all';

/** The value of each variable: what the request names, else what the dashboard has stored, else the first that Prometheus knows. */
export async function variableValues(request: DrawRequest, prometheus: Prometheus): Promise<Values> {
  const values: Values = {};
  for (const variable of request.dashboard.templating?.list ?? []) {
    const given = request.variables[variable.name];
    const stored = variable.current?.value;
    const chosen = given === undefined ? [stored ?? []].flat() : [given];
    const options = variable.type === 'query' ? await optionsOf(variable, values, request, prometheus) : [];
    if (chosen[0] === everything) values[variable.name] = variable.allValue === undefined ? options : [variable.allValue];
    else if (chosen.length > 0 && chosen[0] !== '') values[variable.name] = chosen;
    else values[variable.name] = options.slice(0, 1);
  }
  return values;
}

/** `label_values(label)` and `label_values(selector, label)`, sorted. */
async function optionsOf(variable: Variable, values: Values, request: DrawRequest, prometheus: Prometheus): Promise<string[]> {
  const stored = typeof variable.query === 'string' ? variable.query : variable.query?.query;
  const query = replaceVariables(stored || variable.definition || '', values);
  const parts = /^label_values\((?:(.+),)?\s*(\w+)\s*\)$/s.exec(query.trim());
  if (!parts) throw new Error(`a variable's query that is not understood: ${query}`);
  const [, selector, label = ''] = parts;
  const series = await prometheus.series(selector?.trim() ?? `{${label}!=""}`, request.range.from, request.range.to);
  const found = new Set(series.map((labels) => labels[label]).filter((value) => value !== undefined));
  return [...found].sort();
}

/** `$name`, `${name}`, `${name:format}` and `[[name]]`; what is unknown stays as it is. */
export function replaceVariables(text: string, values: Values, scoped?: ScopedVars, format?: string): string {
  return text.replace(/\$(\w+)|\$\{([\w.]+)(?::(\w+))?\}|\[\[(\w+)\]\]/g, (whole, plain, braced, ownFormat, old) => {
    const name: string = plain ?? braced ?? old;
    const found = values[name] ?? (scoped?.[name] ? [String(scoped[name]?.value)] : undefined);
    return found === undefined ? whole : formatted(found, ownFormat ?? format);
  });
}

function formatted(values: string[], format: string | undefined): string {
  if (format === 'text' || format === 'raw') return values.join(' + ');
  if (values.length === 1) return values[0] ?? '';
  return `(${values.map((value) => value.replace(/[\\^$*+?.()|{}[\]]/g, '\\\\$&')).join('|')})`;
}

/** The variables that a reader of the dashboard sees, with their values in words. */
export function shownVariables(dashboard: Dashboard, values: Values): { label: string; value: string }[] {
  return (dashboard.templating?.list ?? [])
    .filter(({ hide, type }) => hide !== 2 && hide !== 'hideVariable' && type !== 'constant')
    .map((variable) => {
      if (variable.type === 'datasource') return { label: variable.label ?? variable.name, value: 'Prometheus' };
      const all = [variable.current?.value].flat()[0] === everything;
      return { label: variable.label ?? variable.name, value: all ? 'All' : (values[variable.name] ?? []).join(' + ') };
    });
}
