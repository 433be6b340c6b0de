import type { Integrations } from './integrations.ts';

/**
 * The outbox of a new partner, one row for each step:
 *
 *   pending ──done──▶ done
 *      │ ▲
 *   refused for good, or tried eight times
 *      ▼ └── onboarded again
 *    failed
 *
 * A deliverer claims a due step by counting the attempt, noting the time and putting `due_at` five minutes ahead. It delivers outside of any
 * transaction, so a delivery that was cut off is simply due again then: a step is delivered at least once, and what it makes can be recognised (a
 * channel by its name and maker, a message by its mark, a mail by its Message-ID).
 */
export const stepNames = ['slack_channel', 'slack_welcome', 'welcome_email'] as const;
export type StepName = (typeof stepNames)[number];
export type StepStatus = 'pending' | 'done' | 'failed';

/** What was asked for. Never a key itself. */
export type StepInput = {
  /** Of `slack_channel`: the name, without `#`. No other partner has it. */
  channel?: string;
  /** Of `slack_channel`: an administrator lets it take a channel of that name that somebody else has made. */
  adopt_channel?: boolean;
  /** Of `welcome_email`: the time of the kickoff call, RFC 3339. */
  kickoff?: string;
  /** Of `welcome_email`: the key that it is about. */
  key_id?: number;
  /** Of `welcome_email`: whether the key's text goes with it. */
  with_key?: boolean;
};

/** Attempts before a step has failed. */
export const maxAttempts = 8;

/** Waits in a row that a service may ask for; each one more is an attempt, so that a step has an end whatever a service says. */
export const maxWaits = 50;

/** Milliseconds after which a claimed step is taken for lost. Longer than any delivery: each wait in one has an end far below it. */
export const lostAfterMs = 5 * 60_000;

/** Clocks differ: what is older than a step by up to this many milliseconds may still be the step's own. */
export const clockToleranceMs = 3_600_000;

const firstDelayMs = 5_000;
const longestDelayMs = 15 * 60_000;

/**
 * Milliseconds before the next attempt after `attempts` failed ones: 5 s, doubled each time, a quarter more or less by chance (so that steps that
 * failed together do not come back together), 15 minutes at most.
 */
export function backOffMs(attempts: number, random: () => number = Math.random): number {
  const exact = Math.min(firstDelayMs * 2 ** (attempts - 1), longestDelayMs);
  return Math.min(Math.round(exact * (0.75 + random() / 2)), longestDelayMs);
}

/** Why a step cannot be delivered by a process with these integrations, or undefined when it can. */
export function missingFor(
  step: StepName,
  input: Pick<StepInput, 'with_key'>,
  { mail, slack, vault, missing }: Integrations,
): string | undefined {
  if (step !== 'welcome_email') return slack ? undefined : missing.slack;
  if (!mail) return missing.mail;
  return vault || input.with_key === false ? undefined : 'VAULT_KEY_FILE or VAULT_KMS_KEY is not set';
}
