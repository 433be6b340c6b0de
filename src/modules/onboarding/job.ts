import { hostname } from 'node:os';
import type { Kysely } from 'kysely';
import type { Clock } from '../../platform/clock.ts';
import type { Job } from '../../platform/jobs.ts';
import type { Database } from '../../platform/schema.ts';
import type { Vault } from '../../platform/vault/vault.ts';
import { deliverDue } from './deliver.ts';
import { type OnboardingSettings, openIntegrations } from './integrations.ts';

type Log = { info(fields: object, message: string): void; warn(fields: object, message: string): void };

export type OnboardingJobOptions = {
  db: Kysely<Database>;
  clock: Clock;
  vault: Vault | undefined;
  settings: OnboardingSettings;
  log: Log;
};

/** A beat that takes longer leaves the rest to the next one. */
const longestMs = 240_000;

/**
 * The job that delivers what is due every minute; none where neither SMTP_URL nor SLACK_BOT_TOKEN is configured.
 * @throws TypeError naming a setting that is not usable.
 */
export function onboardingJob({ db, clock, vault, settings, log }: OnboardingJobOptions): Job[] {
  if (!settings.SMTP_URL && !settings.SLACK_BOT_TOKEN) return [];
  const integrations = openIntegrations(settings, vault);
  if (settings.SMTP_URL && !integrations.mail) log.warn({}, `no welcome mail is sent: ${integrations.missing.mail}`);
  return [
    {
      name: 'onboarding',
      schedule: '* * * * *',
      async run(signal) {
        const startedAt = performance.now();
        const shouldStop = () => signal?.aborted === true || performance.now() - startedAt > longestMs;
        await deliverDue({
          db,
          integrations,
          clock,
          source: hostname(),
          shouldStop,
          onOutcome({ outcome, ...fields }) {
            if (outcome === 'done') log.info(fields, 'an onboarding step is done');
            else log.warn({ ...fields, outcome }, 'an onboarding step was not delivered');
          },
        });
      },
    },
  ];
}
