import fc, { type Arbitrary } from 'fast-check';
import { type Contract, type Node, type Operation, toPointer } from '../contract.ts';
import { kindsIn, type Memory } from './memory.ts';
import type { FuzzRequest } from './request.ts';
import { Reference, valuesOf } from './schema-arbitrary.ts';

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

/** Requests that the document calls valid. */
export function plansOf(contract: Contract, operation: Operation): Arbitrary<Plan> {
  const parameters = parametersOf(contract, operation);
  const values = (place: string) => {
    const here = parameters.filter((each) => each.in === place);
    const members = here.map(({ name, pointer }) => {
      // `{id}` of /v1/jobs is a job's, that of /v1/dead-letters an event's.
      const meaning = name === 'id' ? (/^\/v1\/jobs\b/.test(operation.path) ? 'job_id' : 'event_id') : name;
      return [name, valuesOf(contract, pointer, meaning)] as const;
    });
    return fc.record(Object.fromEntries(members), {
      requiredKeys: here.filter(({ required }) => required).map(({ name }) => name),
      noNullPrototype: true,
    });
  };
  return fc.record({
    operation: fc.constant(operation),
    // An empty part of a path is another path.
    path: values('path').filter((path) => !Object.values(path).includes('')),
    query: values('query'),
    headers: values('header').map(printable),
    body: bodies(contract, operation),
    dice: fc.nat(2 ** 31 - 1),
  }) as Arbitrary<Plan>;
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

/** Headers are Latin-1 without control characters. */
function printable(headers: Record<string, unknown>): Record<string, unknown> {
  const clean = (text: string) => text.replace(/[^\x20-\x7e\xa0-\xff]/g, '-');
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value instanceof Reference ? new Reference(value.kind, clean(value.otherwise), value.byChance) : clean(String(value)),
    ]),
  );
}

/** The request of a plan, now that `memory` knows what earlier answers named. */
export function requestOf(plan: Plan, memory: Memory, random: () => number): FuzzRequest {
  const { operation, body } = plan;
  const inPath = kindsIn(plan.path);
  const inBody = typeof body?.value === 'object' && body.value !== null ? kindsIn(body.value) : [];
  const thing = inPath.length > 0 ? memory.recall([...inPath, ...inBody], operation.path, random) : undefined;
  const resolve = (value: unknown) => memory.resolve(value, operation.path, random, thing);
  const texts = (values: Record<string, unknown>): [string, string][] =>
    Object.entries(resolve(values) as object).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]);
  return {
    operation,
    path: Object.fromEntries(texts(plan.path)),
    query: texts(plan.query),
    headers: texts(plan.headers),
    body: body && { type: body.type, json: resolve(body.value) },
    credential: 'own',
  };
}
