import type { TSchema } from '@sinclair/typebox';
import { catalogue, type ErrorCode } from '../pipeline/errors/catalogue.ts';
import { type RequestHeader, type ResponseHeader, requestHeaders, responseHeaders } from './headers.ts';
import { type Json, SchemaComponents } from './json-schema.ts';
import { problemExample } from './problem.ts';

export const securitySchemes = {
  ApiKeyAuth: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'Your key, such as `sk_beta_acme_…`. Keep it on your server: who has it is you.',
  },
  BearerAuth: {
    type: 'http',
    scheme: 'bearer',
    description: 'The same key as `Authorization: Bearer sk_beta_acme_…`, for clients that only know this.',
  },
};

/** The parts that operations share. Each method gives a reference and remembers what was referred to; what nobody uses is not in the document. */
export class Components {
  readonly #schemas = new SchemaComponents();
  readonly #parameters = new Set<RequestHeader>();
  readonly #headers = new Set<ResponseHeader>();
  readonly #codes = new Set<ErrorCode>();
  readonly #publicUrl: string;

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  schema(schema: TSchema | Json): Json {
    return this.#schemas.use(schema);
  }

  requestHeader(key: RequestHeader): Json {
    this.#parameters.add(key);
    return { $ref: `#/components/parameters/${key}` };
  }

  /** The header's name and its reference. */
  responseHeader(key: ResponseHeader): [name: string, reference: Json] {
    this.#headers.add(key);
    return [responseHeaders[key].name, { $ref: `#/components/headers/${key}` }];
  }

  problemExample(code: ErrorCode): Json {
    this.#codes.add(code);
    return { $ref: `#/components/examples/${code}` };
  }

  /** All that was referred to, in the order of its definition. */
  components(): Json {
    const used = <Key extends string>(table: Record<Key, Json>, keys: Set<Key>) =>
      Object.fromEntries((Object.entries(table) as [Key, Json][]).filter(([key]) => keys.has(key)));
    const headers = Object.entries(used<ResponseHeader>(responseHeaders, this.#headers)).map(([key, { name: _, ...header }]) => [
      key,
      { required: true, ...header },
    ]);
    const codes = (Object.keys(catalogue) as ErrorCode[]).filter((code) => this.#codes.has(code));
    return {
      securitySchemes,
      parameters: used<RequestHeader>(requestHeaders, this.#parameters),
      headers: Object.fromEntries(headers),
      examples: Object.fromEntries(codes.map((code) => [code, problemExample(code, this.#publicUrl)])),
      schemas: this.#schemas.components(),
    };
  }
}
