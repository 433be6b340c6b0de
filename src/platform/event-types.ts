/** Event types to show: whole names, and prefixes that end with a dot. */
export type EventTypes = { exact: string[]; prefixes: string[] };

/** Most filters in one request. */
export const maxEventTypeFilters = 20;

/** A regular expression's source: an event type, or a prefix of types as `order.*`. */
export const typeFilterPattern = '[A-Za-z0-9_](?:[A-Za-z0-9_.:/-]{0,254}|[A-Za-z0-9_.:/-]{0,252}\\.\\*)';

/** Reads filters that were validated before: `a.b`, `c.*`. */
export function parseEventTypes(names: string[]): EventTypes {
  return {
    exact: names.filter((name) => !name.endsWith('.*')),
    prefixes: names.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1)),
  };
}

/** Whether a type is one of those; as `typeFilterSql`, for an event that is already here. */
export function matchesTypes({ exact, prefixes }: EventTypes, type: string): boolean {
  return exact.includes(type) || prefixes.some((prefix) => type.startsWith(prefix));
}

/** The filter as two values of a statement, for `typeFilterSql`. */
export function typeFilterValues({ exact, prefixes }: EventTypes): [string[], string[]] {
  return [exact, prefixes.map((prefix) => `${prefix.replace(/[\\_%]/g, '\\$&')}%`)];
}

/** A condition on `event_type`, with the numbers of the two parameters. */
export function typeFilterSql(exact: number, prefixes: number): string {
  return `(event_type = ANY ($${exact}::text[]) OR event_type LIKE ANY ($${prefixes}::text[]))`;
}
