import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import pino, { type DestinationStream } from 'pino';

/** Asked every few seconds by balancers and monitors, each time with the same answer. */
export const probes: ReadonlySet<string | undefined> = new Set(['getHealth', 'getLive', 'getReady']);

/**
 * One line for each request, at level info: who asked for what, how it ended and how long it took. Never a URL, a header, a query, a body or a key. Health
 * probes are left out, and `/metrics` is no route of the app.
 *
 * The lines of one turn of the event loop are written together: under load a commit answers a hundred requests in one turn, and a hundred writes to
 * standard output would cost more than the lines. A process that is killed loses the lines of its last turn; one that closes loses none.
 *
 * `level`: of the app's log. `bytes` are those of the answer's body; of an answer that is streamed the length is not known, and left out.
 */
export function registerAccessLog(app: FastifyInstance, { level }: { level: string }): void {
  const stream = (app.log as unknown as { [pino.symbols.streamSym]: DestinationStream })[pino.symbols.streamSym];
  let lines = '';
  const flush = () => {
    const text = lines;
    lines = '';
    if (text !== '') stream.write(text);
  };
  const log = pino(
    { level },
    {
      write(line: string) {
        if (lines === '') setImmediate(flush);
        lines += line;
      },
    },
  );
  if (!log.isLevelEnabled('info')) return;
  // Not onResponse, which does not come when the client has left, as that of a long poll may: nothing was finished then, but the connection closes.
  app.addHook('onRequest', function logRequest(request, reply, done) {
    if (!probes.has(request.routeOptions.config.operation)) reply.raw.once('close', () => log.info(lineOf(request, reply), 'request'));
    done();
  });
  app.addHook('onClose', async () => flush());
}

/** Members that are undefined are left out of the line. */
function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  const { principal, trace } = request;
  const length = reply.getHeader('content-length');
  return {
    request_id: request.id,
    partner: principal?.slug,
    key_id: principal?.keyId,
    operation: request.routeOptions.config.operation ?? 'unmatched',
    status: reply.statusCode,
    duration_ms: Math.round(reply.elapsedTime * 100) / 100,
    bytes: length === undefined ? undefined : Number(length),
    // The client was gone before it had the whole answer: the status is what it would have read.
    aborted: reply.raw.writableFinished ? undefined : true,
    trace_id: trace?.traceId,
  };
}
