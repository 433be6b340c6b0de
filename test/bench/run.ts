import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { withClient } from '../faults/provision.ts';
import { type Environment, openEnvironment } from './environment.ts';
import type { Measurement } from './measure.ts';
import type { Effort, Scenario, ScenarioResult } from './scenario.ts';
import { acknowledge } from './scenarios/acknowledge.ts';
import { batch } from './scenarios/batch.ts';
import { depth } from './scenarios/depth.ts';
import { ingest64, ingest256 } from './scenarios/ingest.ts';
import { addedLatency } from './scenarios/latency.ts';
import { leases } from './scenarios/leases.ts';
import { observability } from './scenarios/observability.ts';
import { r22 } from './scenarios/partners.ts';
import { poll } from './scenarios/poll.ts';
import { receiveSnapshot, snapshot, stuck } from './scenarios/snapshot.ts';
import { waiters } from './scenarios/waiters.ts';
import type { Check } from './targets.ts';

/** In the order in which they run: what others would leave traces for comes first. */
export const scenarios: Scenario[] = [
  r22,
  addedLatency,
  waiters,
  ingest64,
  ingest256,
  observability,
  batch,
  poll,
  acknowledge,
  leases,
  depth,
  snapshot,
  receiveSnapshot,
  stuck,
];

/** What is written to docs/benchmarks; plain data. */
export type BenchReport = {
  date: string;
  machine: Record<string, string | number>;
  settings: Record<string, string>;
  effort: Effort;
  scenarios: (ScenarioResult & { name: string; what: string; seconds: number; failure?: string })[];
};

export type RunOptions = { node: string; effort: Effort; only: string[] | undefined; say(line: string): void };

/**
 * Runs the scenarios one after the other on processes of its own. A scenario that fails is reported as failed and the others go on.
 * @throws Error for a name that is none.
 */
export async function runBench({ node, effort, only, say }: RunOptions): Promise<BenchReport> {
  const unknown = only?.filter((name) => !scenarios.some((scenario) => scenario.name === name)) ?? [];
  if (unknown.length > 0)
    throw new Error(`no such scenario: ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`);
  const env = await openEnvironment(node);
  try {
    const report: BenchReport = {
      date: new Date().toISOString(),
      machine: machineOf(node),
      settings: await settingsOf(env),
      effort,
      scenarios: [],
    };
    for (const { name, what, run } of scenarios) {
      if (only && !only.includes(name)) continue;
      say(`${name}: ${what}`);
      const begun = performance.now();
      let result: ScenarioResult & { failure?: string };
      try {
        result = await run({ env, effort, say });
      } catch (error) {
        result = { measurements: [], checks: [], failure: (error as Error).message };
      }
      report.scenarios.push({ name, what, seconds: Math.round((performance.now() - begun) / 1_000), ...result });
    }
    return report;
  } finally {
    await env.close();
  }
}

export const checksOf = (report: BenchReport): Check[] => report.scenarios.flatMap(({ checks }) => checks);
export const measurementsOf = (report: BenchReport): Measurement[] => report.scenarios.flatMap(({ measurements }) => measurements);

/** Whether every target that applies was met and nothing failed. */
export function passed(report: BenchReport): boolean {
  return report.scenarios.every(({ failure }) => failure === undefined) && checksOf(report).every(({ met }) => met !== false);
}

function machineOf(node: string): BenchReport['machine'] {
  const processors = cpus();
  return {
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    platform: `${process.platform} ${process.arch}`,
  };
}

async function settingsOf(env: Environment): Promise<Record<string, string>> {
  const names = ['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size'];
  const rows = await withClient(env.postgres.url(), async (client) => {
    const result = await client.query<{ name: string; value: string }>(
      'SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY ($1)',
      [names],
    );
    return result.rows;
  });
  return { ...Object.fromEntries(rows.map(({ name, value }) => [name, value])), redis: env.redis ? 'yes' : 'no' };
}
