/** What each ratio or number has to reach; the reasons are in docs/benchmarks/README.md. The only place where they stand. */
export type Target = { meaning: string; unit: string; atLeast?: number; atMost?: number };

export const targets = {
  ingest64: { meaning: 'single ingest, 64 connections / no-storage route', unit: '×', atLeast: 0.85 },
  ingest256: { meaning: 'single ingest, 256 connections / no-storage route', unit: '×', atLeast: 0.95 },
  ingestNaive: { meaning: 'single ingest / naive server (one insert and one Redis call a request)', unit: '×', atLeast: 4 },
  batch100: { meaning: 'batches of 100 / COPY of the same rows into one table', unit: '×', atLeast: 0.6 },
  batch500: { meaning: 'batches of 500 / COPY of the same rows into one table', unit: '×', atLeast: 0.6 },
  addedP50: { meaning: 'p50 added to the no-storage route at 1,000 requests/s', unit: 'ms', atMost: 0.5 },
  acknowledgeRate: { meaning: 'acknowledge in batches of 100, or 0.8 of the same DELETE by pgbench', unit: 'events/s', atLeast: 30_000 },
  acknowledgeRatio: { meaning: 'acknowledge in batches of 100 / the same DELETE', unit: '×', atLeast: 0.8 },
  poll: { meaning: 'poll of 100 / bare route answering the same bytes', unit: '×', atLeast: 0.5 },
  pollDepth: { meaning: 'poll p50 with many stored events / with 10 thousand', unit: '×', atMost: 1.2 },
  pollSnapshot: { meaning: 'poll p50 under a held snapshot, last tenth / first', unit: '×', atMost: 2.5 },
  leases: { meaning: 'insert, receive, settle by 16 workers of one inbox / insert, poll, acknowledge', unit: '×', atLeast: 0.8 },
  pollStuck: { meaning: 'poll p50 behind an event that nobody acknowledges, last tenth / first', unit: '×', atMost: 2.5 },
  receiveSnapshot: { meaning: 'receive p50 under a held snapshot, last tenth / first', unit: '×', atMost: 2.5 },
  waiters: { meaning: 'ingest p99 at 1,000 requests/s beside 200 long polls of others / beside none', unit: '×', atMost: 1.25 },
  metricsCost: { meaning: 'single ingest with metrics / without', unit: '×', atLeast: 0.97 },
  accessLogCost: { meaning: 'single ingest with the access log / without, whoever reads it on the same cores', unit: '×', atLeast: 0.85 },
  tracesCost: { meaning: 'single ingest with traces, 1 in 100 recorded / without', unit: '×', atLeast: 0.9 },
  r22P95: { meaning: '10 partners at 100 requests/s: p95', unit: 'ms', atMost: 100 },
  r22Errors: { meaning: '10 partners at 100 requests/s: errors', unit: '', atMost: 0 },
  r22Rss: { meaning: 'memory of the server under that load, largest', unit: 'MB', atMost: 200 },
  r22Growth: { meaning: 'memory of the server, last third / second third', unit: '×', atMost: 1.1 },
} satisfies Record<string, Target>;

export type TargetName = keyof typeof targets;

/** A measured value beside its target. `met` is undefined where the target does not apply; `note` says why, or what was measured. */
export type Check = { target: TargetName; value: number; met: boolean | undefined; note?: string };

export function check(name: TargetName, value: number, note?: string): Check {
  const { atLeast, atMost }: Target = targets[name];
  const met = Number.isFinite(value) && (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
  return { target: name, value, met, note };
}
