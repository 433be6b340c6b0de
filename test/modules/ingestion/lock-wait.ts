import type pg from 'pg';
import { until } from '../../helper/until.ts';

/**
 * Waits until a statement of this database waits for a lock on a table. pg_locks and not pg_stat_activity, which a transaction sees as it was
 * at its first look.
 */
export function lockWait(db: pg.Client): Promise<unknown> {
  return until('a statement waits for a lock', async () => {
    const { rows } = await db.query(
      "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    return rows.length > 0;
  });
}
