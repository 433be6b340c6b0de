import fp from 'fastify-plugin';
import type { Clock } from '../platform/clock.ts';
import { type Metrics, recount } from '../platform/metrics.ts';
import type { PartnerActivity } from '../platform/partner-activity.ts';

/** Figures of this process for the health answer; the histograms are for Prometheus. */
export type RequestStats = {
  /** Answers, without long polls. */
  requestsTotal: number;
  /** Those of them with a 5xx status. */
  errorsTotal: number;
  /** 95th percentile in milliseconds of the last 1,024 requests; 0 before the first. */
  p95LatencyMs(): number;
};

declare module 'fastify' {
  interface FastifyInstance {
    requestStats: RequestStats;
  }
}

/** Their 503 reports the trouble of others. */
const reports = new Set(['getHealth', 'getReady']);

const sampleSize = 1_024;
const slotMs = 60_000;

/** Of an operation: its answers by status, and what its times are told to. */
type Figures = { answers: Map<number, number>; timer: { observe(seconds: number): void } };

export type ObserveOptions = { metrics: Metrics; clock: Clock; activity: PartnerActivity };

/** Counts and times every request. Label values are operations and statuses, never a URL; partners have metrics of their own, which are bounded. */
export const observe = fp<ObserveOptions>(
  async (app, { metrics, clock, activity }) => {
    const samples = new Float64Array(sampleSize);
    const stats = { requestsTotal: 0, errorsTotal: 0, p95LatencyMs };
    app.decorate('requestStats', stats);

    const operations = new Map<string, Figures>();
    const figuresOf = (operation: string): Figures => {
      let figures = operations.get(operation);
      if (figures === undefined) {
        figures = { answers: new Map(), timer: metrics.duration.labels({ operation }) };
        operations.set(operation, figures);
      }
      return figures;
    };
    const max = { slot: 0, current: 0, previous: 0 };

    app.addHook('onResponse', function countRequest(request, reply, done) {
      const operation = request.routeOptions.config.operation ?? 'unmatched';
      const ms = reply.elapsedTime;
      const { answers, timer } = figuresOf(operation);
      answers.set(reply.statusCode, (answers.get(reply.statusCode) ?? 0) + 1);
      if (request.principal) activity.answered(request.principal, reply.statusCode);
      // The time of a long poll is the partner's wish; it would drown every other figure.
      const waited = isLongPoll(request.query);
      (waited ? figuresOf(`${operation}Wait`).timer : timer).observe(ms / 1000);
      if (!waited) {
        samples[stats.requestsTotal % sampleSize] = ms;
        stats.requestsTotal += 1;
        rememberMax(ms);
        if (reply.statusCode >= 500 && !reports.has(operation)) stats.errorsTotal += 1;
      }
      done();
    });

    recount(metrics.requests, function* rows() {
      for (const [operation, { answers }] of operations)
        for (const [status, count] of answers) yield [{ operation, status: `${status}` }, count] as const;
    });
    metrics.watch(metrics.durationMax, (gauge) => {
      rememberMax(0);
      gauge.set(Math.max(max.current, max.previous) / 1000);
    });

    function rememberMax(ms: number): void {
      const slot = Math.floor(clock() / slotMs);
      if (slot !== max.slot) {
        max.previous = slot === max.slot + 1 ? max.current : 0;
        max.current = 0;
        max.slot = slot;
      }
      if (ms > max.current) max.current = ms;
    }

    function p95LatencyMs(): number {
      const count = Math.min(stats.requestsTotal, sampleSize);
      if (count === 0) return 0;
      const sorted = samples.slice(0, count).sort();
      return Math.round((sorted[Math.ceil(count * 0.95) - 1] as number) * 100) / 100;
    }
  },
  { name: 'observe' },
);

/** Only a route that knows the parameter has it converted to a number: a query of a request that no route takes is not believed. */
function isLongPoll(query: unknown): boolean {
  const wait = (query as { wait?: unknown } | null)?.wait;
  return typeof wait === 'number' && wait > 0;
}
