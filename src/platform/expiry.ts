import { type RawBuilder, sql } from 'kysely';
import { idFloor } from './event-id.ts';

/** What decides when a partner's events expire. */
export type Retention = {
  retentionMs: number;
  /** Events received at or before this moment had expired when the retention was last raised, and stay hidden. */
  expiredThroughMs: number;
};

/** What was received, or became a dead letter, at this moment or before it has expired. Milliseconds. */
export function expiredMs({ retentionMs, expiredThroughMs }: Retention, now: number): number {
  return Math.max(now - retentionMs, expiredThroughMs);
}

/** An id before those of all events that have not expired, and after those of all that have. */
export function expiryFloor(retention: Retention, now: number): string {
  return idFloor(expiredMs(retention, now) + 1);
}

/**
 * The column `expired_through` of a partner whose retention is being changed: what has expired by `now` (milliseconds) under the old one stays expired
 * when the new one is longer.
 */
export function expiredByNow(now: number): RawBuilder<Date> {
  return sql<Date>`greatest(expired_through, ${new Date(now)}::timestamptz - make_interval(secs => retention_seconds))`;
}
