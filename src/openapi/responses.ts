import { catalogue, type ErrorCode } from '../pipeline/errors/catalogue.ts';
import type { Components } from './components.ts';
import { errorsOfRoute } from './errors-of-route.ts';
import { limitHeaderNames, type ResponseHeader } from './headers.ts';
import type { Json } from './json-schema.ts';
import type { OperationDocs } from './operation-docs.ts';
import { Problem, problemMediaType } from './problem.ts';
import type { DocumentedRoute } from './route.ts';

/** What each status says when it is a problem, whatever its code. */
const problemDescriptions: Record<number, string> = {
  400: 'The request is not valid. Change it before sending it again.',
  401: 'There is no valid key.',
  403: 'The key is valid, and may not do this.',
  404: 'There is no such thing for you.',
  405: 'The path takes another method.',
  406: 'The `Accept` header leaves no representation.',
  409: 'Not in the state in which the event, or another request of yours, is now.',
  413: 'The body is too large.',
  415: 'The content type is not one that the operation takes.',
  422: 'The request is well formed and contradicts an earlier one.',
  429: 'A limit is used up. Wait for `Retry-After` seconds.',
  500: 'A failure on our side. Safe to repeat with the same idempotency key.',
  503: 'Not now. Wait for `Retry-After` seconds and repeat it with the same idempotency key.',
};

/** Answered before the partner's limits were looked at. */
const beforeLimits = [405, 406];
/** Answered by stages before and after that look: what a handler refuses a key has cost a token. */
const aroundLimits = [401, 403, 429, 500, 503];

/** Every answer of a route by status. @throws Error when the route's schema and the table do not name the same statuses. */
export function responsesOf(route: DocumentedRoute, docs: OperationDocs, components: Components): Json {
  const declared = Object.keys(route.schema.response ?? {}).sort();
  const described = Object.keys(docs.answers).filter((status) => !docs.answers[Number(status)]?.schema);
  if (declared.join() !== described.join()) {
    throw new Error(
      `${route.config.operation}: the route has schemas for ${declared.join() || 'no status'}, the description for ${described.join() || 'none'}`,
    );
  }
  const errors = errorsOfRoute(route, docs);
  const statuses = [...new Set([...Object.keys(docs.answers).map(Number), ...errors.keys()])].sort((a, b) => a - b);
  return Object.fromEntries(statuses.map((status) => [status, response(status, errors.get(status), route, docs, components)]));
}

function response(
  status: number,
  codes: ErrorCode[] | undefined,
  route: DocumentedRoute,
  docs: OperationDocs,
  components: Components,
): Json {
  const answer = docs.answers[status];
  const content: Json = {};
  if (answer) {
    const schema = answer.schema ?? route.schema.response?.[status];
    content[answer.mediaType ?? 'application/json'] = { schema: components.schema(schema as Json), examples: answer.examples };
    for (const [mediaType, other] of Object.entries(answer.otherContent ?? {}))
      content[mediaType] = { ...other, schema: components.schema(other.schema) };
  }
  if (codes) {
    const examples = Object.fromEntries(codes.map((code) => [code, components.problemExample(code)]));
    content[problemMediaType] = { schema: components.schema(Problem), examples };
  }
  const headers = new Set<ResponseHeader>(['RequestId', ...(answer?.headers ?? [])]);
  if (codes && !answer) headers.add('NoStore');
  if (status === 401) headers.add('Challenge');
  if (status === 405) headers.add('Allow');
  if (status === 429 || status === 503) headers.add('RetryAfter');
  if (route.config.limit && !beforeLimits.includes(status)) {
    for (const name of limitHeaderNames) headers.add(aroundLimits.includes(status) ? `${name}WhenKnown` : name);
  }
  return {
    description: answer?.description ?? problemDescription(status, codes ?? []),
    headers: Object.fromEntries([...headers].map((name) => components.responseHeader(name))),
    content,
  };
}

function problemDescription(status: number, codes: ErrorCode[]): string {
  const text = problemDescriptions[status];
  if (!text) throw new Error(`status ${status} of ${codes.join(', ')} is not described`);
  return text + codes.map((code) => `\n- \`${code}\`: ${catalogue[code].advice}`).join('');
}
