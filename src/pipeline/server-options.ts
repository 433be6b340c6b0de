import type { ServerOptions as HttpOptions } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyServerOptions, LogController } from 'fastify';
import pg from 'pg';
import type { DestinationStream } from 'pino';
import { ApiError } from './errors/catalogue.ts';
import { problemDocument, sendProblem, toApiError } from './errors/handler.ts';
import { createRequestIds } from './request-id.ts';

export type ServerOptions = { level: string; trustProxyHops: number; logStream: DestinationStream | undefined; publicUrl: string };

/** How the server listens and logs. Times in milliseconds. */
export function serverOptions({
  level,
  trustProxyHops,
  logStream,
  publicUrl,
}: ServerOptions): FastifyServerOptions & { http: HttpOptions } {
  const requestId = createRequestIds();
  return {
    logger: {
      level,
      ...(logStream && { stream: logStream }),
      // Headers and bodies are never handed to the logger; this is for the day somebody does.
      redact: { paths: ['req.headers', 'headers', '*.headers', 'body', '*.body', 'api_key', '*.api_key'], censor: '[redacted]' },
      serializers: { err: errorText, req: ({ id, method, ip }) => ({ id, method, ip }) },
    },
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger for each request costs 2 % of a request's time, and almost none ever logs: what does, names its request itself.
    childLoggerFactory: (logger) => logger,
    genReqId: (request) => requestId(request as never),
    requestIdHeader: false,
    // An id of any length is answered by its route, as one that does not exist; Fastify would say of a longer one that there is no route.
    routerOptions: { maxParamLength: 16 * 1024 },
    trustProxy: trustProxyHops === 0 ? false : (_address, hop) => hop < trustProxyHops,
    // A command is small; the routes that take events say how much they take.
    bodyLimit: 64 * 1024,
    // Fastify's default of 0 switches Node's own limit off: a body that stalls would stay for ever.
    requestTimeout: 15_000,
    // A client that asks and never reads would keep its answer in our memory for ever. Above the 30 s that a long poll is silent.
    connectionTimeout: 60_000,
    // Longer than the 60 s for which balancers keep a connection, so that they close it and not we while a request is on its way.
    keepAliveTimeout: 65_000,
    // Node looks for late requests every 30 s if not told: a deadline of 15 s would be one of 45.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    // A request that arrives on an open connection while the server closes is answered, and its connection closed after it.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    // A path that cannot be decoded reaches no route and no hook.
    frameworkErrors(error, request, reply) {
      reply.header('x-request-id', request.id);
      sendProblem(toApiError(error, request as never), request as never, reply as never, publicUrl);
    },
    clientErrorHandler(error, socket) {
      answerClientError(error, socket as Socket, requestId({ headers: {} }), publicUrl);
    },
  };
}

/** What could not be read as HTTP is answered on the bare socket: no route has seen it. */
function answerClientError(error: Error & { code?: string }, socket: Socket, requestId: string, publicUrl: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = timedOut ? '408 Request Timeout' : tooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const detail = timedOut
    ? 'The request took longer than 15 seconds to arrive.'
    : tooLarge
      ? 'The headers are larger than 16 KiB.'
      : 'The request is not valid HTTP/1.1.';
  const body = JSON.stringify({
    ...problemDocument(new ApiError('invalid_json', { detail }), requestId, '', publicUrl),
    status: Number(status.slice(0, 3)),
  });
  const headers = [
    `content-type: application/problem+json`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * What a log says of an error: not the objects that drivers hang on theirs, which hold connections, secrets of sessions and values of rows. Of an error of Postgres not
 * its message either, which may quote what a partner has sent (SQLSTATE 22P02 and 23505 do): code, severity and names of the schema say what it was.
 */
function errorText(error: unknown): { type: string; message: string; stack: string; [member: string]: unknown } {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error), stack: '' };
  const { name, message, stack = '', cause } = error;
  const { code } = error as { code?: unknown };
  const inner = cause !== undefined && { cause: errorText(cause) };
  if (error instanceof pg.DatabaseError) {
    const { severity, schema, table, column, constraint, routine } = error;
    const names = { code: error.code, severity, schema, table, column, constraint, routine };
    const frames = stack.search(/^ +at /m);
    return { type: name, message: `Postgres: SQLSTATE ${error.code}`, ...names, stack: frames < 0 ? '' : stack.slice(frames), ...inner };
  }
  return { type: name, message, ...(typeof code === 'string' && { code }), stack, ...inner };
}
