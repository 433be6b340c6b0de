import { DeliveryError } from '../../platform/delivery-error.ts';
import { parseAddress } from '../../platform/mail.ts';
import type { Channel, Slack } from '../../platform/slack.ts';
import type { Delivered, Delivery } from './deliver.ts';
import { slackText } from './names.ts';
import { clockToleranceMs } from './steps.ts';
import { findOtherOwner, type StepRow } from './store.ts';

const longestTopic = 250;

/** Of a channel that somebody else has made. A partner chooses both the name of its channel and the address of its contact. */
const notInvited = 'it was there before; see who is in it first';

/**
 * Makes the partner's channel, or takes the one that an earlier attempt has made and did not live to say so. One that somebody else has made may
 * be anybody's: it is taken when an administrator has approved it, and then nobody is invited to it.
 * @throws DeliveryError
 */
export async function makeSlackChannel({ claim, partner, integrations, db }: Delivery): Promise<Delivered> {
  const slack = integrations.slack as Slack;
  const name = claim.input.channel;
  if (name === undefined) throw new DeliveryError('permanent', 'the step does not say which channel; onboard again');
  const created = await slack.createChannel(name);
  const channel = created === 'name_taken' ? await findUsable(slack, name) : created;
  const isForeign = created === 'name_taken' && !(await isOwnMaking(slack, channel, claim));
  if (isForeign && !claim.input.adopt_channel)
    throw new DeliveryError(
      'permanent',
      `#${name} was there before, and may be anybody's; name another slack_channel, or approve it: onboard ${partner.slug} --adopt-channel`,
      { reason: 'name_taken' },
    );
  const owner = await findOtherOwner(db, channel.id, partner.id);
  // Two partners in one channel would read each other's messages.
  if (owner) throw new DeliveryError('permanent', `#${name} is the channel of ${owner}; give the partner a slack_channel of its own`);
  if (created === 'name_taken' && !channel.isMember) await slack.joinChannel(channel.id);
  // A topic that is there already is somebody's.
  if (channel.topic === '') await slack.setTopic(channel.id, topicFor(partner.name, integrations.guideUrl));
  const invitation = isForeign ? notInvited : channel.isShared ? 'sent' : await invite(slack, channel.id, partner.contact_email);
  return {
    result: { channel: channel.name, channel_id: channel.id, adopted: isForeign, invitation },
    slackChannel: `#${channel.name}`,
  };
}

/**
 * Invites the partner's contact. Not every workspace lets an app do that (it takes a paid plan, and a scope): then it is left to a person.
 * @returns `sent`, or why not.
 */
async function invite(slack: Slack, channelId: string, email: string | null): Promise<string> {
  const address = parseAddress(email ?? '')?.address;
  if (!address) return 'no usable contact_email when the channel was made';
  try {
    await slack.invite(channelId, address);
    return 'sent';
  } catch (error) {
    if (error instanceof DeliveryError && error.outcome === 'permanent') return error.reason ?? error.message;
    throw error;
  }
}

/**
 * Whether an attempt of this step made the channel: the app did, since the step was asked for. The app may have made others, for somebody else.
 */
async function isOwnMaking(slack: Slack, { creator, createdMs }: Channel, { created_at }: StepRow): Promise<boolean> {
  return createdMs >= created_at.getTime() - clockToleranceMs && creator === (await slack.ownUserId());
}

async function findUsable(slack: Slack, name: string): Promise<Channel> {
  const found = await slack.findChannel(name);
  if (!found)
    throw new DeliveryError(
      'permanent',
      `#${name} is taken by a channel that the app does not see; name another as slack_channel of the partner`,
    );
  if (found.isArchived)
    throw new DeliveryError('permanent', `#${name} is archived; unarchive it, or name another as slack_channel of the partner`);
  if (found.isGeneral)
    throw new DeliveryError('permanent', `#${name} is everybody's channel; name another as slack_channel of the partner`);
  return found;
}

function topicFor(partnerName: string, guideUrl: string): string {
  const start = 'Triggers API beta with ';
  const end = guideUrl ? ` · ${guideUrl}` : '';
  const room = longestTopic - start.length - end.length;
  const name = slackText(partnerName);
  // Cut in the middle of an entity, a name would show half of it.
  return start + (name.length > room ? `${name.slice(0, Math.max(room - 1, 0)).replace(/&\w*$/, '')}…` : name) + end;
}
