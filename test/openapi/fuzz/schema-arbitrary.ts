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

/** Bounds for what would cost the fuzz its time and is proved elsewhere: a wait lasts as long as it says. */
const tighter: Record<string, number> = { wait: 1, wait_seconds: 1 };

const known = new Set(
  `$ref type enum const anyOf properties required additionalProperties propertyNames minProperties maxProperties items minItems maxItems uniqueItems
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
  return fc.oneof(...types.map((type) => valuesOfType(contract, at, schema, type, name)));
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
  const top = tighter[name] ?? max;
  if (type === 'number') return fc.double({ min, max: top, noNaN: true });
  return fc.oneof(fc.integer({ min, max: top }), fc.integer({ min, max: Math.min(top, min + 10) }), fc.constantFrom(min, top));
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
  const shaped = pattern ? fc.stringMatching(new RegExp(pattern)) : format ? formatted(format) : free;
  const values = shaped.filter((text) => fits(text));
  const all = examples.length > 0 ? fc.oneof(fc.constantFrom(...(examples as string[])), values) : values;
  const kind = referenceKind(name);
  if (kind === undefined) return all;
  return fc.tuple(all, fc.nat(7)).map(([text, chance]) => new Reference(kind, text, chance === 0));
}

function formatted(format: string): Arbitrary<string> {
  if (format === 'date-time') {
    const range = { min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true };
    const recent = { min: new Date(Date.now() - 86_400_000), max: new Date(Date.now() + 3_600_000), noInvalidDate: true };
    const times = fc.oneof(fc.date(range), fc.date(recent)).map((date) => date.toISOString());
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
