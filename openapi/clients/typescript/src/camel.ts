type CamelWord<Word extends string> = Word extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<CamelWord<Rest>>}` : Word;

/** Members whose names are not ours to change: what a partner has put in, or what documents name in this way. */
type Opaque = 'payload' | 'metadata' | 'cloudevent' | 'limits';
const opaque = new Set<string>(['payload', 'metadata', 'cloudevent', 'limits'] satisfies Opaque[]);

/** The type of the API's `snake_case` objects after `toCamel`. */
export type Camel<Value> = Value extends readonly (infer Item)[]
  ? Camel<Item>[]
  : Value extends object
    ? { [Key in keyof Value as Key extends string ? CamelWord<Key> : Key]: Key extends Opaque ? Value[Key] : Camel<Value[Key]> }
    : Value;

/** An answer with names as JavaScript has them. */
export function toCamel<Value>(value: Value): Camel<Value> {
  return converted(value) as Camel<Value>;
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(converted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [camelWord(name), opaque.has(name) ? member : converted(member)]),
  );
}

function camelWord(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The other way, for the options of a request. Members that are undefined are left out. */
export function toSnake(options: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
