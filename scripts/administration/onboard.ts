import type { Command } from 'commander';
import { type Candidate, findCandidates } from '../../src/modules/onboarding/candidates.ts';
import { enqueue } from '../../src/modules/onboarding/enqueue.ts';
import { type Integrations, openIntegrations } from '../../src/modules/onboarding/integrations.ts';
import { kickoffsFrom, proposeKickoffs } from '../../src/modules/onboarding/kickoff.ts';
import type { StepName } from '../../src/modules/onboarding/steps.ts';
import { listKickoffs, listSteps, type StepRow } from '../../src/modules/onboarding/store.ts';
import { type Connection, withDatabase } from './database.ts';
import { deliverUntil } from './onboard-deliver.ts';
import { type OnboardingRecord, planned, printOnboarding, printSteps, reportOf } from './onboard-report.ts';
import { integer, moment } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { progress, say } from './output.ts';

type OnboardOptions = {
  all?: boolean;
  kickoff?: Date;
  key: boolean;
  detach?: boolean;
  wait: number;
  dryRun?: boolean;
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
    .option('--detach', 'leave the delivery to the servers')
    .option('--wait <seconds>', 'how long to deliver and to wait for tries that are due later', integer(1, 3_600), 60)
    .option('--dry-run', 'show what would be sent, and send nothing')
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
  await withDatabase(async (connection) => {
    const integrations = configured(connection);
    const partners = await choose(connection, options.all ? undefined : slugs);
    const ids = partners.map(({ id }) => id);
    const before = await listSteps(connection.db, ids);
    const wanting = await arrange(connection, partners, before, options);
    if (options.dryRun) return printOnboarding(planned(partners, before, wanting), options);

    await connection.change(async (transaction) => {
      for (const { id, slug } of partners) {
        const { keyId, kickoffMs } = wanting.get(id) ?? kept(before, id);
        await enqueue(transaction, connection.actor(), { partner: { id, slug }, keyId, withKey: options.key, kickoffMs }, Date.now());
      }
    });
    if (options.detach)
      return printOnboarding(withoutProblems(reportOf(partners, await listSteps(connection.db, ids), integrations)), options);
    const missing = (await listSteps(connection.db, ids)).filter(({ status }) => status === 'pending').length;
    const bar = await progress(missing, 'Onboarding');
    const after = await deliverUntil({
      ...connection,
      integrations,
      partnerIds: ids,
      waitMs: options.wait * 1_000,
      onOutcome: ({ partner, step, outcome }) => bar.advance(outcome === 'retry' ? 0 : 1, `${partner}: ${step} (${outcome})`),
    });
    bar.done();
    printOnboarding(reportOf(partners, after, integrations), options);
    if (after.some((step) => step.status !== 'done')) process.exitCode = exitCodes.failed;
  });
}

/** What stands in the way here is nothing to a server. */
function withoutProblems(records: OnboardingRecord[]): OnboardingRecord[] {
  return records.map((record) => ({ ...record, problems: [] }));
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

type Arrangement = { keyId: number; kickoffMs: number };

/** Key and time of the call, by partner, for those who are to get a mail now. @throws AdminError when one of them has no key. */
async function arrange(
  { db }: Connection,
  partners: Candidate[],
  before: StepRow[],
  { kickoff }: OnboardOptions,
): Promise<Map<number, Arrangement>> {
  const wanting = partners.filter(({ id }) => ['none', 'failed'].includes(stepOf(before, id, 'welcome_email')?.status ?? 'none'));
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
function kept(before: StepRow[], partnerId: number): Arrangement {
  const { input } = stepOf(before, partnerId, 'welcome_email') as StepRow;
  return { keyId: input.key_id as number, kickoffMs: Date.parse(input.kickoff as string) };
}

function stepOf(steps: StepRow[], partnerId: number, name: StepName): StepRow | undefined {
  return steps.find(({ partner_id, step }) => partner_id === partnerId && step === name);
}

function quoted(slugs: string[]): string {
  return slugs.map((slug) => `"${slug}"`).join(', ');
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
  ./scripts/admin onboard status acme
`;

const surroundings = `
Without --kickoff the call is on the second working day from now, at 15:00 UTC; of several partners half an hour apart, up to 18:00.
Mail needs SMTP_URL, MAIL_FROM and PUBLIC_URL, and a vault for the key; Slack needs SLACK_BOT_TOKEN: as the servers have them, from the environment or
from LOCAL_DIR. What is not set here stays pending, for a server that has it. A step that fails is tried again, with growing pauses, eight times;
after that, and after a refusal that repeating does not mend, it has failed until it is onboarded again.
Exit code 1: a step has failed, or is still pending; with --detach that is none.`;
