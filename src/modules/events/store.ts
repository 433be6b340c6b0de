import type pg from 'pg';
import { storedEventSql } from '../../platform/event-json.ts';
import { rawText } from '../../platform/postgres.ts';

/** What the database wrote of the event (see platform/event-json.ts), and when it was acknowledged in milliseconds, or null. */
export type FoundEvent = { stored: string; acknowledgedAtMs: number | null };

export async function findEvent(pool: pg.Pool, partnerId: number, id: string): Promise<FoundEvent | undefined> {
  const result = await pool.query<[string, string | null]>({
    name: 'findEvent',
    text: `SELECT ${storedEventSql}, (
        SELECT round(extract(epoch FROM acknowledged_at) * 1000) FROM acknowledgements WHERE partner_id = $1 AND id = $2
      ) FROM events WHERE partner_id = $1 AND id = $2`,
    values: [partnerId, id],
    rowMode: 'array',
    types: rawText,
  });
  const [row] = result.rows;
  return row && { stored: row[0], acknowledgedAtMs: row[1] === null ? null : Number(row[1]) };
}
