import type { Kysely, Transaction } from 'kysely';
import { type Actor, audited, recordAudit } from '../../platform/audit.ts';
import { isUniqueViolation } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';
import { channelName } from './names.ts';
import { askAgain, findSlackWait, lockSteps, putStep } from './outbox.ts';
import { type StepInput, type StepName, stepNames } from './steps.ts';
import { findChannelOwner, findRecipient } from './store.ts';

export type Onboarding = {
  partner: { id: number; slug: string };
  /** The key that the mail is about. */
  keyId: number;
  /** Whether its text goes with the mail, or its prefix only. */
  withKey: boolean;
  kickoffMs: number;
  /** Whether a channel of the partner's name that somebody else has made may be taken. */
  adoptChannel?: boolean;
};

/** The partner cannot have a channel of that name: it is `owner`'s. */
export class ChannelTakenError extends Error {
  override name = 'ChannelTakenError';
  readonly channel: string;
  /** Slug. */
  readonly owner: string;

  constructor(channel: string, owner: string) {
    super(`#${channel} is the channel of ${owner}; give the partner a slack_channel of its own`);
    this.channel = channel;
    this.owner = owner;
  }
}

const mostTries = 3;

/**
 * Asks for what is missing of a partner's onboarding: steps that are not there, and those that have failed. Done ones stay as they are, and so do
 * pending ones, so that asking twice sends nothing twice; but one that waits for its next attempt is due at once, because whoever asks again has
 * probably mended what was wrong. All in one transaction, in which `actor` is named in the audit log.
 * @returns the steps that were asked for now. @throws ChannelTakenError; then nothing of the partner's onboarding is changed.
 */
export async function enqueue(db: Kysely<Database>, actor: Actor, onboarding: Onboarding, nowMs: number): Promise<StepName[]> {
  const { partner } = onboarding;
  const channel = channelName(await findRecipient(db, partner.id));
  for (let tries = 1; ; tries += 1) {
    try {
      return await audited(db, actor, (transaction) => ask(transaction, actor, { ...onboarding, channel }, nowMs));
    } catch (error) {
      if (!isUniqueViolation(error) || (error as { constraint?: string }).constraint !== 'onboarding_steps_channel') throw error;
      const owner = await findChannelOwner(db, channel, partner.id);
      if (owner !== undefined) throw new ChannelTakenError(channel, owner);
      // Given up by the other in this moment, or asked for by somebody else for the same partner.
      if (tries === mostTries) throw error;
    }
  }
}

async function ask(
  transaction: Transaction<Database>,
  actor: Actor,
  { partner, keyId, withKey, kickoffMs, channel, adoptChannel }: Onboarding & { channel: string },
  nowMs: number,
): Promise<StepName[]> {
  const inputs: Record<StepName, StepInput> = {
    slack_channel: { channel, ...(adoptChannel && { adopt_channel: true }) },
    slack_welcome: {},
    welcome_email: { kickoff: formatTime(kickoffMs), key_id: keyId, with_key: withKey },
  };
  const kept = await lockSteps(transaction, partner.id);
  // What Slack says about waiting is done, whoever asks.
  const slackDueMs = Math.max(nowMs, (await findSlackWait(transaction))?.getTime() ?? nowMs);
  const asked: StepName[] = [];
  const details: StepInput = {};
  for (const step of stepNames) {
    const dueAt = new Date(step === 'welcome_email' ? nowMs : slackDueMs);
    const row = kept.find((each) => each.step === step);
    const input = row
      ? await askAgain(transaction, row, inputs[step], dueAt)
      : await putStep(transaction, partner.id, step, inputs[step], dueAt);
    if (!input) continue;
    asked.push(step);
    Object.assign(details, input);
  }
  if (asked.length > 0) {
    await recordAudit(transaction, actor, {
      action: 'onboarding.requested',
      subject: `partner:${partner.slug}`,
      partner: partner.slug,
      details: { steps: asked, ...details },
    });
  }
  return asked;
}
