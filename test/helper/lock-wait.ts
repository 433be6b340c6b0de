import type pg from 'pg';
import { until } from './until.ts';

/**
 * Waits until a session of this database waits for a lock: on a table, or on a row, whose last writer's transaction it then waits for. pg_locks and not
 * pg_stat_activity, which a transaction sees as it was at its first look; and only this database's, because other tests have theirs beside it.
 */
export function lockWait(db: pg.ClientBase, on: 'table' | 'row' = 'table'): Promise<unknown> {
  const text = `
    SELECT FROM pg_locks WHERE NOT granted AND locktype = $1
      AND pid IN (SELECT pid FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()))`;
  const lockType = on === 'table' ? 'relation' : 'transactionid';
  return until(`a statement waits for a ${on}`, async () => (await db.query(text, [lockType])).rowCount, 30_000);
}
