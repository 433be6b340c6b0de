import type { Outcome } from '../../platform/group-commit.ts';
import type { WriteOutcome } from './batch-writer.ts';
import type { EventRow } from './store.ts';

export const noTwins: ReadonlyMap<EventRow, EventRow> = new Map();

/**
 * The rows of one request whose idempotency key an earlier row of it has, each with that row. They need no look at the database: what becomes
 * of the first decides about them. Stored as rows of their own they would go one commit after the other, 500 for a batch with one key.
 */
export function findTwins(rows: EventRow[]): ReadonlyMap<EventRow, EventRow> {
  let twins: Map<EventRow, EventRow> | undefined;
  let firsts: Map<string, EventRow> | undefined;
  for (const row of rows) {
    if (row.idempotencyKey === null) continue;
    firsts ??= new Map();
    const first = firsts.get(row.idempotencyKey);
    if (first === undefined) {
      firsts.set(row.idempotencyKey, row);
      continue;
    }
    twins ??= new Map();
    twins.set(row, first);
  }
  return twins ?? noTwins;
}

/** What a twin is answered, given what became of the first row of its key: that event's duplicate, or reused, or the same failure. */
export function twinOutcome(
  twin: EventRow,
  first: EventRow,
  outcome: Outcome<WriteOutcome> | undefined,
): Outcome<WriteOutcome> | undefined {
  if (outcome?.result === undefined) return outcome;
  const { status, eventId, heldFingerprint } = outcome.result;
  // The event that holds the key has the first row's content, or else a content of its own, which may be the twin's.
  const held = status === 'reused' ? heldFingerprint : first.fingerprint;
  return { result: { status: twin.fingerprint === held ? 'duplicate' : 'reused', eventId } };
}
