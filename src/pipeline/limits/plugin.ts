import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Clock } from '../../platform/clock.ts';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../errors/catalogue.ts';
import { type LimitState, limitHeaders } from './headers.ts';
import type { MonthlyQuota } from './quota.ts';
import type { BurstState, TokenLeases } from './token-leases.ts';

declare module 'fastify' {
  interface FastifyInstance {
    limits: {
      quota: MonthlyQuota;
      /** The 429 for a partner without quota left. */
      quotaExceeded(principal: Principal): ApiError;
      /** What is left to the partner of a request that has passed this plugin. */
      state(request: FastifyRequest): LimitState;
    };
  }
  interface FastifyRequest {
    burst: BurstState;
  }
}

export type LimitsOptions = {
  leases: TokenLeases;
  quota: MonthlyQuota;
  clock: Clock;
  onLimited(policy: 'burst' | 'monthly'): void;
};

/**
 * How much? Runs after authentication on every route with `limit: true`: takes one token per request and writes the limit headers on the
 * answer, also on a refusal. The monthly quota is reserved by the routes that store events, because only they know how many.
 */
export const limits = fp<LimitsOptions>(
  async (app, { leases, quota, clock, onLimited }) => {
    app.decorateRequest('burst');
    app.decorate('limits', {
      quota,
      state,
      quotaExceeded(principal: Principal) {
        onLimited('monthly');
        return new ApiError('quota_exceeded', {
          detail: `The quota of ${principal.monthlyQuota} events a month is used up until ${new Date(quota.month().endsAt).toISOString()}.`,
          retryAfterSeconds: Math.ceil((quota.month().endsAt - clock()) / 1000),
        });
      },
    });

    app.addHook('onRequest', function takeToken(request, _reply, done) {
      if (!request.routeOptions.config.limit) return done();
      const { principal } = request;
      if (quota.isLoaded(principal.partnerId)) return admit(request, done);
      quota.load(principal.partnerId).then(() => admit(request, done), done);
    });

    function admit(request: FastifyRequest, done: (error?: Error) => void): void {
      leases.take(request.principal, (state, error) => {
        if (!state) return done(error as Error);
        request.burst = state;
        if (state.allowed) return done();
        onLimited('burst');
        done(
          new ApiError('rate_limited', {
            detail: `More than ${request.principal.burst} requests at once, or ${request.principal.ratePerSecond} a second.`,
            retryAfterSeconds: Math.max(1, Math.ceil(state.waitMs / 1000)),
          }),
        );
      });
    }

    // On the way out, so that the remaining quota counts this request's own events.
    app.addHook('onSend', function writeLimits(request: FastifyRequest, reply: FastifyReply, payload, done) {
      if (request.burst) reply.headers(limitHeaders(state(request)));
      done(null, payload);
    });

    function state({ burst, principal }: FastifyRequest): LimitState {
      const month = quota.month();
      return {
        burst: { quota: principal.burst, remaining: burst.remaining, resetSeconds: Math.max(1, Math.ceil(burst.waitMs / 1000)) },
        monthly: {
          quota: principal.monthlyQuota,
          remaining: quota.remaining(principal.partnerId, principal.monthlyQuota),
          resetSeconds: Math.ceil((month.endsAt - clock()) / 1000),
          windowSeconds: (month.endsAt - month.startsAt) / 1000,
        },
      };
    }
  },
  { name: 'limits', dependencies: ['auth'] },
);
