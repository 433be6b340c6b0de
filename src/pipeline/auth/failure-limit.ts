import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../errors/catalogue.ts';

export type FailureLimit = {
  /** @throws ApiError `rate_limited` when the address has no failure left this minute. Counts nothing. */
  check(request: FastifyRequest): Promise<void>;
  /** Counts a failure. @throws ApiError `rate_limited` when it was one too many, as it can be when several are checked at once. */
  count(request: FastifyRequest): Promise<void>;
};

/**
 * Failed authentications per client address and minute, so that guessing and misconfigured clients cost no look-ups. An IPv6 address counts
 * with its /64, which one client has whole. Kept per process and for the 5,000 latest addresses: it guards this process and its share
 * of the database, and must not itself depend on another service.
 */
export function failureLimit(app: FastifyInstance, perMinute: number): FailureLimit {
  const limiter = app.createRateLimit({ max: perMinute, timeWindow: 60_000 });
  return {
    async check(request) {
      const state = await limiter(request, { increment: false });
      if (!state.isAllowed && state.remaining === 0) throw tooMany(state.ttlInSeconds);
    },
    async count(request) {
      const state = await limiter(request);
      if (!state.isAllowed && state.isExceeded) throw tooMany(state.ttlInSeconds);
    },
  };
}

function tooMany(seconds: number): ApiError {
  return new ApiError('rate_limited', {
    detail: 'Too many failed authentications from this address; check the key before trying again.',
    retryAfterSeconds: Math.max(1, seconds),
    members: { 'violated-policies': ['address'] },
  });
}
