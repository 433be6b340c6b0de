import type pg from 'pg';
import { buryDying } from '../../platform/dead-letters.ts';
import { formatTime } from '../../platform/rfc3339.ts';

/** Events that one statement moves at most. */
export const portion = 500;

/**
 * Moves events whose last lease has lapsed to the dead letters, at most a portion of them, over all partners. Safe to run in several processes: a row
 * that another one has locked is left to it.
 * @param now milliseconds.
 * @returns how many were moved.
 */
export async function buryExhausted(pool: pg.Pool, now: number): Promise<number> {
  const result = await pool.query<{ moved: string }>({
    name: 'buryExhausted',
    text: buryExhaustedText,
    values: [formatTime(now)],
  });
  return Number(result.rows[0]?.moved);
}

const buryExhaustedText = `
WITH dying AS MATERIALIZED (
  SELECT partner_id, id, 'max_deliveries_exceeded' AS reason, NULL::text AS detail FROM inbox
  WHERE last_delivery AND visible_at <= $1::timestamptz
  ORDER BY partner_id, id LIMIT ${portion} FOR UPDATE SKIP LOCKED
), ${buryDying('$1::timestamptz')}
SELECT count(*) AS moved FROM buried`;
