import type { Kysely } from 'kysely';
import { readSecret } from '../../pipeline/auth/key-secrets.ts';
import { audited, recordAudit } from '../../platform/audit.ts';
import { DeliveryError } from '../../platform/delivery-error.ts';
import { type Mailer, type Message, parseAddress } from '../../platform/mail.ts';
import type { Database } from '../../platform/schema.ts';
import { type Vault, VaultError } from '../../platform/vault/vault.ts';
import { toHtml, toText } from './blocks.ts';
import { findMailedKey, type MailedKey } from './candidates.ts';
import type { Delivered, Delivery } from './deliver.ts';
import { readGuide } from './guide.ts';
import { writeInvitation } from './invitation.ts';
import { oneLine } from './names.ts';
import { listSteps } from './store.ts';
import { type Welcome, welcomeBlocks, welcomeSubject } from './welcome-mail.ts';

/**
 * Sends the welcome: key, guide and invitation in one mail. Its Message-ID and the UID of the call follow from the partner, so that a mail that
 * had to be sent twice is the same mail. That the key is mailed is written down before each attempt: of one whose answer is lost, nobody knows
 * whether the key has got out.
 * @throws DeliveryError
 */
export async function sendWelcomeEmail(delivery: Delivery): Promise<Delivered> {
  const { claim, partner, integrations, db, actor, nowMs } = delivery;
  const { publicUrl, guideUrl } = integrations;
  const mail = integrations.mail as Mailer;
  const address = partner.contact_email === null ? undefined : parseAddress(partner.contact_email)?.address;
  if (!address)
    throw new DeliveryError(
      'permanent',
      `the partner has no contact_email, or one that is no address; set it: partners change ${partner.slug} --contact-email …`,
    );
  const kickoffMs = Date.parse(claim.input.kickoff ?? '');
  if (!(kickoffMs > nowMs))
    throw new DeliveryError('permanent', 'the kickoff call would have been before this mail; onboard again, with --kickoff');
  const key = await usableKey(db, partner.id, claim.input.key_id, nowMs);
  const text = claim.input.with_key ? await openKey(db, integrations.vault as Vault, key.id) : undefined;

  const welcome: Welcome = {
    partnerName: partner.name,
    contact: partner.primary_contact,
    key: { ...key, text },
    kickoffMs,
    publicUrl,
    guideUrl,
    slackChannel: await nameOfChannel(delivery),
    ratePerSecond: partner.rate_limit_per_sec,
    eventsPerMonth: Number(partner.rate_limit_per_month),
    retentionHours: partner.retention_seconds / 3600,
  };
  const domain = mail.from.address.slice(mail.from.address.lastIndexOf('@') + 1);
  const messageId = `<welcome.${partner.partner_id}@${domain}>`;
  const to = { name: oneLine(partner.primary_contact ?? partner.name), address };
  const subject = welcomeSubject(welcome);
  const blocks = welcomeBlocks(welcome);
  const message: Message = {
    to,
    subject,
    messageId,
    text: toText(blocks),
    html: toHtml(subject, blocks),
    attachments: [
      {
        filename: 'getting-started.md',
        contentType: 'text/markdown; charset=utf-8',
        content: await readGuide({ publicUrl, pageUrl: guideUrl }),
      },
    ],
    invitation: await writeInvitation({
      id: `kickoff.${partner.partner_id}@${domain}`,
      startMs: kickoffMs,
      nowMs,
      summary: `Kickoff: Triggers API and ${partner.name}`,
      description: `Your integration, your questions, what comes next. The link to the call follows. The guide: ${guideUrl}`,
      organizer: mail.from,
      attendee: to,
    }),
  };
  if (text !== undefined) {
    const details = { attempt: claim.attempts, key_prefix: key.prefix, message_id: messageId };
    await audited(db, actor, (transaction) =>
      recordAudit(transaction, actor, { action: 'key.mailed', subject: `key:${key.id}`, partner: partner.slug, details }),
    );
  }
  await mail.send(message);
  return { result: { message_id: messageId, key_prefix: key.prefix, with_key: text !== undefined, kickoff: claim.input.kickoff } };
}

/** The channel that there is, or that there will be: a mail does not wait for Slack. One that was refused is nothing to send a partner to. */
async function nameOfChannel({ partner, integrations, db }: Delivery): Promise<string | undefined> {
  const channel = (await listSteps(db, [partner.id])).find(({ step }) => step === 'slack_channel');
  if (channel?.status === 'done') return channel.result.channel as string;
  const isExpected = channel?.status === 'pending' && (partner.slack_channel !== null || integrations.slack !== undefined);
  return isExpected ? channel.input.channel : undefined;
}

async function usableKey(db: Kysely<Database>, partnerId: number, keyId: number | undefined, nowMs: number): Promise<MailedKey> {
  const key = keyId === undefined ? undefined : await findMailedKey(db, partnerId, keyId, nowMs);
  if (key?.isActive) return key;
  const what = key ? `the key ${key.prefix} is revoked or expired` : 'there is no key to send';
  throw new DeliveryError('permanent', `${what}; make one with keys issue and onboard again`);
}

/** @throws DeliveryError whose words are those of the vault: they never hold the secret. */
async function openKey(db: Kysely<Database>, vault: Vault, keyId: number): Promise<string> {
  try {
    return await readSecret(db, vault, keyId);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw new DeliveryError(error.code === 'unavailable' ? 'retry' : 'permanent', error.message);
  }
}
