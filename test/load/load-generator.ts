import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type HttpAnswer, HttpConnection, RequestError } from './http-client.ts';
import { LatencyRecorder } from './latency.ts';
import { constantArrival } from './load-arrival.ts';
import { runCycles } from './load-cycle.ts';
import type { LoadResult, LoadSpec } from './load-spec.ts';
import { type RequestFactory, requestFactory } from './requests.ts';

const maxDurationMs = 600_000;

/** Everything a run has counted so far. Answers outside the measured time are not in it. */
export class Tally {
  readonly latency = new LatencyRecorder();
  readonly statuses: Record<string, number> = {};
  requests = 0;
  events = 0;
  errors = 0;
  lastError: string | undefined;

  answered(answer: HttpAnswer, milliseconds: number, events: number): void {
    this.requests += 1;
    this.latency.record(milliseconds);
    this.statuses[answer.status] = (this.statuses[answer.status] ?? 0) + 1;
    if (answer.status >= 200 && answer.status < 300) {
      this.events += events;
      return;
    }
    this.errors += 1;
    this.lastError = answer.body.toString('utf8', 0, 500);
  }

  failed(error: unknown): void {
    const kind = error instanceof RequestError ? error.kind : 'malformed';
    this.requests += 1;
    this.errors += 1;
    this.statuses[kind] = (this.statuses[kind] ?? 0) + 1;
    this.lastError = error instanceof Error ? error.message : String(error);
  }
}

/**
 * Runs one load in this process. Bounded in time by `durationMs` plus one request's limit, and aimed at 127.0.0.1 whatever the spec says.
 * @throws Error on a spec that is not usable.
 */
export async function runLoadHere(spec: LoadSpec): Promise<LoadResult> {
  if (spec.durationMs > maxDurationMs || spec.warmUpMs > maxDurationMs) throw new Error('a run takes at most 600 s');
  if (spec.connections < 1 || spec.connections > 2_000) throw new Error('1 to 2,000 connections');
  const connections = Array.from({ length: spec.connections }, (_, index) => ({
    http: new HttpConnection('127.0.0.1', spec.port, spec.timeoutMs),
    apiKey: spec.apiKeys[index % Math.max(1, spec.apiKeys.length)],
  }));
  const runId = `${process.pid.toString(36)}${Date.now().toString(36)}`;
  const cpu = process.cpuUsage();
  let tally = new Tally();
  let start = performance.now();
  try {
    if (spec.source.kind === 'cycle') {
      await runCycles(spec, spec.source, connections, runId, tally);
    } else {
      const factory = requestFactory(spec.source, runId);
      const run = spec.pace.kind === 'closed' ? closedLoop : constantArrival;
      if (spec.warmUpMs > 0) await run(spec, connections, factory, spec.warmUpMs, tally);
      tally = new Tally();
      start = performance.now();
      await run(spec, connections, factory, spec.durationMs, tally);
    }
  } finally {
    for (const { http } of connections) http.close();
  }
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return {
    requests: tally.requests,
    events: tally.events,
    elapsedMs,
    requestsPerSecond: (tally.requests / elapsedMs) * 1_000,
    eventsPerSecond: (tally.events / elapsedMs) * 1_000,
    statuses: tally.statuses,
    errors: tally.errors,
    latency: tally.latency.summary(),
    slices: spec.slices ? tally.latency.slices(spec.slices) : undefined,
    generatorCpuMs: (user + system) / 1_000,
    lastError: tally.lastError,
  };
}

export type LoadConnection = { http: HttpConnection; apiKey: string | undefined };

async function closedLoop(
  _spec: LoadSpec,
  connections: LoadConnection[],
  factory: RequestFactory,
  forMs: number,
  tally: Tally,
): Promise<void> {
  const until = performance.now() + forMs;
  await Promise.all(
    connections.map(async ({ http, apiKey }) => {
      for (let sentAt = performance.now(); sentAt < until; sentAt = performance.now()) {
        const bytes = factory.next(apiKey);
        if (!bytes) return;
        try {
          const answer = await http.request(bytes);
          tally.answered(answer, performance.now() - sentAt, factory.events);
        } catch (error) {
          tally.failed(error);
          await delay(20); // a server that is away is asked again, but not in a busy loop
        }
      }
    }),
  );
}
