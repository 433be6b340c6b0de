/** Members whose names are not the API's to choose. */
const opaque = new Set(['payload', 'metadata', 'cloudevent', 'limits']);

/** What the client gives, with the names that the API and its documentation use: one set of names for whoever reads --json. */
export function toSnake(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toSnake);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      opaque.has(name) ? member : toSnake(member),
    ]),
  );
}
