import type { Candidate } from '../../src/modules/onboarding/candidates.ts';
import { ChannelTakenError } from '../../src/modules/onboarding/enqueue.ts';
import { kickoffsFrom, proposeKickoffs } from '../../src/modules/onboarding/kickoff.ts';
import { channelName } from '../../src/modules/onboarding/names.ts';
import type { StepName } from '../../src/modules/onboarding/steps.ts';
import { listKickoffs, listSteps, type StepRow } from '../../src/modules/onboarding/store.ts';
import type { Connection } from './database.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { say } from './output.ts';

export type Arrangement = { keyId: number; kickoffMs: number };

/** Key and time of the call, by partner, for those who are to get a mail now. @throws AdminError when one of them has no key. */
export async function arrange(
  { db }: Connection,
  partners: Candidate[],
  before: StepRow[],
  kickoff: Date | undefined,
): Promise<Map<number, Arrangement>> {
  const wanting = partners.filter(({ id }) => isWanting(stepOf(before, id, 'welcome_email')));
  const keyless = wanting.filter(({ key }) => !key).map(({ slug }) => slug);
  if (keyless.length > 0)
    throw new AdminError(exitCodes.failed, `no active key: ${quoted(keyless)}; first ./scripts/admin keys issue ${keyless[0]}`);
  const arranged = partners.filter((partner) => !wanting.includes(partner)).map(({ slug }) => slug);
  if (kickoff && arranged.length > 0) say(`--kickoff changes nothing for ${quoted(arranged)}: the invitation is sent, or on its way`);
  const now = Date.now();
  const times = kickoff
    ? kickoffsFrom(kickoff.getTime(), wanting.length)
    : proposeKickoffs(now, wanting.length, await listKickoffs(db, now));
  return new Map(wanting.map(({ id, key }, index) => [id, { keyId: key?.id as number, kickoffMs: times[index] as number }]));
}

/** What the mail says that is sent already, or on its way. */
export function kept(before: StepRow[], partnerId: number): Arrangement {
  const { input } = stepOf(before, partnerId, 'welcome_email') as StepRow;
  return { keyId: input.key_id as number, kickoffMs: Date.parse(input.kickoff as string) };
}

/** For a dry run: why partners would be refused, by slug, because another has the name of their channel, or would have it before them. */
export async function foreseeRefusals({ db }: Connection, partners: Candidate[]): Promise<Map<string, string>> {
  const channels = (await listSteps(db)).filter(({ step }) => step === 'slack_channel');
  const owners = new Map(channels.map(({ input, slug }) => [input.channel, slug]));
  const refused = new Map<string, string>();
  for (const partner of partners) {
    const own = stepOf(channels, partner.id, 'slack_channel');
    if (!isWanting(own)) continue;
    const channel = channelName(partner);
    const owner = owners.get(channel);
    if (owner !== undefined && owner !== partner.slug) refused.set(partner.slug, new ChannelTakenError(channel, owner).message);
    else owners.set(channel, partner.slug);
  }
  return refused;
}

/** Whether a step would be asked for. */
function isWanting(step: StepRow | undefined): boolean {
  return step === undefined || step.status === 'failed';
}

function stepOf(steps: StepRow[], partnerId: number, name: StepName): StepRow | undefined {
  return steps.find(({ partner_id, step }) => partner_id === partnerId && step === name);
}

export function quoted(slugs: string[]): string {
  return slugs.map((slug) => `"${slug}"`).join(', ');
}
