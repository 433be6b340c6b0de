import type pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { formatTime } from '../../platform/rfc3339.ts';

/**
 * Reports the open leases of all partners at each scrape, as every replica sees them alike. Leases are taken from the head of an inbox and are 10,000 at
 * most, so its oldest 20,000 rows are looked at: 30 ms for ten partners of whom all have more.
 */
export function watchLeases(metrics: Metrics, pool: pg.Pool, clock: Clock): void {
  metrics.watch(metrics.leasesInFlight, async (gauge) => {
    try {
      const { rows } = await pool.query<{ open: string }>({
        name: 'countLeases',
        text: countLeasesText,
        values: [formatTime(clock())],
      });
      gauge.set(Number(rows[0]?.open));
    } catch {
      // A scrape tells what it can; that Postgres is away is told by other metrics.
    }
  });
}

const countLeasesText = `
SELECT count(*) AS open FROM partners, LATERAL (
  SELECT leased_at, visible_at FROM inbox WHERE inbox.partner_id = partners.id ORDER BY inbox.id LIMIT 20000
) AS head WHERE leased_at IS NOT NULL AND visible_at > $1::timestamptz`;
