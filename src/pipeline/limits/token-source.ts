import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger } from 'fastify';
import type { ClientContext, Redis, Result } from 'ioredis';
import type { Clock } from '../../platform/clock.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { type Bucket, type Grant, newBucket, takeTokens } from './token-bucket.ts';

export type TokenRequest = { partnerId: number; rate: number; burst: number; need: number };

/** Where tokens come from: one bucket per partner, shared by all who share the source. */
export type TokenSource = { take(request: TokenRequest): Promise<Grant> };

const script = readFileSync(new URL('./token-bucket.lua', import.meta.url), 'utf8');

declare module 'ioredis' {
  interface RedisCommander<Context extends ClientContext> {
    takeTokens(key: string, rate: number, burst: number, need: number): Result<[number, number, number], Context>;
  }
}

/** Buckets in this process: the most recently used 10,000. */
export function localTokenSource(clock: Clock): TokenSource {
  const buckets = new Map<number, Bucket>();
  return {
    take({ partnerId, rate, burst, need }) {
      const now = clock();
      const bucket = buckets.get(partnerId) ?? newBucket(burst, now);
      // Re-inserting keeps the map in order of use; the first is then the one to forget.
      buckets.delete(partnerId);
      buckets.set(partnerId, bucket);
      if (buckets.size > 10_000) buckets.delete(buckets.keys().next().value as number);
      return Promise.resolve(takeTokens(bucket, now, rate, burst, need));
    },
  };
}

/** Buckets in Redis, by Redis's clock. Rejects when Redis cannot be asked within its timeouts. */
export function redisTokenSource(redis: Redis, prefix: string): TokenSource {
  redis.defineCommand('takeTokens', { numberOfKeys: 1, lua: script });
  return {
    async take({ partnerId, rate, burst, need }) {
      const [granted, remaining, waitMs] = await redis.takeTokens(`${prefix}bucket:${partnerId}`, rate, burst, need);
      return { granted, remaining, waitMs };
    },
  };
}

export type BreakerOptions = {
  /** Milliseconds during which a failed primary is not asked again. */
  pauseMs: number;
  clock: Clock;
  /** Told when the state changes: true when the fallback took over, false when the primary is back. */
  onChange(open: boolean): void;
};

/**
 * A circuit breaker: `primary` while it answers; after a failure `fallback` for `pauseMs`, then one request tries the primary again. The
 * failed request itself is answered by the fallback, so that the death of Redis refuses nobody.
 */
export function withFallback(primary: TokenSource, fallback: TokenSource, { pauseMs, clock, onChange }: BreakerOptions): Breaker {
  let open = false;
  let nextTryAt = 0;
  return {
    async take(request) {
      if (open && clock() < nextTryAt) return fallback.take(request);
      if (open) nextTryAt = clock() + pauseMs; // only this request tries
      try {
        const grant = await primary.take(request);
        if (open) onChange(false);
        open = false;
        return grant;
      } catch {
        if (!open) onChange(true);
        open = true;
        nextTryAt = clock() + pauseMs;
        return fallback.take(request);
      }
    },
    tryAgain() {
      nextTryAt = 0;
      if (open) onChange(false);
      open = false;
    },
  };
}

/** A source that goes on without its primary; `tryAgain` is for whoever knows that it is back before a request finds out. */
export type Breaker = TokenSource & { tryAgain(): void };

export type TokenSourceOptions = {
  redis: Redis | undefined;
  prefix: string;
  clock: Clock;
  metrics: Metrics;
  log: FastifyBaseLogger;
};

/** The source of a process: Redis when there is one, with buckets of its own to fall back on. */
export function createTokenSource({ redis, prefix, clock, metrics, log }: TokenSourceOptions): TokenSource {
  const local = localTokenSource(clock);
  if (!redis) return local;
  const breaker = withFallback(redisTokenSource(redis, prefix), local, {
    pauseMs: 1_000,
    clock,
    onChange(open) {
      metrics.redisUp.set(open ? 0 : 1);
      log.warn({ redis: open ? 'away' : 'back' }, open ? 'limits are kept in this process' : 'limits are shared again');
    },
  });
  // From the connection too, so that an outage shows, and its end, while no request asks for a token.
  metrics.redisUp.set(redis.status === 'ready' ? 1 : 0);
  redis.on('close', () => metrics.redisUp.set(0));
  redis.on('ready', () => {
    metrics.redisUp.set(1);
    breaker.tryAgain();
  });
  return breaker;
}
