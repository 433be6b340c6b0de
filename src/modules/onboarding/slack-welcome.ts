import { DeliveryError } from '../../platform/delivery-error.ts';
import type { Slack } from '../../platform/slack.ts';
import type { Delivered, Delivery } from './deliver.ts';
import { spokenTime } from './kickoff.ts';
import { slackText } from './names.ts';
import { findResult, type Recipient } from './store.ts';
import { supportPromise } from './welcome-mail.ts';

/** Clocks differ: an older message than the step is taken for the step's own up to this many milliseconds. */
const toleranceMs = 3_600_000;

/**
 * Posts the welcome in the partner's channel. An earlier attempt may have posted it without hearing the answer, so it looks for it first.
 * @throws DeliveryError
 */
export async function postSlackWelcome({ claim, partner, integrations, db }: Delivery): Promise<Delivered> {
  const slack = integrations.slack as Slack;
  const channel = await findResult(db, partner.id, 'slack_channel');
  const channelId = channel?.channel_id;
  if (typeof channelId !== 'string') throw new DeliveryError('permanent', 'the step slack_channel does not say which channel it is');
  const mark = { event: 'triggers_onboarding_welcome', payload: { partner_id: partner.partner_id } };
  const posted = await slack.findMessage(channelId, mark, claim.created_at.getTime() - toleranceMs);
  const message =
    posted ?? (await slack.post(channelId, welcomeText(partner, integrations.guideUrl, Date.parse(claim.input.kickoff)), mark));
  return { result: { channel_id: channelId, message } };
}

function welcomeText(partner: Recipient, guideUrl: string, kickoffMs: number): string {
  return [
    `*Welcome to the beta of the Triggers API, ${slackText(partner.name)}!*`,
    `This channel is for your questions. We answer ${supportPromise}.`,
    `• Your API key comes by mail to your technical contact. Never post it here, or anywhere.`,
    guideUrl && `• Your first event in five minutes: ${guideUrl}`,
    `• Kickoff call: ${spokenTime(kickoffMs)}, half an hour; the invitation is in the mail.`,
  ]
    .filter(Boolean)
    .join('\n');
}
