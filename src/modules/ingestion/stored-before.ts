import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { receivedAtMs } from '../../platform/event-id.ts';
import { heldOutcome, type WriteOutcome } from './batch-writer.ts';
import { type EventRow, findIdempotencyKeys } from './store.ts';

/** A key is in force for this long at least, in milliseconds; for the partner's retention when that is longer. */
const keyWindowMs = 24 * 60 * 60 * 1000;

/**
 * Which rows would be answered without storing anything, because their key is held by an event: what a partner without quota is still owed.
 * Nothing is claimed, so a row without an outcome may find its key taken a moment later. `now` in milliseconds; rows are of one partner.
 * @returns the outcomes by row; rows without a key, or with a free one, have none.
 * @throws the database's error.
 */
export async function storedBefore(
  pool: pg.Pool,
  { retentionMs }: Principal,
  rows: EventRow[],
  now: number,
): Promise<Map<EventRow, WriteOutcome>> {
  const keyed = rows.filter((row) => row.idempotencyKey !== null);
  if (keyed.length === 0) return new Map();
  const inForceFrom = now - Math.max(keyWindowMs, retentionMs);
  const held = (await findIdempotencyKeys(pool, keyed)).filter(({ eventId }) => receivedAtMs(eventId) >= inForceFrom);
  const holders = new Map(held.map((holder) => [holder.key, holder]));
  return new Map(
    keyed.flatMap((row): [EventRow, WriteOutcome][] => {
      const holder = holders.get(row.idempotencyKey as string);
      return holder ? [[row, heldOutcome(holder, row)]] : [];
    }),
  );
}
