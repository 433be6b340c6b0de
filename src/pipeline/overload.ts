import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './errors/catalogue.ts';

/** Milliseconds over which lateness is averaged. */
const sampleInterval = 500;

/**
 * Overload is answered at once with 503 and `Retry-After`, before any work, instead of with ever longer waits. A poll that is refused is
 * repeated and loses nothing, so polls go first, and what stores only when the event loop is four times as late; health and other public
 * routes are always answered. `readingMs` is by how much the event loop may be late, on average over half a second.
 */
export async function registerOverload(app: FastifyInstance, { readingMs }: { readingMs: number }): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: readingMs,
    sampleInterval,
    pressureHandler(request, _reply, _type, measuredMs = 0) {
      const { access } = request.routeOptions.config;
      if (access === 'public' || request.is404) return;
      // Infinity is its word for no measurement at all: the event loop stood still for the whole interval, once.
      const lateMs = Number.isFinite(measuredMs) ? measuredMs : sampleInterval;
      if (lateMs <= readingMs) return;
      if (access === 'inbox:read' || access === 'account:read' || lateMs > 4 * readingMs) {
        throw new ApiError('unavailable', { detail: 'The server is overloaded.', retryAfterSeconds: 1 });
      }
    },
  });
}
