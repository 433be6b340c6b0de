import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { type Actor, audited, recordAudit } from '../../platform/audit.ts';
import type { Clock } from '../../platform/clock.ts';
import { DeliveryError, tidy } from '../../platform/delivery-error.ts';
import { classifyPostgresError } from '../../platform/postgres.ts';
import type { Database } from '../../platform/schema.ts';
import type { Integrations } from './integrations.ts';
import { makeSlackChannel } from './slack-channel.ts';
import { postSlackWelcome } from './slack-welcome.ts';
import { backOffMs, maxAttempts, maxWaits, type StepName } from './steps.ts';
import { claimStep, findRecipient, markDone, markFailed, putOff, putOffSlack, type Recipient, type StepRow } from './store.ts';
import { sendWelcomeEmail } from './welcome-email.ts';

export type Delivery = {
  claim: StepRow;
  partner: Recipient;
  integrations: Integrations;
  db: Kysely<Database>;
  /** Who delivers, for the audit log. */
  actor: Actor;
  nowMs: number;
};

export type Delivered = {
  /** What is kept of it; no secret. */
  result: Record<string, unknown>;
  /** For the partner's record, as far as that names none. */
  slackChannel?: string;
};

const deliverers: Record<StepName, (delivery: Delivery) => Promise<Delivered>> = {
  slack_channel: makeSlackChannel,
  slack_welcome: postSlackWelcome,
  welcome_email: sendWelcomeEmail,
};

export type Outcome = {
  partner: string;
  step: StepName;
  outcome: 'done' | 'retry' | 'failed';
  /** Holds no secret. */
  error?: string;
  /** Of `retry`: when the step is due again, as milliseconds. */
  dueAtMs?: number;
};

export type DeliverOptions = {
  db: Kysely<Database>;
  integrations: Integrations;
  clock: Clock;
  /** Who delivers, for the audit log: a host. */
  source: string;
  /** Only steps of these partners. */
  partnerIds?: readonly number[];
  /** Asked before each claim: what is under way is always brought to its end. */
  shouldStop?(): boolean;
  onOutcome?(outcome: Outcome): void;
  /** From 0 to 1, for the back-off. */
  random?(): number;
};

/**
 * Delivers, one by one, the steps that are due and whose integration is there. Any number of deliverers may run at once, here and elsewhere.
 * @returns how many steps it has tried. @throws the database's errors; what is claimed then is due again in five minutes.
 */
export async function deliverDue(options: DeliverOptions): Promise<number> {
  const { db, integrations, clock, partnerIds, shouldStop = () => false, onOutcome = () => {} } = options;
  const { mail, slack, vault } = integrations;
  const claimable = { mail: mail !== undefined, slack: slack !== undefined, vault: vault !== undefined, partnerIds };
  for (let tried = 0; ; tried += 1) {
    if (shouldStop()) return tried;
    const claim = await claimStep(db, claimable, clock());
    if (!claim) return tried;
    const partner = await findRecipient(db, claim.partner_id);
    const outcome = await deliverStep(options, claim, partner);
    onOutcome({ partner: partner.slug, step: claim.step, ...outcome });
  }
}

async function deliverStep(options: DeliverOptions, claim: StepRow, partner: Recipient): Promise<Omit<Outcome, 'partner' | 'step'>> {
  const { db, integrations, clock } = options;
  let delivered: Delivered;
  try {
    if (claim.attempts > maxAttempts) throw new DeliveryError('permanent', `it was cut off in each of ${maxAttempts} attempts`);
    if (partner.status !== 'active') throw new DeliveryError('permanent', 'the partner is suspended; resume it and onboard again');
    delivered = await deliverers[claim.step]({ claim, partner, integrations, db, actor: actorOf(options.source), nowMs: clock() });
  } catch (error) {
    return notDelivered(options, claim, partner, deliveryError(error));
  }
  // Not within the `try`: a database that fails now must not have the step delivered again in seconds.
  await finish(options, claim, partner, delivered);
  return { outcome: 'done' };
}

async function notDelivered(
  options: DeliverOptions,
  claim: StepRow,
  partner: Recipient,
  { outcome, message, retryAfterMs, reason }: DeliveryError,
): Promise<Omit<Outcome, 'partner' | 'step'>> {
  const { db, clock, random } = options;
  // Having been asked to wait is no failure, unless nothing else is ever said.
  const wait = retryAfterMs === undefined ? undefined : claim.waits < maxWaits ? 'free' : 'counted';
  if (outcome === 'permanent' || (claim.attempts >= maxAttempts && wait !== 'free')) {
    await giveUp(options, claim, partner, message, reason);
    return { outcome: 'failed', error: message };
  }
  // The time is kept to the millisecond.
  const dueAtMs = clock() + (retryAfterMs ?? backOffMs(claim.attempts, random));
  await putOff(db, claim, { dueAt: new Date(dueAtMs), error: message, wait });
  if (retryAfterMs !== undefined && claim.step !== 'welcome_email') await putOffSlack(db, new Date(dueAtMs));
  return { outcome: 'retry', error: message, dueAtMs };
}

/** What was sent is out: to forget that because of a lock or a lost connection would be to send it again. */
async function finish(options: DeliverOptions, claim: StepRow, partner: Recipient, delivered: Delivered): Promise<void> {
  for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
    try {
      return await recordDone(options, claim, partner, delivered);
    } catch (error) {
      if (pauseMs > longestPauseMs || classifyPostgresError(error) !== 'retry') throw error;
      await delay(pauseMs);
    }
  }
}

/** Milliseconds; five attempts in all. */
const firstPauseMs = 100;
const longestPauseMs = 800;

/** Locks the step, then the partner, and the audit log last, as everybody does. */
async function recordDone(
  { db, clock, source }: DeliverOptions,
  claim: StepRow,
  partner: Recipient,
  { result, slackChannel }: Delivered,
): Promise<void> {
  const actor = actorOf(source);
  await audited(db, actor, async (transaction) => {
    if (!(await markDone(transaction, claim, result, new Date(clock())))) return;
    if (slackChannel)
      await transaction
        .updateTable('partners')
        .set({ slack_channel: slackChannel })
        .where('id', '=', partner.id)
        .where('slack_channel', 'is', null)
        .execute();
    await recordAudit(transaction, actor, {
      action: `onboarding.${claim.step}`,
      subject: `partner:${partner.slug}`,
      partner: partner.slug,
      details: result,
    });
  });
}

/** The words stay with the step, where they can be deleted; in the audit log, where they cannot, is only the code. */
async function giveUp(
  { db, source }: DeliverOptions,
  claim: StepRow,
  partner: Recipient,
  error: string,
  code: string | undefined,
): Promise<void> {
  const actor = actorOf(source);
  await audited(db, actor, async (transaction) => {
    if (!(await markFailed(transaction, claim, error))) return;
    const { step, attempts } = claim;
    await recordAudit(transaction, actor, {
      action: 'onboarding.failed',
      subject: `partner:${partner.slug}`,
      partner: partner.slug,
      details: { step, attempts, ...(code !== undefined && { code }) },
    });
  });
}

function actorOf(source: string): Actor {
  return { name: 'system:onboarding', source };
}

/** What nobody foresaw is tried again too, and told without its words, which may be anything. */
function deliveryError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const { name, code } = error as { name?: string; code?: string };
  return new DeliveryError('retry', `an unforeseen error (${tidy(`${name ?? typeof error}${code ? ` ${code}` : ''}`)})`);
}
