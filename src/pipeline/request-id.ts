import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

const acceptable = /^[A-Za-z0-9_-]{8,64}$/;

/**
 * The caller's `X-Request-Id` when it is well formed, else a new one: a random part for each process and a count, which is as unique as a random
 * number for each request and costs nothing.
 */
export function createRequestIds(): (request: Pick<IncomingMessage, 'headers'>) => string {
  const processPart = `req_${randomBytes(8).toString('hex')}_`;
  let count = 0;
  return ({ headers }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && acceptable.test(given) ? given : processPart + (count++).toString(36);
  };
}

/** Every answer names its request. Registered first, so that the refusals of later hooks have it too. */
export function registerRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', function nameRequest(request, reply, done) {
    reply.header('x-request-id', request.id);
    done();
  });
}
