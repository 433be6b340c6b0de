import { isDeepStrictEqual } from 'node:util';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import type { StepInput, StepName } from './steps.ts';
import type { StepRow } from './store.ts';

/** The partner's steps, which nobody else changes until the transaction is over. */
export async function lockSteps(transaction: Transaction<Database>, partnerId: number): Promise<StepRow[]> {
  const rows = await transaction
    .selectFrom('onboarding_steps')
    .selectAll()
    .where('partner_id', '=', partnerId)
    .orderBy('step')
    .forUpdate()
    .execute();
  return rows as unknown as StepRow[];
}

/** Until when Slack wants to be left alone; its limits are those of the workspace and not of a partner. */
export async function findSlackWait(transaction: Transaction<Database>): Promise<Date | undefined> {
  const { until } = await transaction
    .selectFrom('onboarding_steps')
    .select((query) => query.fn.max('due_at').as('until'))
    .where('status', '=', 'pending')
    .where('step', 'in', ['slack_channel', 'slack_welcome'])
    .where('waits', '>', 0)
    .where('claimed_at', 'is', null)
    .executeTakeFirstOrThrow();
  return until ?? undefined;
}

/** Puts a step into the outbox. @returns what it was asked for with; undefined when somebody else has put it there in this moment. */
export async function putStep(
  transaction: Transaction<Database>,
  partnerId: number,
  step: StepName,
  input: StepInput,
  dueAt: Date,
): Promise<StepInput | undefined> {
  const { rows } = await sql`
    INSERT INTO onboarding_steps (partner_id, step, input, due_at)
    VALUES (${partnerId}, ${step}, ${JSON.stringify(input)}::jsonb, ${dueAt})
    ON CONFLICT (partner_id, step) DO NOTHING
    RETURNING step`.execute(transaction);
  return rows.length > 0 ? input : undefined;
}

/**
 * Puts a failed step back, with all its attempts; brings forward a pending one that waits for its next attempt; leaves one alone that is done or
 * that somebody is delivering. @returns what it is asked for with, when that is new; undefined otherwise.
 */
export async function askAgain(
  transaction: Transaction<Database>,
  row: StepRow,
  wanted: StepInput,
  dueAt: Date,
): Promise<StepInput | undefined> {
  if (row.status === 'done') return undefined;
  const hasFailed = row.status === 'failed';
  const input = inputAgain(row, wanted);
  const isNew = hasFailed || !isDeepStrictEqual(input, row.input);
  const isEarlier = row.claimed_at === null && dueAt < row.due_at;
  if (!isNew && !isEarlier) return undefined;
  await transaction
    .updateTable('onboarding_steps')
    .set({
      ...(isNew && { input: JSON.stringify(input) }),
      ...((hasFailed || isEarlier) && { due_at: dueAt }),
      ...(hasFailed && { status: 'pending', attempts: 0, waits: 0, last_error: null }),
    })
    .where('partner_id', '=', row.partner_id)
    .where('step', '=', row.step)
    .execute();
  return isNew ? input : undefined;
}

/** A channel whose making has been tried keeps its name: it may be there. An approval is for one name, and stays with it. */
function inputAgain(row: StepRow, wanted: StepInput): StepInput {
  if (row.step !== 'slack_channel') return row.status === 'failed' ? wanted : row.input;
  const isUntried = row.attempts === 0 && row.waits === 0 && row.claimed_at === null;
  const channel = row.status === 'failed' || isUntried ? wanted.channel : row.input.channel;
  const isApproved = wanted.adopt_channel || (row.input.adopt_channel && channel === row.input.channel);
  return { channel, ...(isApproved && { adopt_channel: true }) };
}
