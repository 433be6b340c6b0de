import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { classifyPostgresError } from '../../platform/postgres.ts';
import { ApiError, catalogue, type ErrorCode } from './catalogue.ts';
import { validationErrors } from './validation-errors.ts';

export type ErrorHandlerOptions = {
  /** Base of the documentation pages that `type` links to; may be empty. */
  publicUrl: string;
};

/** The one place that answers errors, as `application/problem+json` (RFC 9457). */
export function registerErrorHandler(app: FastifyInstance, options: ErrorHandlerOptions): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const apiError = toApiError(error, request);
    logFailure(apiError, request, error);
    return sendProblem(apiError, request, reply, options.publicUrl);
  });
  const allowedMethods = collectRoutes(app);
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(request.url);
    const error =
      allowed.length > 0
        ? new ApiError('method_not_allowed', { detail: `This path takes ${allowed.join(', ')}.`, headers: { allow: allowed.join(', ') } })
        : new ApiError('route_not_found');
    return sendProblem(error, request, reply, options.publicUrl);
  });
}

/** Logs an error that is our failure, with its cause; a partner's mistake is not logged. For an item of a batch too, which no handler sees. */
export function logFailure(error: ApiError, request: FastifyRequest, thrown: unknown = error): void {
  if (error.statusCode < 500) return;
  const { trace } = request;
  const operation = request.routeOptions.config.operation;
  const context = { code: error.code, request_id: request.id, operation, ...(trace && { trace_id: trace.traceId }) };
  // Refusing work is a decision, not a failure: it has no cause, and under overload there would be thousands of stacks.
  if (error.code === 'unavailable' && error.options.cause === undefined) request.log.warn(context, error.message);
  else request.log.error({ ...context, err: error.options.cause ?? thrown }, 'request failed');
}

/** The problem document of an error, as it is sent. */
export function problemDocument(error: ApiError, requestId: string, path: string, publicUrl: string): Record<string, unknown> {
  const { title, status, advice, retryable } = catalogue[error.code];
  return {
    type: status === 429 ? quotaExceededType : `${publicUrl}/guide/errors#${error.code}`,
    title,
    status,
    detail: error.options.detail ?? advice,
    instance: path,
    code: error.code,
    request_id: requestId,
    retryable,
    ...(error.options.errors && { errors: error.options.errors }),
    ...(status === 429 && { 'violated-policies': violatedPolicies[error.code] }),
    ...error.options.members,
  };
}

/** IANA's problem type for every kind of exceeded quota; the code says which one. */
const quotaExceededType = 'https://iana.org/assignments/http-problem-types#quota-exceeded';

/** The limits by the names that `RateLimit-Policy` and the docs give them. */
const violatedPolicies: Partial<Record<ErrorCode, string[]>> = {
  rate_limited: ['burst'],
  quota_exceeded: ['monthly'],
  too_many_waits: ['waits'],
  too_many_leases: ['leases'],
};

/** Answers with the problem document of an error. */
export function sendProblem(error: ApiError, request: FastifyRequest, reply: FastifyReply, publicUrl: string): FastifyReply {
  const { retryAfterSeconds, headers } = error.options;
  reply.status(error.statusCode);
  if (headers) reply.headers(headers);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', `${retryAfterSeconds}`);
  reply.header('content-type', 'application/problem+json').header('cache-control', 'no-store');
  const path = request.url.split('?', 1)[0] as string;
  return reply.serializer(JSON.stringify).send(problemDocument(error, request.id, path, publicUrl));
}

/** Errors of Fastify's own that a request can cause, by their code. */
const frameworkErrors: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_BAD_URL: 'route_not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'route_not_found',
};

/** Any error as one of the catalogue. */
export function toApiError(error: FastifyError, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error;
  if (error.validation) return validationErrors(error);
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const code = request.routeOptions.config.operation === 'postEventsBatch' ? 'batch_too_large' : 'payload_too_large';
    // What is left of the body would be read as the next request.
    return new ApiError(code, { headers: { connection: 'close' } });
  }
  const code = frameworkErrors[error.code];
  if (code) return new ApiError(code);
  // A client that went away or sent half a body: nobody reads the answer, but it is not our failure,
  // nor the database's: its ECONNRESET is that of the client's socket.
  if (error.statusCode === 400) return new ApiError('invalid_json', { detail: 'The body ended early.' });
  if (classifyPostgresError(error) === 'retry') return new ApiError('unavailable', { retryAfterSeconds: 1, cause: error });
  return new ApiError('internal', { cause: error });
}

/** Collects the routes, so that a known path with another method is answered 405 with `Allow` and not 404. */
function collectRoutes(app: FastifyInstance): (url: string) => string[] {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        .replace(/:\w+/g, '[^/]+')
        .replace(/\\\*$/, '.*')}$`,
    );
    const route = routes.get(url) ?? { pattern, methods: new Set<string>() };
    for (const each of [method].flat()) route.methods.add(each);
    routes.set(url, route);
  });
  return (url) => {
    const path = url.split('?', 1)[0] as string;
    const methods = [...routes.values()].filter(({ pattern }) => pattern.test(path)).flatMap((route) => [...route.methods]);
    return [...new Set(methods)].sort();
  };
}
