import fc from 'fast-check';
import type { OpenApiDocument } from '../../../src/openapi/document.ts';
import type { Answer } from '../../helper/app.ts';
import { pseudoRandom } from '../../pipeline/limits/pseudo-random.ts';
import { Contract, type Operation } from '../contract.ts';
import { type Exchange, problemsOf, strangerProblems, wrongMethodProblems } from './checks.ts';
import { Client } from './client.ts';
import { Judge, needsKey, scopeOf } from './judge.ts';
import { Memory } from './memory.ts';
import { mutate } from './mutate.ts';
import { meaningOf, type Plan, plansOf, requestOf } from './plan.ts';
import { reduce } from './reduce.ts';
import { type Credential, describe, type FuzzRequest, shorten, toWire } from './request.ts';

/** A partner of the fuzz: it sends one request after the other, so that a seed gives the same sequence again. */
export type FuzzPartner = {
  key: string;
  /** A key with every scope but the one named; undefined when there is none. */
  without(scope: string): string | undefined;
};

export type CampaignOptions = {
  url: string;
  /** As the server gives it. */
  document: OpenApiDocument;
  seed: number;
  requests: number;
  /** As many as shall be sending at once. */
  partners: FuzzPartner[];
  /** Milliseconds without an answer that are too many. */
  hangingMs?: number;
  /** Ends after so many different failures. */
  stopAfter?: number;
  /** Ends after a failure that is what was looked for. */
  soughtFor?(failure: string): boolean;
  /** What the server's log says of an answer. */
  explain?(requestId: string): string;
};

export type Campaign = {
  sent: number;
  /** For a person to repeat: the problem, the request reduced, the answer. */
  failures: string[];
  /** How often each operation was answered with each status. */
  seen: Map<string, Map<number, number>>;
  /** How many requests of each verdict there were, by operation. */
  judged: Map<string, Record<string, number>>;
};

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];
const garbageKeys = ['hello', 'sk_test_nobody_000000000000000000000000000000AAAAAA', 'x'.repeat(500), "' OR 1=1 --", '', 'sk_beta_'];
/** So many problems of one kind and operation are enough. */
const maxAlike = 3;

/** Sends requests that the document of a server suggests, good ones and bad ones, and holds every answer to it. */
export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  return new Campaigner(options).run();
}

class Campaigner {
  readonly #options: CampaignOptions;
  readonly #closed: Contract;
  readonly #open: Contract;
  readonly #judge: Judge;
  readonly #client: Client;
  readonly #memories: Memory[];
  readonly #result: Campaign = { sent: 0, failures: [], seen: new Map(), judged: new Map() };
  readonly #reported = new Set<string>();
  readonly #alike = new Map<string, number>();

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#closed = new Contract(options.document);
    this.#open = new Contract(options.document, { closed: false });
    this.#judge = new Judge(this.#open);
    this.#client = new Client(options.url, 2 * options.partners.length, options.hangingMs ?? 20_000);
    this.#memories = options.partners.map(() => new Memory());
  }

  async run(): Promise<Campaign> {
    const { partners, requests, seed } = this.#options;
    const random = pseudoRandom(seed);
    const each = Math.ceil(requests / partners.length);
    const operations = this.#open.operations.flatMap((operation) => Array<Operation>(needsKey(operation) ? 5 : 1).fill(operation));
    const orders = partners.map(() =>
      Array.from({ length: each }, () => operations[Math.floor(random() * operations.length)] as Operation),
    );
    const plans = this.#plans(orders.flat(), seed);
    await Promise.all(
      orders.map((order, index) =>
        this.#work(
          index,
          order.map((operation) => plans.get(operation)?.pop() as Plan),
        ),
      ),
    );
    this.#client.close();
    return this.#result;
  }

  #plans(order: Operation[], seed: number): Map<Operation, Plan[]> {
    const counts = new Map<Operation, number>();
    for (const operation of order) counts.set(operation, (counts.get(operation) ?? 0) + 1);
    return new Map([...counts].map(([operation, numRuns]) => [operation, fc.sample(plansOf(this.#open, operation), { numRuns, seed })]));
  }

  get #isOver(): boolean {
    const { stopAfter = 25, soughtFor = () => false } = this.#options;
    return this.#result.failures.length >= stopAfter || this.#result.failures.some(soughtFor);
  }

  async #work(index: number, plans: Plan[]): Promise<void> {
    const partner = { ...(this.#options.partners[index] as FuzzPartner) };
    const memory = this.#memories[index] as Memory;
    for (const plan of plans) {
      if (this.#isOver) return;
      const random = pseudoRandom(plan.dice);
      const chance = random();
      if (chance < 0.04) await this.#wrongMethod(plan, memory, random, partner);
      else if (chance < 0.08) await this.#stranger(index, plan, memory, random, partner);
      else if (chance < 0.12) await this.#withoutKey(plan, memory, random, partner);
      else if (chance < 0.15 && !this.#givesKey(plan.operation)) await this.#twice(plan, memory, random, partner);
      else await this.#one(chance < 0.5 ? 'mutated' : 'plain', plan, memory, random, partner);
    }
  }

  async #one(how: 'plain' | 'mutated', plan: Plan, memory: Memory, random: () => number, partner: FuzzPartner): Promise<void> {
    const plain = requestOf(plan, memory, random);
    const { verdict, because } = this.#judge.judge(plain);
    if (verdict === 'invalid') this.#fail('generator', `the generator's own request is not valid: ${because}`, plain);
    const request = how === 'plain' ? plain : mutate(plain, random);
    await this.#exchange(request, partner, memory);
  }

  /** The same request at the same moment, as a retry that was too early. */
  async #twice(plan: Plan, memory: Memory, random: () => number, partner: FuzzPartner): Promise<void> {
    const request = requestOf(plan, memory, random);
    await Promise.all([this.#exchange(request, partner, memory), this.#exchange(request, partner, memory)]);
  }

  /** Whether an operation answers with a key in place of the one that it is asked with: twice at once would be a race for it. */
  #givesKey({ operation }: Operation): boolean {
    const schema = operation.responses[200]?.content?.['application/json']?.schema;
    const { properties } = schema?.$ref ? this.#open.resolve(schema.$ref.slice(1)).node : (schema ?? {});
    return properties?.api_key !== undefined;
  }

  async #withoutKey(plan: Plan, memory: Memory, random: () => number, partner: FuzzPartner): Promise<void> {
    const credentials: Credential[] = ['none', 'garbage', ...(needsKey(plan.operation) ? (['scopeless'] as const) : [])];
    const credential = credentials[Math.floor(random() * credentials.length)] as Credential;
    await this.#exchange({ ...requestOf(plan, memory, random), credential }, partner, memory, random);
  }

  async #wrongMethod(plan: Plan, memory: Memory, random: () => number, partner: FuzzPartner): Promise<void> {
    const wire = toWire({ ...requestOf(plan, memory, random), query: [] });
    const path = decodeURI(wire.target);
    const fitting = this.#open.operations.filter((each) =>
      new RegExp(`^${each.path.replace(/[.]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`).test(wire.target),
    );
    const allowed = fitting.map(({ method }) => method);
    const others = methods.filter((method) => !allowed.includes(method));
    const method = others[Math.floor(random() * others.length)] as string;
    const answer = await this.#client.send({ ...wire, method, body: undefined, headers: [] }, partner.key);
    this.#result.sent += 1;
    const found = wrongMethodProblems(answer, allowed);
    if (method !== 'HEAD' && !('failure' in answer) && found.length === 0) found.push(...this.#closed.violations(plan.operation, answer));
    for (const problem of found) this.#report(problem, `${method} ${path}`, answer);
  }

  /** What another partner was given, beside an id that differs from it in its end and is nobody's. */
  async #stranger(index: number, plan: Plan, memory: Memory, random: () => number, partner: FuzzPartner): Promise<void> {
    const request = requestOf(plan, memory, random);
    const [name] = Object.keys(request.path);
    const other = this.#memories[(index + 1) % this.#memories.length] as Memory;
    const kind = name && meaningOf(name, request.operation);
    const stranger = kind && other.recall([kind], request.operation.path, random)?.[kind];
    if (!name || !stranger || !/[0-9a-f]{12}$/.test(stranger)) return this.#exchange(request, partner, memory).then(() => {});
    const unknown = stranger.replace(/.{6}$/, (end) => (end === 'ffffff' ? 'eeeeee' : 'ffffff'));
    const at = (id: string) => ({ ...request, path: { ...request.path, [name]: id } });
    const answers = [await this.#exchange(at(stranger), partner, memory), await this.#exchange(at(unknown), partner, memory)];
    const [first, second] = answers;
    if (!first || !second || 'failure' in first || 'failure' in second) return;
    for (const problem of strangerProblems(first, second, { stranger, unknown })) this.#fail('stranger', problem, at(stranger));
  }

  async #exchange(request: FuzzRequest, partner: FuzzPartner, memory: Memory, random: () => number = () => 0): Promise<Exchange['answer']> {
    const { answer, problems } = await this.#ask(request, partner, random);
    const { operationId } = request.operation.operation;
    const { verdict } = this.#judge.judge(request);
    this.#result.sent += 1;
    if (!('failure' in answer)) {
      count(this.#result.seen, operationId, answer.status);
      memory.learn(request.operation.path, answer.json, request.query);
      if (request.credential === 'own' && answer.status < 300) {
        if (request.operation.method === 'DELETE') problems.push(...(await this.#afterDeletion(request, partner)));
        // What a request chose, such as an idempotency key.
        if (verdict === 'valid') memory.learn(request.operation.path, request.body?.json);
      }
    }
    const judged = this.#result.judged.get(operationId) ?? {};
    this.#result.judged.set(operationId, { ...judged, [verdict]: (judged[verdict] ?? 0) + 1 });
    const fresh = problems.filter((problem) => !this.#reported.has(signature(request, problem)) && this.#isRare(request, problem));
    for (const problem of fresh) this.#reported.add(signature(request, problem));
    if (fresh.length > 0) {
      const kind = fresh[0]?.split(':')[0] as string;
      const stillFails = async (smaller: FuzzRequest) =>
        (await this.#ask(smaller, partner, random)).problems.some((each) => each.startsWith(`${kind}:`));
      const smallest = await reduce(request, stillFails);
      const again = await this.#ask(smallest, partner, random);
      const repeated = again.problems.length > 0;
      for (const problem of again.problems) this.#reported.add(signature(request, problem));
      this.#fail(kind, (repeated ? again.problems : fresh).join('\n'), repeated ? smallest : request, repeated ? again.answer : answer);
    }
    return answer;
  }

  /** What was deleted is gone for the next request, where the document has one that reads it. */
  async #afterDeletion(request: FuzzRequest, partner: FuzzPartner): Promise<string[]> {
    const read = this.#open.operations.find(({ path, method }) => path === request.operation.path && method === 'GET');
    if (!read) return [];
    const answer = await this.#client.send(
      { ...toWire({ ...request, operation: read, query: [], headers: [], body: undefined }) },
      partner.key,
    );
    return 'failure' in answer || answer.status === 404
      ? []
      : [`use after free: read after its deletion, it was answered ${answer.status}`];
  }

  async #ask(
    request: FuzzRequest,
    partner: FuzzPartner,
    random: () => number,
  ): Promise<{ answer: Exchange['answer']; problems: string[] }> {
    const answer = await this.#client.send(toWire(request), this.#keyOf(request, partner, random));
    // A key that is given in exchange is the one to go on with.
    if (!('failure' in answer) && request.credential === 'own' && typeof answer.json?.api_key === 'string')
      partner.key = answer.json.api_key;
    return { answer, problems: problemsOf({ request, judgement: this.#judge.judge(request), answer }, this.#closed) };
  }

  #isRare({ operation }: FuzzRequest, problem: string): boolean {
    const alike = `${operation.operation.operationId} ${problem.split(':')[0]}`;
    this.#alike.set(alike, (this.#alike.get(alike) ?? 0) + 1);
    return (this.#alike.get(alike) as number) <= maxAlike;
  }

  #keyOf({ credential, operation }: FuzzRequest, partner: FuzzPartner, random: () => number): string | undefined {
    if (credential === 'none') return undefined;
    if (credential === 'garbage') return garbageKeys[Math.floor(random() * garbageKeys.length)];
    return credential === 'own' ? partner.key : partner.without(scopeOf(operation) as string);
  }

  #fail(kind: string, problem: string, request: FuzzRequest, answer?: Exchange['answer']): void {
    this.#report(`${request.operation.operation.operationId}: ${kind}\n${problem}`, describe(request), answer);
  }

  #report(problem: string, request: string, answer?: Exchange['answer']): void {
    if (this.#isOver) return;
    this.#result.failures.push([problem, '--- request', request, ...(answer ? ['--- answer', this.#answerText(answer)] : [])].join('\n'));
  }

  #answerText(answer: Exchange['answer']): string {
    if ('failure' in answer) return answer.failure;
    const headers = [...(answer as Answer).headers].map(([name, value]) => `${name}: ${value}`);
    const log = answer.status >= 500 ? this.#options.explain?.(answer.headers.get('x-request-id') ?? '') : undefined;
    return [answer.status, ...headers, '', shorten(answer.text), ...(log ? ['--- log', shorten(log, 4_000)] : [])].join('\n');
  }
}

/** Problems that differ only in values are one. */
function signature({ operation }: FuzzRequest, problem: string): string {
  return `${operation.operation.operationId} ${problem.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+|"[^"]*"/g, '#').slice(0, 120)}`;
}

function count(table: Map<string, Map<number, number>>, name: string, status: number): void {
  const statuses = table.get(name) ?? new Map<number, number>();
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  table.set(name, statuses);
}
