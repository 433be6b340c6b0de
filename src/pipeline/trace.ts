import type { FastifyInstance } from 'fastify';
import { installedTracing, type Trace } from '../platform/tracing.ts';
import { probes } from './access-log.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined when tracing is off. */
    trace?: Trace;
  }
}

/**
 * Follows each request through its stages, when src/telemetry.ts was loaded; when not, it adds no hook. Returns what marks the end of one stage and the
 * beginning of the next at the place where it is called: `mark('auth')` before the plugin that authenticates, `mark('limits')` after it.
 */
export function registerTracing(app: FastifyInstance): (stage: string) => void {
  const tracing = installedTracing();
  if (tracing === undefined) return () => {};
  app.decorateRequest('trace', undefined);
  app.addHook('onRequest', function beginTrace(request, reply, done) {
    const { operation = 'unmatched' } = request.routeOptions.config;
    if (probes.has(operation)) return done();
    const trace = tracing.begin(request.headers);
    request.trace = trace;
    // Also when the client leaves before it has its answer, which onResponse does not hear of.
    const end = () => tracing.end(trace, { method: request.method, operation, status: reply.statusCode, partner: request.principal?.slug });
    if (trace.sampled) reply.raw.once('close', end);
    done();
  });
  // The stages before may run in any context: the body arrives in that of the socket. From here on everything is the handler's doing.
  app.addHook('preHandler', function enterTrace({ trace }, _reply, done) {
    if (!trace?.sampled) return done();
    tracing.stage(trace, 'handle');
    tracing.within(trace, done);
  });
  app.addHook('onClose', () => tracing.close());
  return (stage) => {
    app.addHook('onRequest', function markStage({ trace }, _reply, done) {
      if (trace?.sampled) tracing.stage(trace, stage);
      done();
    });
  };
}
