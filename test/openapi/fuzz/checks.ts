import type { Answer } from '../../helper/app.ts';
import type { Contract } from '../contract.ts';
import { type Judgement, needsKey, readsKey } from './judge.ts';
import type { FuzzRequest } from './request.ts';

/** A request, what the document says of it, and what came back. */
export type Exchange = { request: FuzzRequest; judgement: Judgement; answer: Answer | { failure: string } };

export type Check = (exchange: Exchange & { answer: Answer }, contract: Contract) => string[];

/** Codes that call a request malformed. A request that the document calls valid is never answered with one. */
const malformed = [
  'validation_failed',
  'unknown_field',
  'invalid_json',
  'invalid_parameter',
  'unsupported_media_type',
  'not_acceptable',
  'unauthenticated',
  'forbidden',
  'route_not_found',
  'method_not_allowed',
];

/** What every answer is held to, each check by a name of its own. All of them together are `problemsOf`. */
export const checks: Record<string, Check> = {
  'not a server error': ({ answer }) => (answer.status >= 500 ? [`${answer.status} is a failure of the server`] : []),

  'as documented': ({ request, answer }, contract) => contract.violations(request.operation, answer),

  'negative data refused': ({ request, judgement, answer }) => {
    if (judgement.verdict !== 'invalid' || request.credential !== 'own') return [];
    const refused = (answer.status >= 400 && answer.status < 500) || (answer.status === 207 && answer.json?.failed > 0);
    return refused ? [] : [`answered ${answer.status}, though ${judgement.because}`];
  },

  'positive data accepted': ({ request, judgement, answer }) => {
    if (judgement.verdict !== 'valid' || request.credential !== 'own') return [];
    return malformed.includes(answer.json?.code)
      ? [`answered ${answer.json.code} (${answer.json.detail}), though ${judgement.because}`]
      : [];
  },

  'authentication not ignored': ({ request, answer }) => {
    const { operation, credential } = request;
    const expected = {
      own: undefined,
      none: needsKey(operation) ? 401 : undefined,
      garbage: readsKey(operation) ? 401 : undefined,
      scopeless: 403,
    }[credential];
    return expected === undefined || answer.status === expected
      ? []
      : [`answered ${answer.status} with the key ${credential}, not ${expected}`];
  },

  'a problem says its own status and id': ({ answer }) => {
    if (!answer.headers.get('content-type')?.startsWith('application/problem+json')) return [];
    const { status, request_id: id } = answer.json ?? {};
    return status === answer.status && id === answer.headers.get('x-request-id')
      ? []
      : [`a problem of ${status} ${id} in an answer of ${answer.status}`];
  },

  'nothing internal told': ({ answer }) => {
    const told =
      /(?:\n|\\n) +at .+:\d+:\d+|syntax error at or near|violates .+ constraint|node_modules|\bECONN[A-Z]+|invalid input syntax/.exec(
        answer.text,
      );
    // What the request itself said may come back.
    return told && answer.status >= 400 ? [`the answer tells: ${told[0]}`] : [];
  },
};

/** What is wrong with an exchange, as `check: problem`. No answer at all is wrong always. */
export function problemsOf(exchange: Exchange, contract: Contract): string[] {
  const { answer } = exchange;
  if ('failure' in answer) return [`answered: there was no answer: ${answer.failure}`];
  return Object.entries(checks).flatMap(([name, check]) =>
    check({ ...exchange, answer }, contract).map((problem) => `${name}: ${problem}`),
  );
}

/** The answer to a method that no operation of the path has: 405, with exactly the methods that there are. */
export function wrongMethodProblems(answer: Answer | { failure: string }, allowed: string[]): string[] {
  if ('failure' in answer) return [`unsupported method: there was no answer: ${answer.failure}`];
  if (answer.status !== 405) return [`unsupported method: answered ${answer.status}, not 405`];
  const named = (answer.headers.get('allow') ?? '').split(', ').sort();
  const right = [...new Set(allowed)].sort();
  return named.join() === right.join() ? [] : [`unsupported method: Allow names ${named.join()}, the document ${right.join()}`];
}

/** Answers to a stranger's id and to one that nobody has, the ids in them made alike: they must be the same. */
export function strangerProblems(strangers: Answer, unknown: Answer, ids: { stranger: string; unknown: string }): string[] {
  const plain = ({ status, text, headers }: Answer, id: string) => {
    const body = text.replaceAll(id, '<id>').replace(/"request_id":"[^"]*"/, '');
    const kept = [...headers].filter(
      ([name]) => !/^(?:date|x-request-id|ratelimit|x-ratelimit-.*|retry-after|content-length|connection|keep-alive)$/.test(name),
    );
    return JSON.stringify([status, kept, body]);
  };
  const [first, second] = [plain(strangers, ids.stranger), plain(unknown, ids.unknown)];
  return first === second ? [] : [`a stranger's id is told from an unknown one: ${first} and ${second}`];
}
