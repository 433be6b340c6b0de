/** Event types to show: whole names, and prefixes that end with a dot. */
export type EventTypes = { exact: string[]; prefixes: string[] };

/** Reads `a.b,c.*`; the text was validated before. */
export function parseEventTypes(text: string): EventTypes {
  const names = text.split(',');
  return {
    exact: names.filter((name) => !name.endsWith('.*')),
    prefixes: names.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1)),
  };
}
