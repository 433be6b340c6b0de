import type { Block } from './blocks.ts';
import { callMs, spokenDay, spokenTime } from './kickoff.ts';
import { oneLine } from './names.ts';

export type Welcome = {
  partnerName: string;
  /** Whom to greet. */
  contact: string | null;
  key: { prefix: string; expiresAt: Date | null /** Undefined: it comes another way. */; text: string | undefined };
  kickoffMs: number;
  publicUrl: string;
  guideUrl: string;
  /** Without `#`; undefined when there is none. */
  slackChannel: string | undefined;
  ratePerSecond: number;
  eventsPerMonth: number;
  retentionHours: number;
};

/** The story's promise for questions of the beta. */
export const supportPromise = 'within 2 to 3 working days';

export function welcomeSubject({ partnerName }: Pick<Welcome, 'partnerName'>): string {
  return `Welcome to the Triggers API beta, ${oneLine(partnerName)}`;
}

/** What a new partner needs, in the order in which it needs it. */
export function welcomeBlocks(welcome: Welcome): Block[] {
  const { publicUrl, guideUrl, kickoffMs, slackChannel } = welcome;
  const slack = slackChannel ? `Ask in Slack, in #${slackChannel}, or answer this mail.` : 'Answer this mail.';
  return [
    { text: `Hello ${oneLine(welcome.contact || welcome.partnerName)},` },
    {
      text: `welcome to the beta of the Triggers API, ${oneLine(welcome.partnerName)}. Your systems send events, and others pick them up from an inbox: what was answered is not lost.`,
    },
    ...keyBlocks(welcome),
    { heading: 'Your first event in five minutes' },
    {
      text: 'The guide is attached: check your key, send an event, fetch it and acknowledge it.',
      link: { label: 'Read it online', url: guideUrl },
    },
    { code: `API_URL=${publicUrl}` },
    {
      text: `You may send ${count(welcome.ratePerSecond)} requests a second and ${count(welcome.eventsPerMonth)} events a month. An event is kept for ${welcome.retentionHours} hours, or until it is acknowledged.`,
    },
    { heading: 'Kickoff call' },
    {
      text: `${spokenTime(kickoffMs)}, ${callMs / 60_000} minutes. The invitation is part of this mail. Does another time suit you better? Say so in an answer.`,
    },
    { heading: 'Support' },
    { text: `${slack} We answer ${supportPromise}. Never send us your key: its prefix, ${welcome.key.prefix}, is all that we ask for.` },
  ];
}

function keyBlocks({ key, publicUrl }: Welcome): Block[] {
  const expiry = key.expiresAt ? ` It is good until ${spokenDay(key.expiresAt.getTime())}.` : '';
  const heading = { heading: 'Your API key' };
  if (key.text === undefined) return [heading, { text: `It begins with ${key.prefix}. You get it another way than by mail.${expiry}` }];
  return [
    heading,
    { code: key.text },
    {
      text: `Keep it where you keep passwords.${expiry} A mailbox is no vault: once you have tried the key, replace it with one that was never in a mail. The answer has the new key; the old one stays good for an hour.`,
    },
    {
      code: `curl -X POST ${publicUrl}/v1/keys/rotate \\\n  -H "X-API-Key: $API_KEY" \\\n  -H 'Content-Type: application/json' -d '{"grace_seconds":3600}'`,
    },
  ];
}

function count(number: number): string {
  return new Intl.NumberFormat('en-GB').format(number);
}
