import type pg from 'pg';

/** Rows that one statement of a sweep deletes at most: about 50 ms of locks. */
export const sweepRows = 5_000;

/** Runs a statement that deletes at most `sweepRows` rows until it finds fewer; returns how many it deleted in all. */
export async function inPortions(pool: pg.Pool, text: string, values: unknown[]): Promise<number> {
  let deleted = 0;
  for (let rows = sweepRows; rows === sweepRows; deleted += rows) rows = (await pool.query(text, values)).rowCount ?? 0;
  return deleted;
}
