import { isUtf8 } from 'node:buffer';
import { type Contract, type Operation, toPointer } from '../contract.ts';
import { parametersOf } from './plan.ts';
import { bytesOf, type FuzzBody, type FuzzRequest } from './request.ts';

/** What the document says of a request; `unsaid` where it leaves the answer open. */
export type Judgement = { verdict: 'valid' | 'invalid' | 'unsaid'; because: string };

const valid: Judgement = { verdict: 'valid', because: 'everything is as documented' };
const invalid = (because: string): Judgement => ({ verdict: 'invalid', because });
const unsaid = (because: string): Judgement => ({ verdict: 'unsaid', because });

/** Parameters whose description says that a value which is not well formed is replaced or ignored, not refused. */
const lenient = new Set(['x-request-id', 'traceparent']);

/** Parameters that contradict each other, as their descriptions say: a schema is of one alone. */
const contradictions = [{ one: 'idempotency_key', other: 'order', value: 'asc' }];

/**
 * Judges requests by the document alone: the same schemas that a client's author reads. The contract must be one that was not closed: a body that the
 * document leaves open is open.
 */
export class Judge {
  readonly #contract: Contract;

  constructor(contract: Contract) {
    this.#contract = contract;
  }

  /** The key is left out of account. */
  judge(request: FuzzRequest): Judgement {
    const found = [...this.#parameters(request), this.#accept(request), this.#body(request), undocumentedHeaders(request)];
    return found.find(({ verdict }) => verdict === 'invalid') ?? found.find(({ verdict }) => verdict === 'unsaid') ?? valid;
  }

  #parameters({ operation, path, query, headers }: FuzzRequest): Judgement[] {
    const parameters = parametersOf(this.#contract, operation);
    const found: Judgement[] = [];
    for (const { name, in: place, required, pointer } of parameters) {
      const inPlace = place === 'query' ? query : place === 'path' ? Object.entries(path) : headers;
      const same = (each: string) => (place === 'header' ? each.toLowerCase() === name.toLowerCase() : each === name);
      const values = inPlace.filter(([each]) => same(each)).map(([, value]) => value);
      if (values.length === 0 && required) found.push(invalid(`${name} is missing`));
      if (values.length > 1) found.push(place === 'query' ? invalid(`${name} is there twice`) : unsaid(`${name} is there twice`));
      for (const value of values) {
        const problem = this.#problem(pointer, value);
        if (problem) found.push(lenient.has(name.toLowerCase()) ? unsaid(`${name} may be ignored`) : invalid(`${name} ${problem}`));
      }
    }
    const known = new Set(parameters.filter((each) => each.in === 'query').map(({ name }) => name));
    for (const { one, other, value } of contradictions) {
      const both = query.some(([name]) => name === one) && query.some(([name, text]) => name === other && text === value);
      if (both) found.push(unsaid(`${one} is not for ${other}=${value}`));
    }
    if (query.some(([name]) => !known.has(name))) found.push(unsaid('a query parameter is not documented'));
    return found;
  }

  /** What is wrong with a parameter's text; a number or a boolean is written as JSON writes it. */
  #problem(pointer: string, text: string): string | undefined {
    const { node } = this.#contract.resolve(pointer);
    const types: string[] = [node.type ?? []].flat();
    let value: unknown = text;
    if (types.some((type) => ['integer', 'number', 'boolean'].includes(type)) && /^(?:true|false|-?\d+)$/.test(text))
      value = JSON.parse(text.replace(/^(-?)0+(?=\d)/, '$1'));
    return this.#contract.problems(pointer, value)[0];
  }

  #accept({ operation, headers }: FuzzRequest): Judgement {
    const accept = headers.find(([name]) => name === 'accept')?.[1];
    if (accept === undefined || /[*;,]/.test(accept))
      return accept === undefined || accept === '*/*' ? valid : unsaid('it accepts one of several');
    const answers = Object.values<{ content?: object }>(operation.operation.responses).flatMap(({ content }) => Object.keys(content ?? {}));
    return answers.some((type) => type.split(';')[0] === accept)
      ? valid
      : needsKey(operation)
        ? invalid(`${accept} is not answered`)
        : unsaid('it is a page');
  }

  #body({ operation, headers, body }: FuzzRequest): Judgement {
    const { content, required } = operation.operation.requestBody ?? {};
    if (!content) return body ? unsaid('a body is not documented') : valid;
    if (headers.some(([name]) => name.startsWith('ce-'))) return unsaid('it is a CloudEvent in binary mode');
    if (!body || bytesOf(body).length === 0) return required ? invalid('the body is missing') : valid;
    if (body.type === undefined) return unsaid('the body has no content type');
    const [type = ''] = body.type
      .toLowerCase()
      .split(';')
      .map((part) => part.trim());
    const documented = Object.keys(content).includes(type) && type !== '*/*';
    if (!documented) return '*/*' in content ? unsaid('any content type is documented') : invalid(`${body.type} is not documented`);
    if (body.type !== type) return unsaid('the content type has parameters');
    return this.#json(operation, type, body);
  }

  #json({ path, method }: Operation, type: string, body: FuzzBody): Judgement {
    const bytes = bytesOf(body);
    if (!isUtf8(bytes)) return invalid('the body is not UTF-8');
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString());
    } catch {
      return invalid('the body is not JSON');
    }
    const pointer = `/paths/${toPointer(path)}/${method.toLowerCase()}/requestBody/content/${toPointer(type)}/schema`;
    const [problem] = this.#contract.problems(pointer, value);
    if (problem !== undefined) return invalid(`the body: ${problem}`);
    return type.startsWith('application/cloudevents') ? unsaid('CloudEvents have rules that no schema says') : valid;
  }
}

/** Headers of HTTP itself that may change how a request is read; a second credential contradicts the first. */
function undocumentedHeaders({ headers }: FuzzRequest): Judgement {
  const found = headers.find(([name]) => ['authorization', 'content-encoding', 'expect', 'range', 'if-none-match'].includes(name));
  return found ? unsaid(`${found[0]} may change how it is read`) : valid;
}

/** Whether an operation is answered to nobody without a key. */
export function needsKey({ operation }: Operation): boolean {
  return operation.security.length > 0 && operation.security.every((each: object) => Object.keys(each).length > 0);
}

/** Whether an operation looks at a key that is sent. */
export function readsKey({ operation }: Operation): boolean {
  return operation.security.length > 0;
}

/** The scope that an operation's key needs. */
export function scopeOf({ operation }: Operation): string | undefined {
  return operation.security.flatMap((each: Record<string, string[]>) => Object.values(each).flat())[0];
}
