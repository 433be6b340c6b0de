import type { Environment } from './environment.ts';
import type { Measurement } from './measure.ts';
import type { Check } from './targets.ts';

/** How much a run measures. `quick` is for a look after a change; targets are judged on an ordinary or a full run. */
export type Effort = {
  rounds: number;
  /** Of one measurement. */
  seconds: number;
  warmUpSeconds: number;
  /** Events in the large inbox of the depth scenario. */
  storedEvents: number;
  /** Events that go round under a held snapshot. */
  snapshotEvents: number;
  loadSeconds: number;
};

export type Context = { env: Environment; effort: Effort; say(line: string): void };

export type ScenarioResult = { measurements: Measurement[]; checks: Check[]; notes?: string[]; series?: Record<string, number[]> };

export type Scenario = { name: string; what: string; run(context: Context): Promise<ScenarioResult> };

/** Bytes of a payload in every scenario, if it does not say otherwise. */
export const payloadBytes = 200;
