import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { deliverDue, type Outcome } from '../../src/modules/onboarding/deliver.ts';
import type { Integrations } from '../../src/modules/onboarding/integrations.ts';
import { missingFor } from '../../src/modules/onboarding/steps.ts';
import { listSteps, type StepRow } from '../../src/modules/onboarding/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/schema.ts';

export type DeliverUntilOptions = {
  db: Kysely<Database>;
  integrations: Integrations;
  partnerIds: number[];
  waitMs: number;
  /** Aborted when what is under way is to be the last. */
  signal: AbortSignal;
  onOutcome(outcome: Outcome): void;
};

/** Milliseconds between looks: a server may deliver at the same time, and does not say so. */
const longestPauseMs = 500;
const shortestPauseMs = 20;

/**
 * Delivers the steps of the partners, and waits for those that are due later or that somebody else is delivering, until nothing more will come of
 * it, `waitMs` is over or `signal` is aborted. @returns the steps as they are then.
 */
export async function deliverUntil(options: DeliverUntilOptions): Promise<(StepRow & { slug: string })[]> {
  const { db, integrations, partnerIds, waitMs, signal, onOutcome } = options;
  const end = Date.now() + waitMs;
  for (;;) {
    await deliverDue({
      db,
      integrations,
      clock: systemClock,
      source: hostname(),
      partnerIds,
      shouldStop: () => signal.aborted || Date.now() >= end,
      onOutcome,
    });
    const steps = await listSteps(db, partnerIds);
    const expected = steps.filter((step) => step.status === 'pending' && obstacleTo(step, steps, integrations) === undefined);
    const now = Date.now();
    if (expected.length === 0 || now >= end || signal.aborted) return steps;
    const next = Math.min(...expected.map(({ due_at }) => due_at.getTime()), end);
    await delay(Math.min(Math.max(next - now, shortestPauseMs), longestPauseMs), undefined, { signal }).catch(() => {});
  }
}

/** Why waiting here does not help a pending step. */
export function obstacleTo(step: StepRow, steps: StepRow[], integrations: Integrations): string | undefined {
  const missing = missingFor(step.step, step.input, integrations);
  if (missing !== undefined) return missing;
  if (step.step !== 'slack_welcome') return undefined;
  const channel = steps.find((other) => other.partner_id === step.partner_id && other.step === 'slack_channel');
  return channel?.status === 'failed' ? 'there is no channel' : undefined;
}
