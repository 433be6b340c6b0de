import fc, { type Arbitrary } from 'fast-check';
import { type Contract, type Node, type Operation, toPointer } from '../contract.ts';
import { kindsIn, type Memory, Resolution } from './memory.ts';
import type { FuzzRequest } from './request.ts';
import { valuesOf } from './schema-arbitrary.ts';

/** A valid request with places for what is not known before it is sent. `dice` decides all that is not decided here. */
export type Plan = {
  operation: Operation;
  path: Record<string, unknown>;
  query: Record<string, unknown>;
  headers: Record<string, unknown>;
  body: { type: string; value: unknown } | undefined;
  dice: number;
};

/** A parameter of an operation, and where its schema is. */
export type Parameter = { name: string; in: string; required: boolean; pointer: string };

export function parametersOf(contract: Contract, { path, method, operation }: Operation): Parameter[] {
  const base = `/paths/${toPointer(path)}/${method.toLowerCase()}/parameters`;
  return (operation.parameters ?? []).map((_: Node, index: number) => {
    const { pointer, node } = contract.resolve(`${base}/${index}`);
    return { name: node.name, in: node.in, required: node.required === true, pointer: `${pointer}/schema` };
  });
}

/** What a parameter of the path is called elsewhere: `{id}` of /v1/jobs is a `job_id`, that of /v1/events and of /v1/dead-letters an `event_id`. */
export function meaningOf(name: string, { path }: Operation): string {
  if (name !== 'id') return name;
  return /^\/v1\/jobs\b/.test(path) ? 'job_id' : 'event_id';
}

/** Requests that the document calls valid. */
export function plansOf(contract: Contract, operation: Operation): Arbitrary<Plan> {
  const parameters = parametersOf(contract, operation);
  const values = (place: string) => {
    const here = parameters.filter((each) => each.in === place);
    const members = here.map(({ name, pointer }) => {
      const meaning = place === 'path' ? meaningOf(name, operation) : name;
      return [name, valuesOf(contract, pointer, meaning)] as const;
    });
    return fc.record(Object.fromEntries(members), {
      requiredKeys: here.filter(({ required }) => required).map(({ name }) => name),
      noNullPrototype: true,
    });
  };
  return fc.record({
    operation: fc.constant(operation),
    path: values('path'),
    query: values('query'),
    headers: fc.tuple(values('header'), fc.nat(11)).map(([headers, chance]) => (chance === 0 ? headers : plain(headers))),
    body: bodies(contract, operation),
    dice: fc.nat(2 ** 31 - 1),
  }) as Arbitrary<Plan>;
}

/** One attribute of a CloudEvent makes any body one in binary mode, of which the document says little; a second key beside that of the body is refused. */
function plain(headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(?:ce-|idempotency-key$)/i.test(name)));
}

function bodies(contract: Contract, { path, method, operation }: Operation): Arbitrary<Plan['body']> {
  const { content, required } = operation.requestBody ?? {};
  if (!content) return fc.constant(undefined);
  const base = `/paths/${toPointer(path)}/${method.toLowerCase()}/requestBody/content`;
  // Any type at all is binary mode, whose attributes are headers: mutations come by it.
  const types = Object.keys(content).filter((type) => type !== '*/*');
  const all = types.map((type) => valuesOf(contract, `${base}/${toPointer(type)}/schema`).map((value) => ({ type, value })));
  const weighted = all.map((arbitrary, index) => ({ arbitrary, weight: index === 0 ? 6 : 1 }));
  const body: Arbitrary<Plan['body']> = fc.oneof(...weighted);
  return required ? body : fc.oneof({ arbitrary: body, weight: 5 }, { arbitrary: fc.constant(undefined), weight: 1 });
}

/** Headers are Latin-1 without control characters, spaces around them are lost, and all of them together have 16 KiB. */
function printable(text: string): string {
  return text.slice(0, 300).replace(/[^\x20-\x7e\xa0-\xff]|^ | $/g, '-');
}

/** The request of a plan, now that `memory` knows what earlier answers named. */
export function requestOf(plan: Plan, memory: Memory, random: () => number): FuzzRequest {
  const { operation, body } = plan;
  const resolution = new Resolution(memory, operation.path, random);
  const inPath = kindsIn(plan.path);
  const inBody = typeof body?.value === 'object' && body.value !== null ? kindsIn(body.value) : [];
  const thing = inPath.length > 0 ? resolution.recall([...inPath, ...inBody]) : undefined;
  const texts = (values: Record<string, unknown>): [string, string][] =>
    Object.entries(resolution.resolve(values, thing) as object).map(([name, value]) => [name, [value].flat().join(',')]);
  return {
    operation,
    // An empty part of a path is another path.
    path: Object.fromEntries(texts(plan.path).map(([name, value]) => [name, value || '-'])),
    query: queryOf(plan, memory, random, texts),
    headers: texts(plan.headers).map(([name, value]) => [name, printable(value)]),
    body: body && { type: body.type, json: resolution.resolve(body.value, thing) },
    credential: 'own',
  };
}

/** A cursor is good with the query of its page; one of nobody's making is left out, but for a few. */
function queryOf(
  { operation, query }: Plan,
  memory: Memory,
  random: () => number,
  texts: (values: Record<string, unknown>) => [string, string][],
) {
  const { cursor, ...others } = query;
  if (cursor === undefined || random() < 0.1) return texts(query);
  const page = memory.recallPage(operation.path, random);
  return page ? [...page.query, ['cursor', page.cursor] as [string, string]] : texts(others);
}
