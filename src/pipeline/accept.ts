import type { FastifyInstance } from 'fastify';
import { ApiError } from './errors/catalogue.ts';

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
    done(new ApiError('not_acceptable', { detail: 'Accept application/json, which is all that this route answers with.' }));
  });
}
