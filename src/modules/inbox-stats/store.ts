import type pg from 'pg';
import { isFreeSql } from '../../platform/leases.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';

/** Counts of a partner's events; times in milliseconds, null when there is none. */
export type InboxCounts = {
  pending: number;
  leased: number;
  delayed: number;
  deadLetters: number;
  /** UUID. */
  oldestPending: string | null;
  nextAvailableMs: number | null;
};

export type CountQuery = {
  partnerId: number;
  /** Milliseconds. */
  now: number;
  /** UUID: the events after it have not expired. */
  after: string;
  /** Milliseconds: the dead letters after it have not expired. */
  deadAfter: number;
};

/** Counts them in one look, so that each event is in one count. A walk over the partner's inbox: 0.2 s for a million events, twice that when some are leased. */
export async function countInbox(pool: pg.Pool, { partnerId, now, after, deadAfter }: CountQuery): Promise<InboxCounts> {
  const result = await pool.query<(string | null)[]>({
    name: 'countInbox',
    text: countInboxText,
    values: [partnerId, formatTime(now), after, formatTime(deadAfter)],
    rowMode: 'array',
    types: rawText,
  });
  const [total, leased, delayed, deadLetters, oldestPending, nextAvailable] = result.rows[0] as [
    string,
    string,
    string,
    string,
    ...(string | null)[],
  ];
  return {
    pending: Number(total) - Number(leased) - Number(delayed),
    leased: Number(leased),
    delayed: Number(delayed),
    deadLetters: Number(deadLetters),
    oldestPending: oldestPending ?? null,
    nextAvailableMs: nextAvailable ? Number(nextAvailable) : null,
  };
}

const isPending = isFreeSql('$2::timestamptz');

// Who never leases pays for a count of rows and of what is not null; only where something is held, or was, is it looked at what.
const countInboxText = `
WITH counted AS MATERIALIZED (
  SELECT count(*) AS events, count(visible_at) AS touched FROM inbox WHERE partner_id = $1 AND id > $3
), held AS MATERIALIZED (
  SELECT count(*) FILTER (WHERE NOT ${isPending} AND (leased_at IS NOT NULL OR visible_at <= $2::timestamptz)) AS leased,
    count(*) FILTER (WHERE visible_at > $2::timestamptz AND leased_at IS NULL) AS delayed,
    min(visible_at) FILTER (WHERE visible_at > $2::timestamptz) AS next_available
  FROM inbox WHERE (SELECT touched > 0 FROM counted) AND partner_id = $1 AND id > $3 AND visible_at IS NOT NULL
)
SELECT events, leased, delayed,
  (SELECT count(*) FROM dead_letters WHERE partner_id = $1 AND dead_at > $4::timestamptz),
  (SELECT id FROM inbox WHERE partner_id = $1 AND id > $3 AND ${isPending} ORDER BY id LIMIT 1),
  ceil(extract(epoch FROM next_available) * 1000)
FROM counted, held`;
