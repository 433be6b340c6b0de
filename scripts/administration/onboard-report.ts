import type { Integrations } from '../../src/modules/onboarding/integrations.ts';
import { type StepName, stepNames } from '../../src/modules/onboarding/steps.ts';
import type { StepRow } from '../../src/modules/onboarding/store.ts';
import { formatTime } from '../../src/platform/rfc3339.ts';
import { obstacleTo } from './onboard-deliver.ts';
import { printJson, printTable, say } from './output.ts';

type Named = { id: number; slug: string };
type Step = StepRow & { slug: string };

type Problem = { step: StepName; problem: string /** Null: nothing is tried again. */; next_try: string | null };

/** One partner of a run, as it is printed. */
export type OnboardingRecord = Record<StepName, string> & {
  partner: string;
  kickoff: string | null;
  problems: Problem[];
  /** Of the contact to the channel: `sent`, or why a person must do it. */
  slack_invitation: string | null;
};

/** How far the partners are. */
export function reportOf(partners: Named[], steps: Step[], integrations: Integrations): OnboardingRecord[] {
  return partners.map(({ id, slug }) => {
    const own = steps.filter(({ partner_id }) => partner_id === id);
    return {
      partner: slug,
      ...states(own, (step) => step?.status ?? 'none'),
      kickoff: kickoffOf(own),
      problems: own.flatMap((step) => problemOf(step, own, integrations)),
      slack_invitation: (own.find(({ step }) => step === 'slack_channel')?.result.invitation as string | undefined) ?? null,
    };
  });
}

/** How far they would be: what would be sent, without the sending. */
export function planned(
  partners: Named[],
  steps: Step[],
  arranged: Map<number, { kickoffMs: number }>,
  refused: Map<string, string>,
): OnboardingRecord[] {
  return partners.map(({ id, slug }) => {
    const own = steps.filter(({ partner_id }) => partner_id === id);
    const isRefused = refused.has(slug);
    const arrangement = isRefused ? undefined : arranged.get(id);
    return {
      partner: slug,
      ...states(own, (step) => {
        if (isRefused) return step?.status ?? 'none';
        return step === undefined ? 'would_send' : step.status === 'failed' ? 'would_retry' : step.status;
      }),
      kickoff: arrangement ? formatTime(arrangement.kickoffMs) : kickoffOf(own),
      problems: [],
      slack_invitation: null,
    };
  });
}

/** What stands in the way here is nothing to a server. */
export function withoutProblems(records: OnboardingRecord[]): OnboardingRecord[] {
  return records.map((record) => ({ ...record, problems: [] }));
}

/** With what was refused, by slug: it is all about the channel. */
export function withRefusals(records: OnboardingRecord[], refused: Map<string, string>): OnboardingRecord[] {
  return records.map((record) => {
    const problem = refused.get(record.partner);
    return problem === undefined
      ? record
      : { ...record, problems: [{ step: 'slack_channel', problem, next_try: null }, ...record.problems] };
  });
}

/** The partners of a run: data to stdout, what stands in the way to stderr. */
export function printOnboarding(
  records: OnboardingRecord[],
  { json, dryRun, detach }: { json?: boolean; dryRun?: boolean; detach?: boolean },
): void {
  if (json) {
    printJson(records);
    return;
  }
  printTable(records, ['partner', ...stepNames, 'kickoff']);
  for (const { partner, problems } of records) {
    for (const { step, problem, next_try } of problems) say(`${partner} ${step}: ${problem}${next_try ? `; next try ${next_try}` : ''}`);
  }
  for (const { partner, slack_invitation } of records)
    if (slack_invitation && slack_invitation !== 'sent')
      say(`${partner}: invite the contact to the channel yourself (${slack_invitation})`);
  if (dryRun) say('nothing was sent');
  if (detach) say('left to the servers; ./scripts/admin onboard status shows how far they are');
}

/** Every step by itself. */
export function printSteps(steps: Step[], integrations: Integrations, json: boolean | undefined): void {
  const records = steps.map((step) => ({
    partner: step.slug,
    step: step.step,
    /** Of the channel: its name, and whether it may be one that somebody else has made. */
    channel: step.input.channel ?? null,
    adopt_channel: step.step === 'slack_channel' ? step.input.adopt_channel === true : null,
    status: step.status,
    attempts: step.attempts,
    next_try: step.status === 'pending' ? formatTime(step.due_at.getTime()) : null,
    done_at: step.done_at && formatTime(step.done_at.getTime()),
    last_error: step.last_error,
    /** What this machine lacks; a server may have it. */
    waits_for: step.status === 'pending' ? (obstacleTo(step, steps, integrations) ?? null) : null,
    result: step.result,
  }));
  if (json) printJson(records);
  else
    printTable(records, [
      'partner',
      'step',
      'channel',
      'adopt_channel',
      'status',
      'attempts',
      'next_try',
      'done_at',
      'last_error',
      'waits_for',
    ]);
}

function states(steps: Step[], stateOf: (step: Step | undefined) => string): Record<StepName, string> {
  const [slack_channel, slack_welcome, welcome_email] = stepNames.map((name) => stateOf(steps.find(({ step }) => step === name)));
  return { slack_channel, slack_welcome, welcome_email } as Record<StepName, string>;
}

function kickoffOf(steps: Step[]): string | null {
  return steps.find(({ step }) => step === 'welcome_email')?.input.kickoff ?? null;
}

function problemOf(step: Step, steps: Step[], integrations: Integrations): Problem[] {
  if (step.status === 'done') return [];
  if (step.status === 'failed') return [{ step: step.step, problem: step.last_error ?? 'it failed', next_try: null }];
  const obstacle = obstacleTo(step, steps, integrations);
  if (obstacle) return [{ step: step.step, problem: obstacle, next_try: null }];
  return [{ step: step.step, problem: step.last_error ?? 'it is not done yet', next_try: formatTime(step.due_at.getTime()) }];
}
