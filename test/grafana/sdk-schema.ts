import { readFileSync } from 'node:fs';

/**
 * JSON Schema made of the declarations of @grafana/grafana-foundation-sdk, which Grafana's makers generate from Grafana's own schemas. Strict: a property that a
 * declaration does not name is refused. `any` stays open; the caller says what belongs there.
 *
 * The files are generated and know three kinds of declarations: interfaces, enums and aliases. So they are read by the small parser below, which
 * throws at what it does not know, and not by a compiler: TypeScript 7 has none to import.
 */
export type Schema = Record<string, unknown>;

const sdk = new URL('../../node_modules/@grafana/grafana-foundation-sdk/dist/', import.meta.url);

/** The definitions of these packages of the SDK, by `package.Type`. */
export const sdkDefinitions = (packages: string[]): Record<string, Schema> =>
  Object.fromEntries(
    packages.flatMap((name) => new Declarations(name, readFileSync(new URL(`${name}/types.gen.d.ts`, sdk), 'utf8')).definitions()),
  );

/** To a definition; they are one schema of this name, so that each is compiled once. */
export const reference = (name: string): Schema => ({ $ref: `sdk#/definitions/${name}` });

const token = /"[^"]*"|-?\d+|[\w.$]+|[{}[\]()<>|;:,?=]/g;

class Declarations {
  readonly #package: string;
  readonly #tokens: string[];
  #at = 0;

  constructor(name: string, text: string) {
    this.#package = name;
    const bare = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^import .*;$/gm, '');
    // Functions that make default values are no part of the data.
    this.#tokens = bare.replaceAll(/^export declare const .*;$/gm, '').match(token) ?? [];
  }

  definitions(): [string, Schema][] {
    const found: [string, Schema][] = [];
    while (this.#at < this.#tokens.length) {
      this.#expect('export');
      if (this.#peek() === 'declare') this.#next();
      const kind = this.#next();
      const name = `${this.#package}.${this.#next()}`;
      if (kind === 'interface') found.push([name, this.#object()]);
      else if (kind === 'enum') found.push([name, this.#enum()]);
      else if (kind === 'type') found.push([name, this.#alias()]);
      else throw new Error(`${name}: ${kind} is not known`);
    }
    return found;
  }

  #object(): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    this.#expect('{');
    while (this.#peek() !== '}') {
      const name = this.#next();
      if (this.#peek() === '(') {
        // A method that marks a type for the compiler; it is not in the JSON.
        while (this.#next() !== ';');
        continue;
      }
      if (this.#peek() === '?') this.#next();
      else required.push(name);
      this.#expect(':');
      properties[name] = this.#union();
      this.#expect(';');
    }
    this.#expect('}');
    return { type: 'object', properties, required, additionalProperties: false };
  }

  #enum(): Schema {
    const values: unknown[] = [];
    this.#expect('{');
    while (this.#peek() !== '}') {
      this.#next();
      this.#expect('=');
      values.push(JSON.parse(this.#next()));
      if (this.#peek() === ',') this.#next();
    }
    this.#expect('}');
    return { enum: [...new Set(values)] };
  }

  #alias(): Schema {
    this.#expect('=');
    const schema = this.#union();
    this.#expect(';');
    return schema;
  }

  #union(): Schema {
    const members = [this.#array()];
    while (this.#peek() === '|') {
      this.#next();
      members.push(this.#array());
    }
    return members.length === 1 ? (members[0] as Schema) : { anyOf: members };
  }

  #array(): Schema {
    let schema = this.#single();
    while (this.#peek() === '[') {
      this.#next();
      this.#expect(']');
      schema = { type: 'array', items: schema };
    }
    return schema;
  }

  #single(): Schema {
    const first = this.#peek();
    if (first === '{') return this.#object();
    this.#next();
    if (first === '(') {
      const inner = this.#union();
      this.#expect(')');
      return inner;
    }
    if (first === 'any') return {};
    if (first === 'string' || first === 'number' || first === 'boolean' || first === 'null') return { type: first };
    if (first.startsWith('"') || /^-?\d/.test(first)) return { const: JSON.parse(first) };
    if (first === 'Record') {
      this.#expect('<');
      this.#union();
      this.#expect(',');
      const values = this.#union();
      this.#expect('>');
      return { type: 'object', additionalProperties: values };
    }
    if (!/^[a-zA-Z]\w*(\.\w+){0,2}$/.test(first)) throw new Error(`${this.#package}: ${first} is not known`);
    return this.#named(first);
  }

  /** `Panel` of this package, `common.Panel` of another, `Placement.InMenu` of an enum: of that, any value. */
  #named(name: string): Schema {
    const [space = '', type] = name.split('.');
    if (type === undefined) return reference(`${this.#package}.${space}`);
    return /^[A-Z]/.test(space) ? reference(`${this.#package}.${space}`) : reference(`${space}.${type}`);
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    const found = this.#tokens[this.#at];
    if (found === undefined) throw new Error(`${this.#package}: ends in the middle of a declaration`);
    this.#at += 1;
    return found;
  }

  #expect(wanted: string): void {
    const found = this.#next();
    if (found !== wanted)
      throw new Error(
        `${this.#package}: ${found} stands where ${wanted} should, after ${this.#tokens.slice(this.#at - 6, this.#at - 1).join(' ')}`,
      );
  }
}
