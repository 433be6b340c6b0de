import type { Kysely } from 'kysely';
import { DeliveryError } from '../../platform/delivery-error.ts';
import type { Database } from '../../platform/schema.ts';
import type { Slack } from '../../platform/slack.ts';
import type { Delivered, Delivery } from './deliver.ts';
import type { Integrations } from './integrations.ts';
import { spokenTime } from './kickoff.ts';
import { slackText } from './names.ts';
import { clockToleranceMs } from './steps.ts';
import { findResult, listSteps, type Recipient } from './store.ts';
import { supportPromise } from './welcome-mail.ts';

/**
 * Posts the welcome in the partner's channel. An earlier attempt may have posted it without hearing the answer, so it looks for it first.
 * @throws DeliveryError
 */
export async function postSlackWelcome({ claim, partner, integrations, db, nowMs }: Delivery): Promise<Delivered> {
  const slack = integrations.slack as Slack;
  const channel = await findResult(db, partner.id, 'slack_channel');
  const channelId = channel?.channel_id;
  if (typeof channelId !== 'string') throw new DeliveryError('permanent', 'the step slack_channel does not say which channel it is');
  const mark = { event: 'triggers_onboarding_welcome', payload: { partner_id: partner.partner_id } };
  const posted = await slack.findMessage(channelId, mark, claim.created_at.getTime() - clockToleranceMs);
  const message =
    posted ?? (await slack.post(channelId, welcomeText(partner, integrations, await upcomingKickoff(db, partner.id, nowMs)), mark));
  return { result: { channel_id: channelId, message } };
}

/** The time that the invitation has, or will have; undefined when the call has been. */
async function upcomingKickoff(db: Kysely<Database>, partnerId: number, nowMs: number): Promise<number | undefined> {
  const mail = (await listSteps(db, [partnerId])).find(({ step }) => step === 'welcome_email');
  const kickoffMs = Date.parse(mail?.input.kickoff ?? '');
  return kickoffMs > nowMs ? kickoffMs : undefined;
}

function welcomeText(partner: Recipient, { guideUrl }: Integrations, kickoffMs: number | undefined): string {
  return [
    `*Welcome to the beta of the Triggers API, ${slackText(partner.name)}!*`,
    `This channel is for your questions. We answer ${supportPromise}.`,
    `• Your API key is a password: never post it, here or anywhere. Its prefix, \`sk_beta_${partner.slug}_\` and six characters, tells us which one you mean.`,
    guideUrl && `• Your first event in five minutes: ${guideUrl}`,
    kickoffMs !== undefined && `• Kickoff call: ${spokenTime(kickoffMs)}, half an hour; the invitation is in the mail.`,
  ]
    .filter(Boolean)
    .join('\n');
}
