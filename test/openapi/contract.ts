import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApiDocument } from '../../src/openapi/document.ts';
import { parseTime } from '../../src/platform/rfc3339.ts';
import type { Answer } from '../helper/app.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document has every shape.
export type Node = any;

export type Operation = { path: string; method: string; operation: Node };

/** What the transport, or every page, adds without being part of an operation's contract. */
const transportHeaders = ['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'];
const pageHeaders = ['content-security-policy', 'referrer-policy', 'x-content-type-options'];

/** The document as a judge of answers. */
export class Contract {
  readonly #document: Node;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  /** `closed`: an answer may grow for its readers, but not without the document. A request may have what the document leaves open. */
  constructor(document: OpenApiDocument, { closed = true } = {}) {
    this.#document = closed ? close(structuredClone(document)) : document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
    this.#ajv.addFormat('date-time', (text) => parseTime(text) !== undefined);
    this.#ajv.addFormat('uri-reference', (text) => URL.canParse(text, 'http://localhost'));
    this.#ajv.addKeyword({
      keyword: 'x-max-bytes',
      type: 'string',
      validate: (limit: number, text: string) => Buffer.byteLength(text) <= limit,
    });
    this.#ajv.addSchema(this.#document, 'document');
  }

  get operations(): Operation[] {
    return Object.entries(this.#document.paths as Node).flatMap(([path, methods]) =>
      Object.entries(methods as Node).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );
  }

  /** The node that a reference leads to, and where it is. */
  resolve(pointer: string): { pointer: string; node: Node } {
    let node = this.#document;
    for (const step of pointer.split('/').slice(1)) node = node[fromPointer(step)];
    return typeof node?.$ref === 'string' ? this.resolve(node.$ref.slice(1)) : { pointer, node };
  }

  /** What is wrong with a value for the schema at `pointer`; empty when nothing is. */
  problems(pointer: string, value: unknown): string[] {
    const validate = this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: `document#${encodeURI(pointer)}` });
    this.#validators.set(pointer, validate);
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  }

  /** What is wrong with an answer of an operation: status, media type, headers, body and code. */
  violations({ path, method }: Operation, answer: Answer): string[] {
    const base = `/paths/${toPointer(path)}/${method.toLowerCase()}/responses/${answer.status}`;
    const response = this.resolve(base).node;
    if (!response) return [`status ${answer.status} is not documented: ${answer.text}`];
    const type = answer.headers.get('content-type') ?? '';
    const mediaType = Object.keys(response.content).find((each) => each.split(';')[0] === type.split(';')[0]);
    if (!mediaType) return [`content type ${type} is not documented`];
    const content = `${base}/content/${toPointer(mediaType)}`;
    const body = mediaType.endsWith('json') ? answer.json : answer.text;
    const found = [...this.#headerViolations(base, response, answer), ...this.problems(`${content}/schema`, body)];
    const codes = Object.keys(response.content[mediaType].examples);
    if (mediaType === 'application/problem+json' && !codes.includes(answer.json.code))
      found.push(`code ${answer.json.code} is not documented`);
    return found;
  }

  #headerViolations(base: string, response: Node, answer: Answer): string[] {
    const found: string[] = [];
    const known = new Set([...transportHeaders, ...pageHeaders]);
    for (const name of Object.keys(response.headers)) {
      const { pointer, node } = this.resolve(`${base}/headers/${toPointer(name)}`);
      known.add(name.toLowerCase());
      const value = answer.headers.get(name);
      if (value === null) {
        if (node.required) found.push(`the header ${name} is missing`);
        continue;
      }
      found.push(
        ...this.problems(`${pointer}/schema`, node.schema.type === 'integer' ? Number(value) : value).map(
          (problem) => `${name}: ${problem}`,
        ),
      );
    }
    const others = [...answer.headers.keys()].filter((name) => !known.has(name));
    return [...found, ...others.map((name) => `the header ${name} is not documented`)];
  }
}

/** Objects that do not say that they take more members take none. */
function close(node: Node): Node {
  if (typeof node !== 'object' || node === null) return node;
  for (const value of Object.values(node)) close(value);
  if (node.type === 'object' && node.properties && node.additionalProperties === undefined) node.additionalProperties = false;
  return node;
}

export function toPointer(step: string): string {
  return step.replace(/~/g, '~0').replace(/\//g, '~1');
}

function fromPointer(step: string): string {
  return step.replace(/~1/g, '/').replace(/~0/g, '~');
}
