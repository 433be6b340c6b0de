import type { Command } from 'commander';
import { type Candidate, findCandidates } from '../../src/modules/onboarding/candidates.ts';
import { ChannelTakenError, enqueue } from '../../src/modules/onboarding/enqueue.ts';
import { type Integrations, openIntegrations } from '../../src/modules/onboarding/integrations.ts';
import { listSteps, type StepRow } from '../../src/modules/onboarding/store.ts';
import { type Connection, withDatabase } from './database.ts';
import { interruptible } from './interruption.ts';
import { deliverUntil } from './onboard-deliver.ts';
import { type Arrangement, arrange, foreseeRefusals, kept, quoted } from './onboard-plan.ts';
import { planned, printOnboarding, printSteps, reportOf, withoutProblems, withRefusals } from './onboard-report.ts';
import { integer, line, moment } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { progress, say } from './output.ts';

type OnboardOptions = {
  all?: boolean;
  kickoff?: Date;
  key: boolean;
  adoptChannel?: boolean;
  detach?: boolean;
  wait: number;
  dryRun?: boolean;
  reason?: string;
  json?: boolean;
};

/** `admin onboard …` */
export function addOnboardCommands(program: Command): void {
  const onboard = program
    .command('onboard')
    .argument('[partner...]', 'slugs')
    .description(
      'send new partners what they need: Slack channel, welcome there, mail with key, guide and invitation. Again: what is missing',
    )
    .addHelpText('before', examples)
    .addHelpText('after', surroundings)
    .option('--all', 'every active partner with an active key of class beta or live')
    .option('--kickoff <when>', 'time of the call, such as 2026-12-01T15:00:00Z; of several partners, half an hour apart', moment)
    .option('--no-key', 'leave the key out of the mail; it shows the prefix')
    .option('--adopt-channel', 'take the Slack channel of that name that somebody has made already; nobody is invited to it')
    .option('--detach', 'leave the delivery to the servers')
    .option('--wait <seconds>', 'how long to deliver and to wait for tries that are due later', integer(1, 3_600), 60)
    .option('--dry-run', 'show what would be sent, and send nothing')
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--json', 'print JSON')
    .action(run);

  onboard
    .command('status')
    .argument('[partner]', 'its slug')
    .description('every step, with attempts, last error and next try')
    .addHelpText('before', examples)
    .option('--json', 'print JSON')
    .action((slug: string | undefined, _options, command: Command) => status(slug, command.optsWithGlobals().json));
}

async function run(slugs: string[], options: OnboardOptions): Promise<void> {
  if (Boolean(options.all) === slugs.length > 0) throw new AdminError(exitCodes.usage, 'name the partners to onboard, or say --all');
  if (options.all && options.adoptChannel)
    throw new AdminError(exitCodes.usage, '--adopt-channel is for partners that are named: look at each channel first');
  await withDatabase(async (connection) => {
    const integrations = configured(connection);
    const partners = await choose(connection, options.all ? undefined : slugs);
    const ids = partners.map(({ id }) => id);
    const before = await listSteps(connection.db, ids);
    const wanting = await arrange(connection, partners, before, options.kickoff);
    const refused = options.dryRun
      ? await foreseeRefusals(connection, partners)
      : await enqueueAll(connection, partners, (id) => wanting.get(id) ?? kept(before, id), options);
    if (refused.size > 0) process.exitCode = exitCodes.conflict;
    if (options.dryRun) return printOnboarding(withRefusals(planned(partners, before, wanting, refused), refused), options);

    const asked = await listSteps(connection.db, ids);
    if (options.adoptChannel) sayAdopted(asked);
    if (options.detach) return printOnboarding(withRefusals(withoutProblems(reportOf(partners, asked, integrations)), refused), options);
    const interruption = interruptible();
    const bar = await progress(asked.filter(({ status }) => status === 'pending').length, 'Onboarding', interruption);
    const after = await deliverUntil({
      ...connection,
      integrations,
      partnerIds: ids,
      waitMs: options.wait * 1_000,
      signal: interruption.abort,
      onOutcome: ({ partner, step, outcome }) => bar.advance(outcome === 'retry' ? 0 : 1, `${partner}: ${step} (${outcome})`),
    }).finally(() => {
      bar.done();
      interruption.end();
    });
    printOnboarding(withRefusals(reportOf(partners, after, integrations), refused), options);
    if (interruption.signal()) throw interruption.error('what is not sent yet is pending: for a server, or for the same command again');
    if (refused.size === 0 && after.some((step) => step.status !== 'done')) process.exitCode = exitCodes.failed;
  });
}

/**
 * Each partner in a transaction of its own: no lock of one waits for another, and one that is refused keeps nobody back.
 * @returns why partners were refused, by slug.
 */
async function enqueueAll(
  { db, actor }: Connection,
  partners: Candidate[],
  arrangementOf: (partnerId: number) => Arrangement,
  { key, adoptChannel, reason }: OnboardOptions,
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const { id, slug } of partners) {
    try {
      await enqueue(db, actor(reason), { partner: { id, slug }, ...arrangementOf(id), withKey: key, adoptChannel }, Date.now());
    } catch (error) {
      if (!(error instanceof ChannelTakenError)) throw error;
      refused.set(slug, error.message);
    }
  }
  return refused;
}

/** Which channels were approved: a partner may have changed the name since somebody looked. */
function sayAdopted(steps: (StepRow & { slug: string })[]): void {
  for (const { slug, step, status, input } of steps) {
    if (step !== 'slack_channel') continue;
    say(
      status === 'done'
        ? `--adopt-channel changes nothing for "${slug}": it has its channel`
        : `${slug}: #${input.channel} is taken even if somebody else has made it`,
    );
  }
}

/** @throws AdminError when a setting is not usable. */
function configured({ settings, optionalVault }: Connection): Integrations {
  try {
    return openIntegrations(settings, optionalVault());
  } catch (error) {
    throw new AdminError(exitCodes.failed, (error as Error).message);
  }
}

/** The partners that are named, or of `--all`. @throws AdminError when one of them cannot be onboarded. */
async function choose({ db }: Connection, slugs: string[] | undefined): Promise<Candidate[]> {
  const found = await findCandidates(db, slugs, Date.now());
  if (slugs === undefined) {
    const all = found.filter(({ status, key }) => status === 'active' && key && key.class !== 'test');
    if (all.length === 0) throw new AdminError(exitCodes.notFound, 'no active partner has an active key of class beta or live');
    return all;
  }
  const unknown = slugs.filter((slug) => !found.some((partner) => partner.slug === slug));
  if (unknown.length > 0) throw new AdminError(exitCodes.notFound, `there is no partner ${quoted(unknown)}`);
  const suspended = found.filter(({ status }) => status === 'suspended').map(({ slug }) => slug);
  if (suspended.length > 0)
    throw new AdminError(exitCodes.failed, `suspended: ${quoted(suspended)}; first ./scripts/admin partners resume`);
  return found;
}

async function status(slug: string | undefined, json: boolean | undefined): Promise<void> {
  await withDatabase(async (connection) => {
    const [partner] = slug === undefined ? [] : await findCandidates(connection.db, [slug], Date.now());
    if (slug !== undefined && !partner) throw new AdminError(exitCodes.notFound, `there is no partner "${slug}"`);
    printSteps(await listSteps(connection.db, partner && [partner.id]), configured(connection), json);
  });
}

const examples = `Examples:
  ./scripts/admin onboard acme --kickoff 2026-12-01T15:00:00Z
  ./scripts/admin onboard --all --dry-run
  ./scripts/admin onboard --all --json | jq '.[] | select(.problems != [])'
  ./scripts/admin onboard acme --no-key
  ./scripts/admin onboard acme --adopt-channel
  ./scripts/admin onboard status acme
`;

const surroundings = `
Without --kickoff the call is on the second working day from now, at 15:00 UTC; of several partners half an hour apart, up to 18:00.
Mail needs SMTP_URL, MAIL_FROM and PUBLIC_URL, and a vault for the key; Slack needs SLACK_BOT_TOKEN: as the servers have them, from the environment or
from LOCAL_DIR. What is not set here stays pending, for a server that has it. A step that fails is tried again, with growing pauses, eight times;
after that, and after a refusal that repeating does not mend, it has failed until it is onboarded again. Onboarding again also tries at once what
waits for its next attempt. The Slack channel is the slack_channel of the partner when it is onboarded, or <slug>-beta, and is made; one that somebody
has made before may be anybody's, so it is taken with --adopt-channel only, and you invite the contact yourself.
Exit code 1: a step has failed, or is still pending; with --detach that is none. Exit code 4: the channel of a partner is another's already; nothing was
asked for it, and the others go on.`;
