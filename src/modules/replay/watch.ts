import type pg from 'pg';
import type { Metrics } from '../../platform/metrics.ts';
import { countJobs } from './job-store.ts';

/** Reports at each scrape how many jobs have not finished, as every replica sees them alike; an index holds only those. */
export function watchJobs(metrics: Metrics, pool: pg.Pool): void {
  metrics.watch(metrics.bulkJobs, async (gauge) => {
    try {
      gauge.set(await countJobs(pool));
    } catch {
      // A scrape tells what it can; that Postgres is away is told by other metrics.
    }
  });
}
