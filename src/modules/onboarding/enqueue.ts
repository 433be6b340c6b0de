import type { Transaction } from 'kysely';
import { type Actor, recordAudit } from '../../platform/audit.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';
import { type StepName, stepNames } from './steps.ts';
import { putStep } from './store.ts';

export type Onboarding = {
  partner: { id: number; slug: string };
  /** The key that the mail is about. */
  keyId: number;
  /** Whether its text goes with the mail, or its prefix only. */
  withKey: boolean;
  kickoffMs: number;
};

/**
 * Asks for what is missing of a partner's onboarding: steps that are not there, and those that have failed. Pending and done ones stay as they
 * are, so that asking twice sends nothing twice. To be called in a transaction with `actor`, which the audit log names.
 * @returns the steps that were asked for now.
 */
export async function enqueue(
  transaction: Transaction<Database>,
  actor: Actor,
  onboarding: Onboarding,
  nowMs: number,
): Promise<StepName[]> {
  const { partner, keyId, withKey, kickoffMs } = onboarding;
  const kickoff = formatTime(kickoffMs);
  const asked: StepName[] = [];
  for (const step of stepNames) {
    const input = step === 'welcome_email' ? { kickoff, key_id: keyId, with_key: withKey } : {};
    if (await putStep(transaction, partner.id, step, input, new Date(nowMs))) asked.push(step);
  }
  if (asked.length > 0) {
    await recordAudit(transaction, actor, {
      action: 'onboarding.requested',
      subject: `partner:${partner.slug}`,
      partner: partner.slug,
      details: { steps: asked, ...(asked.includes('welcome_email') && { key_id: keyId, with_key: withKey, kickoff }) },
    });
  }
  return asked;
}
