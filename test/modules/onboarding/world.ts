import path from 'node:path';
import pg from 'pg';
import type { Test } from 'tap';
import { findCandidates } from '../../../src/modules/onboarding/candidates.ts';
import { type DeliverOptions, deliverDue, type Outcome } from '../../../src/modules/onboarding/deliver.ts';
import { enqueue, type Onboarding } from '../../../src/modules/onboarding/enqueue.ts';
import { type OnboardingSettings, openIntegrations } from '../../../src/modules/onboarding/integrations.ts';
import { listSteps } from '../../../src/modules/onboarding/store.ts';
import { createPartner, issueKey, type NewPartner } from '../../../src/modules/partners/store.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { createKeyFile } from '../../../src/platform/vault/key-file.ts';
import { openVault } from '../../../src/platform/vault/open-vault.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { startSlack } from '../../helper/slack.ts';
import { type SmtpOptions, startSmtp } from '../../helper/smtp.ts';

export const pepper = 'a pepper of at least 32 characters';
export const admin = { name: 'admin:alice', source: 'test' };

/** Tuesday. */
export const start = Date.parse('2026-11-24T10:00:00Z');
export const kickoff = Date.parse('2026-11-26T15:00:00Z');

export type World = Awaited<ReturnType<typeof createWorld>>;

/** A database with a vault, a mail server, a Slack, and a clock that stands still until it is moved. */
export async function createWorld(t: Test, smtpOptions: SmtpOptions = {}) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 6, onIdleError: () => {} });
  t.teardown(() => pools.close());
  const keyFile = path.join(t.testdir(), 'vault.json');
  await createKeyFile(keyFile);
  const vault = openVault({ keyFile });
  const [smtp, slack] = [await startSmtp(t, smtpOptions), await startSlack(t)];
  const settings: OnboardingSettings = {
    SMTP_URL: smtp.url,
    MAIL_FROM: 'Triggers API <beta@example.com>',
    MAIL_REPLY_TO: 'support@example.com',
    SLACK_BOT_TOKEN: slack.token,
    SLACK_API_URL: slack.url,
    PUBLIC_URL: 'https://api.test.example/',
    GUIDE_URL: 'https://guide.test.example/docs/getting-started',
  };
  const { db } = pools;
  const world = {
    db,
    databaseUrl,
    keyFile,
    vault,
    smtp,
    slack,
    settings,
    /** Milliseconds. */
    now: start,
    /** A partner and its key, in the vault. */
    async addPartner(slug: string, { withKey = true, fields }: Pick<NewPartner, 'fields'> & { withKey?: boolean } = {}) {
      await createPartner(db, { slug, fields: { partner_name: 'Acme Corp', contact_email: `${slug}@partner.example`, ...fields } });
      const key = withKey ? (await issueKey(db, { pepper, vault }, { slug })).api_key : '';
      const [candidate] = await findCandidates(db, [slug], Date.now());
      return { id: candidate?.id as number, slug, key, keyId: candidate?.key?.id ?? 0 };
    },
    enqueue(partner: { id: number; slug: string; keyId: number }, options: Partial<Onboarding> = {}) {
      return enqueue(db, admin, { partner, keyId: partner.keyId, withKey: true, kickoffMs: kickoff, ...options }, world.now);
    },
    /** Delivers what is due by the clock. @returns the outcomes as `partner step outcome`, and the last one in full. */
    async deliver(options: Partial<DeliverOptions> & { settings?: OnboardingSettings } = {}) {
      const outcomes: Outcome[] = [];
      await deliverDue({
        db,
        integrations: openIntegrations(options.settings ?? settings, vault),
        clock: () => world.now,
        source: 'test',
        onOutcome: (outcome) => outcomes.push(outcome),
        random: () => 0.5,
        ...options,
      });
      return outcomes;
    },
    /** One step of a partner; the only partner, unless told. */
    async step(step: string, slug?: string) {
      const found = (await listSteps(db)).find((each) => each.step === step && (slug === undefined || each.slug === slug));
      if (!found) throw new Error(`there is no step ${step}`);
      return found;
    },
    /**
     * Lets a statement fail with `code`: that to which the rest of a CREATE TRIGGER applies; the first `times`, or all. `count` is how often it came.
     */
    async break(when: string, code: string, times = 1_000_000) {
      const owner = new pg.Client({ connectionString: databaseUrl });
      await owner.connect();
      t.teardown(() => owner.end());
      // A sequence counts on when the transaction is taken back.
      await owner.query(`
        CREATE SEQUENCE broken;
        CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ BEGIN
          IF nextval('broken') <= ${times} THEN RAISE EXCEPTION 'broken' USING ERRCODE = '${code}'; END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER broken ${when} EXECUTE FUNCTION break()`);
      return {
        count: async () => Number((await owner.query('SELECT last_value FROM broken')).rows[0].last_value),
        mend: () => owner.query('DROP FUNCTION break() CASCADE'),
      };
    },
    /** What the whole database holds of what may hold text of ours. */
    async everythingWritten(): Promise<string> {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      const { rows } = await client.query(
        'SELECT to_jsonb(s)::text AS row FROM onboarding_steps s UNION ALL SELECT to_jsonb(a)::text FROM audit_log a',
      );
      await client.end();
      return rows.map(({ row }) => row).join('\n');
    },
  };
  return world;
}

/** `step outcome` of each. */
export function told(outcomes: Outcome[]): string[] {
  return outcomes.map(({ step, outcome }) => `${step} ${outcome}`);
}

/** Text of a base64 or binary part. */
export function textOf(content: string | ArrayBuffer | Uint8Array | undefined): string {
  return typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString('utf8');
}
