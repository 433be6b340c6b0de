import type pg from 'pg';
import { type SeededEvent, seedEvents, uuidAt } from './seed.ts';

export type DeadOptions = {
  reason?: 'rejected' | 'max_deliveries_exceeded';
  detail?: string | null;
  deadAtMs?: number;
  deliveries?: number;
};

/** Events that were acknowledged, of any times and types; `acknowledgedAtMs` is now unless told. */
export async function seedAcknowledged(
  db: pg.ClientBase,
  partnerId: number,
  events: SeededEvent[],
  acknowledgedAtMs = Date.now(),
): Promise<void> {
  await seedEvents(db, partnerId, events);
  await db.query(
    `WITH taken AS (DELETE FROM inbox WHERE partner_id = $1 AND id = ANY ($2::uuid[]) RETURNING id)
     INSERT INTO acknowledgements (partner_id, id, acknowledged_at) SELECT $1, id, $3::timestamptz FROM taken`,
    [partnerId, events.map(({ id }) => id), new Date(acknowledgedAtMs).toISOString()],
  );
}

/** Events that are dead letters. */
export async function seedDead(db: pg.ClientBase, partnerId: number, events: SeededEvent[], options: DeadOptions = {}): Promise<void> {
  const { reason = 'rejected', detail = null, deadAtMs = Date.now(), deliveries = 1 } = options;
  await seedEvents(db, partnerId, events);
  await db.query(
    `WITH taken AS (DELETE FROM inbox WHERE partner_id = $1 AND id = ANY ($2::uuid[]) RETURNING id)
     INSERT INTO dead_letters (partner_id, id, event_type, attributes, payload, reason, detail, deliveries, replayed, dead_at)
     SELECT $1, id, event_type, attributes, payload, $3, $4, $5, false, $6::timestamptz FROM taken JOIN events USING (id) WHERE partner_id = $1`,
    [partnerId, events.map(({ id }) => id), reason, detail, deliveries, new Date(deadAtMs).toISOString()],
  );
}

/** `count` ids, a millisecond apart, the last of them received at `endMs`; oldest first. */
export function idsUpTo(count: number, endMs = Date.now()): string[] {
  return Array.from({ length: count }, (_, index) => uuidAt(endMs - count + 1 + index));
}

/** `evt_` and the id. */
export const publicIds = (ids: string[]): string[] => ids.map((id) => `evt_${id}`);
