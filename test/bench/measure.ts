import { median } from '../load/latency.ts';
import type { LoadResult } from '../load/load-spec.ts';
import { runLoad } from '../load/run-load.ts';
import { cpuOfProcess, cpuOfTree } from './cpu.ts';
import type { Environment } from './environment.ts';

/** One thing measured in one round. Times in milliseconds, CPU in microseconds an event. */
export type Sample = {
  requestsPerSecond: number;
  eventsPerSecond: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  errors: number;
  serverCpuPerEvent: number;
  databaseCpuPerEvent: number;
  lastError?: string;
};

/** The medians of all rounds, and the rounds. */
export type Measurement = { name: string; median: Sample; rounds: Sample[] };

/** What `runLoad` takes, without what has a default. */
export type Load = Parameters<typeof runLoad>[0];

/** Runs a load against the server of the given process, and counts CPU from its start to its end. */
export async function measureLoad(env: Environment, processId: number, load: Load): Promise<{ sample: Sample; result: LoadResult }> {
  const [server, database] = [cpuOfProcess(processId), cpuOfTree(env.postgres.processId())];
  const result = await runLoad(load);
  // The warm-up is in the CPU but not in the events: its share of the time is taken off.
  const counted = result.elapsedMs / (result.elapsedMs + (load.warmUpMs ?? 0));
  const perEvent = (microseconds: number) => (microseconds * counted) / Math.max(1, result.events);
  return {
    result,
    sample: {
      requestsPerSecond: result.requestsPerSecond,
      eventsPerSecond: result.eventsPerSecond,
      ...pick(result.latency),
      errors: result.errors,
      serverCpuPerEvent: perEvent(cpuOfProcess(processId) - server),
      databaseCpuPerEvent: perEvent(cpuOfTree(env.postgres.processId()) - database),
      lastError: result.lastError,
    },
  };
}

const pick = ({ p50, p95, p99, max }: LoadResult['latency']) => ({ p50, p95, p99, max });

/** A sample of something that is not HTTP: only its speed is known. */
export function speedOnly(eventsPerSecond: number): Sample {
  const unknown = {
    p50: Number.NaN,
    p95: Number.NaN,
    p99: Number.NaN,
    max: Number.NaN,
    serverCpuPerEvent: Number.NaN,
    databaseCpuPerEvent: Number.NaN,
  };
  return { requestsPerSecond: Number.NaN, eventsPerSecond, ...unknown, errors: 0 };
}

export type Contender = { name: string; run(round: number): Promise<Sample> };

/**
 * Measures the contenders one after the other, again and again: this kind of machine varies by 15 % from minute to minute, so only what was
 * measured side by side is compared, and each ratio is the median of the rounds' own.
 */
export async function interleave(rounds: number, contenders: Contender[]): Promise<Measurement[]> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  // Once unmeasured: a server that has just been started runs at half its speed for its first ten thousands of requests.
  for (const { run } of contenders) await run(-1);
  for (let round = 0; round < rounds; round++) {
    // Every other round backwards, so that nobody always follows the same neighbour.
    for (const { name, run } of round % 2 ? contenders.toReversed() : contenders) samples.get(name)?.push(await run(round));
  }
  return [...samples].map(([name, all]) => measurementOf(name, all));
}

export function measurementOf(name: string, rounds: Sample[]): Measurement {
  const middle = (field: Exclude<keyof Sample, 'lastError'>) => median(rounds.map((sample) => sample[field]));
  return {
    name,
    rounds,
    median: {
      requestsPerSecond: middle('requestsPerSecond'),
      eventsPerSecond: middle('eventsPerSecond'),
      p50: middle('p50'),
      p95: middle('p95'),
      p99: middle('p99'),
      max: middle('max'),
      errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
      serverCpuPerEvent: middle('serverCpuPerEvent'),
      databaseCpuPerEvent: middle('databaseCpuPerEvent'),
      lastError: rounds.findLast(({ lastError }) => lastError)?.lastError,
    },
  };
}

/** The median over the rounds of one measurement's value divided by (or less) another's in the same round. */
export function ofRounds(a: Measurement, b: Measurement, combine: (a: Sample, b: Sample) => number): number {
  return median(a.rounds.map((sample, round) => combine(sample, b.rounds[round] as Sample)));
}

export const ratioOfSpeed = (a: Sample, b: Sample) => a.eventsPerSecond / b.eventsPerSecond;
