import fc, { type Arbitrary } from 'fast-check';
import type { Contract, Node } from '../contract.ts';

/** A place for something that an earlier answer named, such as an event's id; `otherwise` where nothing is known yet, or by chance. */
export class Reference {
  readonly kind: string;
  readonly otherwise: string;
  readonly byChance: boolean;

  constructor(kind: string, otherwise: string, byChance: boolean) {
    this.kind = kind;
    this.otherwise = otherwise;
    this.byChance = byChance;
  }
}

/** Names of members and parameters that mean something which an answer named or a request chose: `event_ids` holds what `event_id` is. */
export function referenceKind(name: string): string | undefined {
  const plain = name
    .toLowerCase()
    .replace(/-/g, '_')
    .replace(/^(?:next|original|x_next)_/, '');
  return /(?:^|_)(?:id|token|cursor|key)s?$/.test(plain) ? plain.replace(/s$/, '') : undefined;
}

/** A wait lasts as long as it says, and what it does is proved elsewhere. */
const waits = new Set(['wait', 'wait_seconds']);
const seldomWaiting = fc.oneof({ arbitrary: fc.constant(0), weight: 30 }, { arbitrary: fc.constant(1), weight: 1 });

const known = new Set(
  `$ref type enum const anyOf not properties required additionalProperties propertyNames minProperties maxProperties items minItems maxItems uniqueItems
  minLength maxLength pattern format minimum maximum default examples example description contentEncoding title x-max-bytes`.split(/\s+/),
);

/**
 * Values that the schema at `pointer` of the document allows. `name` is that of the member or parameter that it describes.
 * @throws Error on a keyword that is not understood: what the generator cannot vary would go untested.
 */
export function valuesOf(contract: Contract, pointer: string, name = ''): Arbitrary<unknown> {
  const { pointer: at, node: schema } = contract.resolve(pointer);
  const unknown = Object.keys(schema).find((keyword) => !known.has(keyword));
  if (unknown) throw new Error(`${at}: the keyword ${unknown} is not understood by the fuzz`);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((_: Node, index: number) => valuesOf(contract, `${at}/anyOf/${index}`, name)));
  const types: string[] = [schema.type ?? []].flat();
  if (types.length === 0) return json;
  const values = fc.oneof(...types.map((type) => valuesOfType(contract, at, schema, type, name)));
  return schema.not ? values.filter((value) => contract.problems(at, withoutReferences(value)).length === 0) : values;
}

/** The value as it would be if nothing were known yet. */
function withoutReferences(value: unknown): unknown {
  if (value instanceof Reference) return value.otherwise;
  if (Array.isArray(value)) return value.map(withoutReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutReferences(each)]));
}

const json = fc.jsonValue({ maxDepth: 2 });

function valuesOfType(contract: Contract, at: string, schema: Node, type: string, name: string): Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return numbers(schema, type, name);
    case 'string':
      return texts(schema, name);
    case 'array':
      return lists(contract, at, schema, name);
    case 'object':
      return objects(contract, at, schema);
    default:
      throw new Error(`${at}: the type ${type} is not understood by the fuzz`);
  }
}

function numbers({ minimum: min = -1e9, maximum: max = 1e9 }: Node, type: string, name: string): Arbitrary<number> {
  if (waits.has(name)) return seldomWaiting;
  if (type === 'number') return fc.double({ min, max, noNaN: true });
  const low = fc.integer({ min, max: Math.min(max, min + 10) });
  return fc.oneof(
    { arbitrary: fc.integer({ min, max }), weight: 1 },
    { arbitrary: low, weight: 1 },
    { arbitrary: fc.constantFrom(min, min, max), weight: 2 },
  );
}

function texts(schema: Node, name: string): Arbitrary<unknown> {
  const { pattern, format, minLength = 0, maxLength = 5_000, examples = [], 'x-max-bytes': maxBytes = Number.POSITIVE_INFINITY } = schema;
  const fits = (text: string) => {
    const length = [...text].length;
    return length >= minLength && length <= maxLength && Buffer.byteLength(text) <= maxBytes;
  };
  const free = fc.oneof(
    fc.string({ minLength, maxLength: Math.min(maxLength, 20) }),
    fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, 20) }),
    { arbitrary: fc.string({ minLength, maxLength, size: 'max' }), weight: 1 },
  );
  const shaped = pattern ? fc.stringMatching(new RegExp(pattern)) : format ? formatted(format, name) : free;
  const values = shaped.filter((text) => fits(text));
  const kind = referenceKind(name);
  // A key that was used before is refused with other content: few are.
  const isKey = kind?.endsWith('key') === true;
  const all = examples.length > 0 && !isKey ? fc.oneof(fc.constantFrom(...(examples as string[])), values) : values;
  if (kind === undefined) return all;
  return fc.tuple(all, fc.nat(7)).map(([text, chance]) => new Reference(kind, text, chance <= (isKey ? 5 : 0)));
}

function formatted(format: string, name: string): Arbitrary<string> {
  if (format === 'date-time') {
    const dates = (min: Date, max: Date) => fc.date({ min, max, noInvalidDate: true });
    const near = (hours: number) => new Date(Date.now() + hours * 3_600_000);
    // Most ranges shall hold what was sent just now.
    const likely = name === 'from' ? dates(near(-24), near(-1)) : name === 'to' ? dates(near(1), near(24)) : dates(near(-24), near(1));
    const anywhen = dates(new Date('0001-01-02'), new Date('9999-12-30'));
    const times = fc.oneof({ arbitrary: likely, weight: 3 }, { arbitrary: anywhen, weight: 1 }).map((date) => date.toISOString());
    return fc.oneof(
      times,
      times.map((time) => time.replace('Z', '+05:30')),
      times.map((time) => time.replace(/\.\d+/, '')),
    );
  }
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress();
  if (format === 'uri' || format === 'uri-reference') return fc.webUrl({ withQueryParameters: true, withFragments: true });
  throw new Error(`the format ${format} is not understood by the fuzz`);
}

function lists(contract: Contract, at: string, { items, minItems = 0, maxItems = 6, uniqueItems }: Node, name: string): Arbitrary<unknown> {
  const item = items ? valuesOf(contract, `${at}/items`, name) : json;
  const size = { minLength: minItems, maxLength: Math.min(maxItems, minItems + 5) };
  // References stand for values that are known later: those are told apart then.
  return uniqueItems
    ? fc.uniqueArray(item, { ...size, comparator: (a, b) => !(a instanceof Reference) && Object.is(a, b) })
    : fc.array(item, size);
}

function objects(contract: Contract, at: string, schema: Node): Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties: more, minProperties = 0, maxProperties = 20, propertyNames } = schema;
  const members = Object.fromEntries(Object.keys(properties).map((name) => [name, valuesOf(contract, `${at}/properties/${name}`, name)]));
  const named = fc.record(members, { requiredKeys: required, noNullPrototype: true });
  const open = more === undefined ? Object.keys(properties).length === 0 : more !== false;
  if (!open && minProperties === 0) return named;
  const values = typeof more === 'object' ? valuesOf(contract, `${at}/additionalProperties`) : json;
  const names = fc.oneof(
    fc.stringMatching(/^[a-z]{1,12}$/),
    fc.string({ maxLength: Math.min(propertyNames?.maxLength ?? 20, 20), unit: 'binary' }),
  );
  const others = fc.dictionary(
    names.filter((each) => !(each in members) && each !== '__proto__'),
    values,
    { maxKeys: Math.min(maxProperties, 4), noNullPrototype: true },
  );
  const all = open
    ? fc.tuple(fc.oneof({ arbitrary: others, weight: 1 }, { arbitrary: fc.constant({}), weight: 2 }), named)
    : fc.tuple(fc.constant({}), named);
  const merged = all.map(([other, own]) => ({ ...other, ...own }) as Record<string, unknown>);
  return minProperties === 0 ? merged : merged.filter((value) => Object.keys(value).length >= minProperties);
}
