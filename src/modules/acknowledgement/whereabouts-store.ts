import type pg from 'pg';
import type { DeadLetterReason } from '../../platform/dead-letters.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { acknowledgeTaken, keys, keyTexts, run, type SettleRow } from './store.ts';

/** Where an event is that was not settled; null where it is not. Times in milliseconds. */
export type Whereabouts = {
  inInbox: boolean;
  inboxToken: string | null;
  acknowledgedAtMs: number | null;
  acknowledgedToken: string | null;
  deadAtMs: number | null;
  deadToken: string | null;
  deadReason: DeadLetterReason | null;
  expunged: boolean;
};

/** By the keys of the rows; none for an event that the partner does not have. */
export async function findWhereabouts(client: pg.ClientBase, rows: SettleRow[]): Promise<Map<string, Whereabouts>> {
  const found = await run(client, 'findWhereabouts', findWhereaboutsText, keyTexts(rows));
  return new Map(
    found.map(([partnerId, id, inInbox, inboxToken, acknowledgedAt, acknowledgedToken, deadAt, deadToken, deadReason, expunged]) => [
      `${partnerId} ${id}`,
      {
        inInbox: inInbox === 't',
        inboxToken: inboxToken as string | null,
        acknowledgedAtMs: acknowledgedAt === null ? null : Number(acknowledgedAt),
        acknowledgedToken: acknowledgedToken as string | null,
        deadAtMs: deadAt === null ? null : Number(deadAt),
        deadToken: deadToken as string | null,
        deadReason: deadReason as DeadLetterReason | null,
        expunged: expunged === 't',
      },
    ]),
  );
}

const findWhereaboutsText = `
SELECT partner_id, id, inbox.id IS NOT NULL, inbox.lease_token,
  round(extract(epoch FROM acknowledged_at) * 1000), acknowledgements.lease_token,
  round(extract(epoch FROM dead_at) * 1000), dead_letters.lease_token, reason, expunged_at IS NOT NULL
FROM unnest(${keys}) AS wanted (partner_id, id, token)
LEFT JOIN inbox USING (partner_id, id)
LEFT JOIN acknowledgements USING (partner_id, id)
LEFT JOIN dead_letters USING (partner_id, id)
LEFT JOIN events USING (partner_id, id)
WHERE num_nonnulls(inbox.id, acknowledgements.id, dead_letters.id, expunged_at) > 0`;

/**
 * Acknowledges dead letters: a worker has handled an event after all. A token must be that of the event's last lease.
 * @returns the keys of the rows that were.
 */
export async function acknowledgeDead(client: pg.ClientBase, rows: SettleRow[], now: number): Promise<Set<string>> {
  const found = await run(client, 'acknowledgeDead', acknowledgeDeadText, [...keyTexts(rows), formatTime(now)]);
  return new Set(found.map(([partnerId, id]) => `${partnerId} ${id}`));
}

const acknowledgeDeadText = `
WITH taken AS (
  DELETE FROM dead_letters USING unnest(${keys}) AS wanted (partner_id, id, token)
  WHERE dead_letters.partner_id = wanted.partner_id AND dead_letters.id = wanted.id AND (token IS NULL OR token = lease_token)
  RETURNING dead_letters.partner_id, dead_letters.id, deliveries, lease_token
)
${acknowledgeTaken}`;
