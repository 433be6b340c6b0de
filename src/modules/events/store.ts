import type pg from 'pg';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { type DetailsColumns, detailsColumns, detailsJoins, type EventDetailsRow, readDetails } from './details.ts';

/** One event, or undefined when the partner has none of this id. `now` in milliseconds. */
export async function findEvent(pool: pg.Pool, partnerId: number, id: string, now: number): Promise<EventDetailsRow | undefined> {
  const result = await pool.query<DetailsColumns>({
    name: 'findEvent',
    text: `SELECT ${detailsColumns} FROM events AS e ${detailsJoins} WHERE e.partner_id = $1 AND e.id = $3`,
    values: [partnerId, formatTime(now), id],
    rowMode: 'array',
    types: rawText,
  });
  const [row] = result.rows;
  return row && readDetails(row);
}

/** The id of the event that holds an idempotency key of the partner. */
export async function findKeyHolder(pool: pg.Pool, partnerId: number, key: string): Promise<string | undefined> {
  const result = await pool.query<[string]>({
    name: 'findKeyHolder',
    text: 'SELECT event_id FROM idempotency_keys WHERE partner_id = $1 AND key = $2',
    values: [partnerId, key],
    rowMode: 'array',
    types: rawText,
  });
  return result.rows[0]?.[0];
}
