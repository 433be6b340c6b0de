import { createMailer, type Mailer } from '../../platform/mail.ts';
import { createSlack, type Slack } from '../../platform/slack.ts';
import type { Vault } from '../../platform/vault/vault.ts';

/** The variables of the environment on which onboarding depends, by their names. */
export type OnboardingSettings = {
  SMTP_URL?: string;
  MAIL_FROM?: string;
  MAIL_REPLY_TO?: string;
  SLACK_BOT_TOKEN?: string;
  SLACK_API_URL?: string;
  PUBLIC_URL?: string;
  GUIDE_URL?: string;
};

/** What a process can deliver with. */
export type Integrations = {
  mail: Mailer | undefined;
  slack: Slack | undefined;
  vault: Vault | undefined;
  /** Base URL of the API, without a slash at its end. */
  publicUrl: string;
  /** The page of the guide; its neighbours are pages too. Empty without PUBLIC_URL and GUIDE_URL. */
  guideUrl: string;
  /** Why what is undefined is undefined. */
  missing: { mail: string; slack: string };
};

/**
 * Whatever is configured; does no I/O. Mail also needs MAIL_FROM, and PUBLIC_URL: a welcome that does not say where the API is could not be
 * taken back. @throws TypeError naming a variable that is not usable.
 */
export function openIntegrations(settings: OnboardingSettings, vault: Vault | undefined): Integrations {
  const { SMTP_URL, MAIL_FROM, MAIL_REPLY_TO, SLACK_BOT_TOKEN, SLACK_API_URL, PUBLIC_URL = '', GUIDE_URL = '' } = settings;
  requirePage('PUBLIC_URL', PUBLIC_URL);
  requirePage('GUIDE_URL', GUIDE_URL);
  const publicUrl = PUBLIC_URL.replace(/\/+$/, '');
  const unset = [!SMTP_URL && 'SMTP_URL', !MAIL_FROM && 'MAIL_FROM', !publicUrl && 'PUBLIC_URL'].filter((name) => name !== false);
  return {
    mail: SMTP_URL && MAIL_FROM && publicUrl ? createMailer({ url: SMTP_URL, from: MAIL_FROM, replyTo: MAIL_REPLY_TO }) : undefined,
    slack: SLACK_BOT_TOKEN ? createSlack({ token: SLACK_BOT_TOKEN, apiUrl: SLACK_API_URL }) : undefined,
    vault,
    publicUrl,
    guideUrl: GUIDE_URL || (publicUrl && `${publicUrl}/guide/getting-started`),
    missing: {
      mail: `${unset.join(' and ')} ${unset.length > 1 ? 'are' : 'is'} not set`,
      slack: 'SLACK_BOT_TOKEN is not set',
    },
  };
}

/** In a mail, an address of any other scheme would be a link like any other. */
function requirePage(variable: string, url: string): void {
  if (url !== '' && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new TypeError(`${variable} is not the URL of a page`);
}
