import type { FastifyInstance } from 'fastify';
import { ApiError } from './errors/catalogue.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Media types in which the route can answer beside `application/json`. */
    alsoAnswers?: readonly string[];
  }
}

const acceptable =
  /(?:^|,)\s*(?:\*\/\*|application\/\*|application\/json|application\/problem\+json)\s*(?:;(?!\s*q=0(?:\.0*)?\s*(?:,|$))|,|$)/i;

/** The API speaks JSON: a request that accepts none of it is answered 406 instead of with what it cannot read. Public pages choose for themselves. */
export function registerAccept(app: FastifyInstance): void {
  app.addHook('onRequest', function checkAccept(request, _reply, done) {
    const { accept } = request.headers;
    if (
      accept === undefined ||
      accept === '*/*' ||
      request.routeOptions.config.access === 'public' ||
      request.is404 ||
      acceptable.test(accept)
    ) {
      return done();
    }
    const { alsoAnswers = [] } = request.routeOptions.config;
    if (preferredType(accept, alsoAnswers) !== undefined) return done();
    const types = ['application/json', ...alsoAnswers].join(' or ');
    done(new ApiError('not_acceptable', { detail: `Accept ${types}, which is all that this route answers with.` }));
  });
}

/**
 * Which of the types that a route can answer with an Accept header prefers (RFC 9110, chapter 12.5.1): the one of the highest weight; of equal ones
 * that which is named more precisely, then that which is named first. Undefined when it accepts none.
 */
export function preferredType(accept: string, types: readonly string[]): string | undefined {
  const ranges = accept.split(',').map(readRange);
  const choices = types.flatMap((type) => {
    const matching = ranges.filter(({ range }) => range === type || range === '*/*' || range === `${type.split('/', 1)[0]}/*`);
    // The most precise range says the weight of a type.
    const [best] = matching.toSorted((a, b) => precision(b.range) - precision(a.range));
    return best && best.weight > 0 ? [{ type, ...best, place: ranges.indexOf(best) }] : [];
  });
  choices.sort((a, b) => b.weight - a.weight || precision(b.range) - precision(a.range) || a.place - b.place);
  return choices[0]?.type;
}

function readRange(text: string): { range: string; weight: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return { range, weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 };
}

function precision(range: string): number {
  return range === '*/*' ? 0 : range.endsWith('/*') ? 1 : 2;
}
