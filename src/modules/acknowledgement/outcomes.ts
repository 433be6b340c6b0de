import type { DeadLetterReason } from '../../platform/dead-letters.ts';
import type { Effect, SettleRow } from './store.ts';
import type { Whereabouts } from './whereabouts-store.ts';

/** What a settlement came to. Times in milliseconds. `again`: an earlier request had done it. */
export type SettleOutcome =
  | { status: 'acknowledged'; atMs: number; again: boolean }
  | { status: 'released'; availableAtMs: number }
  | { status: 'extended'; leasedUntilMs: number }
  | { status: 'dead_lettered'; reason: DeadLetterReason; atMs: number; again: boolean }
  | { status: 'failed'; code: 'event_not_found' | 'lease_lost' | 'lease_limit' | 'event_not_leased' | 'payload_expunged' };

/** Of a row that a statement of `now` has settled. */
export function settled(row: SettleRow, effect: Effect, now: number): SettleOutcome {
  if (effect === 'acknowledged') return { status: 'acknowledged', atMs: now, again: false };
  if (effect === 'buried') {
    const reason = row.op === 'reject' ? 'rejected' : 'max_deliveries_exceeded';
    return { status: 'dead_lettered', reason, atMs: now, again: false };
  }
  if (row.op === 'release') return { status: 'released', availableAtMs: now + row.delaySeconds * 1000 };
  const leaseSeconds = row.op === 'extend' ? row.leaseSeconds : 0;
  return { status: 'extended', leasedUntilMs: now + leaseSeconds * 1000 };
}

/**
 * Of a row that no statement has settled, by where its event is. In a repetition, which has the `now` of the first attempt, what was done at
 * that very time is the first attempt's own work, whose answer was lost.
 */
export function unsettled(row: SettleRow, where: Whereabouts | undefined, now: number, repeated: boolean): SettleOutcome {
  if (where === undefined) return failed('event_not_found');
  if (where.inInbox) {
    if (row.token !== null && row.token === where.inboxToken) return failed('lease_limit');
    return failed(where.inboxToken === null && (row.op === 'release' || row.op === 'extend') ? 'event_not_leased' : 'lease_lost');
  }
  const before = (atMs: number) => !(repeated && atMs === now);
  if (where.deadAtMs !== null) {
    const mayRepeat = row.op === 'reject' || (row.op === 'release' && where.deadReason === 'max_deliveries_exceeded');
    if (!mayRepeat || (row.token !== null && row.token !== where.deadToken)) return failed('lease_lost');
    return { status: 'dead_lettered', reason: where.deadReason as DeadLetterReason, atMs: where.deadAtMs, again: before(where.deadAtMs) };
  }
  if (where.acknowledgedAtMs !== null && row.op === 'acknowledge' && (row.token === null || row.token === where.acknowledgedToken)) {
    return { status: 'acknowledged', atMs: where.acknowledgedAtMs, again: before(where.acknowledgedAtMs) };
  }
  if (where.expunged) return failed('payload_expunged');
  return failed(where.acknowledgedAtMs === null ? 'event_not_found' : 'lease_lost');
}

function failed(code: Extract<SettleOutcome, { status: 'failed' }>['code']): SettleOutcome {
  return { status: 'failed', code };
}
