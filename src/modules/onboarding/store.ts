import { type Kysely, type RawBuilder, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { lostAfterMs, maxWaits, type StepInput, type StepName, type StepStatus } from './steps.ts';

export type StepRow = {
  partner_id: number;
  step: StepName;
  status: StepStatus;
  input: StepInput;
  result: Record<string, unknown>;
  attempts: number;
  /** How often in a row it was put off because the service asked to wait. */
  waits: number;
  due_at: Date;
  /** Since when a deliverer has it; null: none has. */
  claimed_at: Date | null;
  last_error: string | null;
  created_at: Date;
  done_at: Date | null;
};

/** What a step needs to know of its partner. */
const partnerColumns = [
  'id',
  'slug',
  'partner_id',
  'name',
  'status',
  'rate_limit_per_sec',
  'rate_limit_per_month',
  'retention_seconds',
  'contact_email',
  'slack_channel',
  'primary_contact',
] as const;
export type Recipient = Pick<Selectable<Database['partners']>, (typeof partnerColumns)[number]>;

export type Claimable = {
  slack: boolean;
  mail: boolean;
  /** Whether a mail with a key can be sent. */
  vault: boolean;
  /** Only steps of these partners. */
  partnerIds?: readonly number[];
};

/**
 * Takes the step that has been due for the longest, for this deliverer alone. The welcome in a channel waits for the channel.
 * @returns undefined when nothing is due that can be delivered.
 */
export async function claimStep(
  db: Kysely<Database>,
  { slack, mail, vault, partnerIds }: Claimable,
  nowMs: number,
): Promise<StepRow | undefined> {
  const { rows } = await sql<StepRow>`
    WITH next AS MATERIALIZED (
      SELECT partner_id, step FROM onboarding_steps AS due
      WHERE status = 'pending' AND due_at <= ${new Date(nowMs)}
        AND CASE step
          WHEN 'slack_channel' THEN ${slack}
          WHEN 'slack_welcome' THEN ${slack} AND EXISTS (
            SELECT FROM onboarding_steps AS channel
            WHERE channel.partner_id = due.partner_id AND channel.step = 'slack_channel' AND channel.status = 'done')
          ELSE ${mail} AND (${vault} OR input -> 'with_key' = 'false') END
        AND (${partnerIds ?? null}::integer[] IS NULL OR partner_id = ANY (${partnerIds ?? null}::integer[]))
      ORDER BY due_at, partner_id, step
      LIMIT 1
      FOR UPDATE SKIP LOCKED)
    UPDATE onboarding_steps AS claimed
    SET attempts = attempts + 1, claimed_at = ${new Date(nowMs)}, due_at = ${new Date(nowMs + lostAfterMs)}
    FROM next
    WHERE (claimed.partner_id, claimed.step) = (next.partner_id, next.step)
    RETURNING claimed.*`.execute(db);
  return rows[0];
}

/** @returns false when another deliverer, which took this one for lost, was first. */
export async function markDone(
  transaction: Transaction<Database>,
  claim: StepRow,
  result: Record<string, unknown>,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('onboarding_steps')
    .set({ status: 'done', result: JSON.stringify(result), done_at: now, claimed_at: null, last_error: null })
    .where('partner_id', '=', claim.partner_id)
    .where('step', '=', claim.step)
    .where('status', '=', 'pending')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Lets a claimed step be tried at `dueAt`. `wait`: the service asked for it, and whether the attempt counts all the same. Does nothing when somebody
 * else has claimed it since.
 */
export async function putOff(
  db: Kysely<Database>,
  claim: StepRow,
  { dueAt, error, wait }: { dueAt: Date; error: string; wait?: 'free' | 'counted' },
): Promise<void> {
  await ofClaim(db, claim)
    .set({
      due_at: dueAt,
      claimed_at: null,
      last_error: error,
      attempts: wait === 'free' ? claim.attempts - 1 : claim.attempts,
      waits: wait === undefined ? 0 : Math.min(claim.waits + 1, maxWaits),
    })
    .execute();
}

/** Ends a claimed step without success. @returns false when somebody else has claimed it since. */
export async function markFailed(transaction: Transaction<Database>, claim: StepRow, error: string): Promise<boolean> {
  const { numUpdatedRows } = await ofClaim(transaction, claim)
    .set({ status: 'failed', claimed_at: null, last_error: error })
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** No step of Slack is tried before `until`: its limits are those of the workspace and not of a partner. */
export async function putOffSlack(db: Kysely<Database>, until: Date): Promise<void> {
  await db
    .updateTable('onboarding_steps')
    .set({ due_at: until })
    .where('status', '=', 'pending')
    .where('step', 'in', ['slack_channel', 'slack_welcome'])
    .where('due_at', '<', until)
    .execute();
}

export async function findRecipient(db: Kysely<Database>, partnerId: number): Promise<Recipient> {
  return db.selectFrom('partners').select(partnerColumns).where('id', '=', partnerId).executeTakeFirstOrThrow();
}

/** What came of another step of the partner; undefined as long as it is not done. */
export async function findResult(db: Kysely<Database>, partnerId: number, step: StepName): Promise<Record<string, unknown> | undefined> {
  const row = await db
    .selectFrom('onboarding_steps')
    .select('result')
    .where('partner_id', '=', partnerId)
    .where('step', '=', step)
    .where('status', '=', 'done')
    .executeTakeFirst();
  return row?.result as Record<string, unknown> | undefined;
}

/** Slug of another partner that has the channel of that name, made or not. */
export function findChannelOwner(db: Kysely<Database>, channel: string, partnerId: number): Promise<string | undefined> {
  return findOther(db, partnerId, sql`input ->> 'channel' = ${channel}`);
}

/** Slug of another partner to whose onboarding the channel belongs, whatever name it has by now. */
export function findOtherOwner(db: Kysely<Database>, channelId: string, partnerId: number): Promise<string | undefined> {
  return findOther(db, partnerId, sql`result ->> 'channel_id' = ${channelId}`);
}

async function findOther(db: Kysely<Database>, partnerId: number, hasChannel: RawBuilder<SqlBool>): Promise<string | undefined> {
  const row = await db
    .selectFrom('onboarding_steps')
    .innerJoin('partners', 'partners.id', 'onboarding_steps.partner_id')
    .select('slug')
    .where('step', '=', 'slack_channel')
    .where('onboarding_steps.partner_id', '<>', partnerId)
    .where(hasChannel)
    .executeTakeFirst();
  return row?.slug;
}

/** All steps, or those of some partners, by partner and step. */
export async function listSteps(db: Kysely<Database>, partnerIds?: readonly number[]): Promise<(StepRow & { slug: string })[]> {
  const rows = await db
    .selectFrom('onboarding_steps')
    .innerJoin('partners', 'partners.id', 'onboarding_steps.partner_id')
    .selectAll('onboarding_steps')
    .select('slug')
    .$if(partnerIds !== undefined, (query) => query.where('onboarding_steps.partner_id', 'in', partnerIds?.length ? [...partnerIds] : [0]))
    .orderBy('onboarding_steps.partner_id')
    .orderBy('step')
    .execute();
  return rows as unknown as (StepRow & { slug: string })[];
}

/** Times of calls that are arranged, from `now` on, as milliseconds. */
export async function listKickoffs(db: Kysely<Database>, nowMs: number): Promise<number[]> {
  const rows = await db
    .selectFrom('onboarding_steps')
    .select(sql<string>`input ->> 'kickoff'`.as('kickoff'))
    .where('step', '=', 'welcome_email')
    .where('status', '<>', 'failed')
    .execute();
  return rows.map(({ kickoff }) => Date.parse(kickoff)).filter((ms) => ms >= nowMs);
}

function ofClaim(db: Kysely<Database>, claim: StepRow) {
  return db
    .updateTable('onboarding_steps')
    .where('partner_id', '=', claim.partner_id)
    .where('step', '=', claim.step)
    .where('status', '=', 'pending')
    .where('attempts', '=', claim.attempts)
    .where('waits', '=', claim.waits);
}
