import type { TSchema } from '@sinclair/typebox';

export type Json = Record<string, unknown>;

/**
 * Turns TypeBox schemas into those of the document. OpenAPI 3.1 takes JSON Schema 2020-12 as it is, so only four things change: a schema with an
 * `$id` becomes a component that is referred to; a union of literals becomes an `enum`, and one with null a list of types, because readers and code
 * generators understand those better; a record becomes `additionalProperties`; a member with a default, which TypeBox counts as always there, is
 * not `required` of those who write it.
 */
export class SchemaComponents {
  readonly #components = new Map<string, Json>();
  readonly #sources = new Map<string, unknown>();

  /** The schema for the document, `{ $ref }` if it has a name. @throws Error when two schemas claim one name. */
  use(schema: TSchema | Json): Json {
    const { $id, ...rest } = schema as Json & { $id?: string };
    if ($id === undefined) return this.#convert(rest);
    const known = this.#sources.get($id);
    if (known !== undefined && known !== schema) throw new Error(`two schemas are called ${$id}`);
    if (known === undefined) {
      this.#sources.set($id, schema);
      this.#components.set($id, {}); // holds its place, so that a schema may contain itself
      this.#components.set($id, this.#convert(rest));
    }
    return { $ref: `#/components/schemas/${$id}` };
  }

  /** Everything that was referred to, by name, in alphabetical order. */
  components(): Json {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #convert(schema: Json): Json {
    const converted: Json = {};
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === 'properties') {
        const properties = Object.entries(value as Record<string, Json>).map(([name, each]) => [name, this.use(each)]);
        if (properties.length > 0) converted.properties = Object.fromEntries(properties);
      } else if (keyword === 'anyOf') Object.assign(converted, union((value as Json[]).map((each) => this.use(each))));
      else if (keyword === 'items') converted.items = this.use(value as Json);
      else if (keyword === 'patternProperties')
        converted.additionalProperties = this.use(Object.values(value as Record<string, Json>)[0] as Json);
      else if (keyword === 'required') Object.assign(converted, required(value as string[], schema.properties as Record<string, Json>));
      else converted[keyword] = value;
    }
    return converted;
  }
}

function required(names: string[], properties: Record<string, Json> = {}): Json {
  const needed = names.filter((name) => properties[name]?.default === undefined);
  return needed.length > 0 ? { required: needed } : {};
}

function union(choices: Json[]): Json {
  if (choices.every((choice) => 'const' in choice)) return { type: 'string', enum: choices.map((choice) => choice.const) };
  const [first, second] = choices;
  const nullable = choices.length === 2 && second?.type === 'null' && typeof first?.type === 'string';
  return nullable ? { ...first, type: [first.type, 'null'] } : { anyOf: choices };
}
