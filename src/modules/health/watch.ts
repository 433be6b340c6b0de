import type pg from 'pg';
import type { Gauge } from 'prom-client';
import type { Clock } from '../../platform/clock.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { timed, type VaultProbe } from './probes.ts';

/** Reports at each scrape whether the vault wraps and unwraps. */
export function watchVault(metrics: Metrics, probeVault: () => Promise<VaultProbe>): void {
  metrics.watch(metrics.vaultUp, async (gauge) => gauge.set((await probeVault()).healthy ? 1 : 0));
}

/**
 * Reports at each scrape what the tables hold, each by one cheap statement. What cannot be read now is left out: an old figure would say that all is as it was.
 */
export function watchTables(metrics: Metrics, pool: pg.Pool, clock: Clock): void {
  const ask = async <Row>(name: string, text: string, values: unknown[] = []): Promise<Row> => {
    // A database that hangs must not hold up the scrape: a scrape that comes too late counts as a server that is down.
    const found = await timed(() => pool.query({ name, text, values }));
    if (!found) throw new Error(`${name}: postgres does not answer`);
    return found.value.rows[0] as Row;
  };
  const watchCount = (gauge: Gauge, name: string, text: string, values = (): unknown[] => []) =>
    metrics.watch(gauge, async () => {
      gauge.remove();
      gauge.set(Number((await ask<{ count: string }>(name, text, values())).count));
    });
  watchCount(metrics.deadLettersStored, 'countDeadLetters', deadLettersText);
  watchCount(metrics.auditLogRows, 'countAuditLog', auditLogText);
  // Not told by the job that makes them: a replica on which it ran last week would go on saying what was then.
  watchCount(metrics.partitionsAhead, 'countPartitionsAhead', partitionsAheadText, () => [formatTime(clock())]);

  let keys: Promise<Expiries> | undefined;
  // Two metrics of one statement: whichever is asked first in a scrape asks for both.
  const expiries = () => {
    keys ??= ask<Expiries>('expiringKeys', expiringKeysText, [formatTime(clock())]).finally(() => {
      keys = undefined;
    });
    return keys;
  };
  metrics.watch(metrics.keyExpiryMin, async (gauge) => {
    gauge.remove();
    const { soonest } = await expiries();
    if (soonest !== null) gauge.set(Number(soonest));
  });
  metrics.watch(metrics.keysExpiring as Gauge, async (gauge) => {
    gauge.reset();
    const { within_7d, within_30d } = await expiries();
    gauge.set({ within: '7d' }, Number(within_7d));
    gauge.set({ within: '30d' }, Number(within_30d));
  });
}

type Expiries = { soonest: string | null; within_7d: string; within_30d: string };

/** Counted up to 10,000; above that the planner's estimate, which autovacuum keeps current. */
const deadLettersText = `
SELECT CASE WHEN counted.n > 10000 THEN greatest(counted.n, (SELECT reltuples FROM pg_class WHERE oid = 'dead_letters'::regclass))::bigint ELSE counted.n END AS count
FROM (SELECT count(*) AS n FROM (SELECT FROM dead_letters LIMIT 10001) AS head) AS counted`;

/** Rows are only appended, each with the next number: the last number is their count. */
const auditLogText = 'SELECT seq AS count FROM audit_head';

/** Days from today to the day of the last partition; a partition is named after its day. */
const partitionsAheadText = `
SELECT coalesce(max(to_date(right(relname, 8), 'YYYYMMDD')) - ($1::timestamptz AT TIME ZONE 'UTC')::date, 0) AS count
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'events'::regclass`;

/** Of keys that still work and that no other key has replaced. There are some per partner, so all are looked at. */
const expiringKeysText = `
SELECT extract(epoch FROM min(expires_at)) AS soonest,
  count(*) FILTER (WHERE expires_at < $1::timestamptz + interval '7 days') AS within_7d,
  count(*) FILTER (WHERE expires_at < $1::timestamptz + interval '30 days') AS within_30d
FROM api_keys JOIN partners ON partners.id = api_keys.partner_id
WHERE expires_at > $1::timestamptz AND revoked_at IS NULL AND replaced_by IS NULL AND status = 'active'`;
