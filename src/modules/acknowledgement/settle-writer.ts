import type pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { type FlushTrigger, GroupCommit } from '../../platform/group-commit.ts';
import { classifyPostgresError } from '../../platform/postgres.ts';
import { type SettleOutcome, settled, unsettled } from './outcomes.ts';
import { rowKey, type SettleRow, settleRows, takeFromInbox } from './store.ts';
import { acknowledgeDead, findWhereabouts } from './whereabouts-store.ts';

export type SettleWriterOptions = {
  pool: pg.Pool;
  clock: Clock;
  maxQueuedRows: number;
  /** Told which partners have events that came free or may do so earlier than before, also by an extension that shortens a lease, after the commit. */
  onReleased(partnerIds: Set<number>): void;
  onBatch(batch: { rows: number; trigger: FlushTrigger }): void;
};

/**
 * Settlements, group-committed as events are. Two requests for one event are kept apart by its identity, so that the second finds
 * what the first has done; one batch at a time, because two could wait for each other's rows.
 */
export function createSettleWriter({
  pool,
  clock,
  maxQueuedRows,
  onReleased,
  onBatch,
}: SettleWriterOptions): GroupCommit<SettleRow, SettleOutcome> {
  // Of the batch under way. Its repetitions use it again, and so know their own rows by it when the answer to a COMMIT was lost.
  let settledAtMs = 0;
  return new GroupCommit<SettleRow, SettleOutcome>({
    name: 'acknowledge',
    maxInFlight: 1,
    maxBatchRows: 1_000,
    maxBatchBytes: 1_000_000,
    maxQueuedRows,
    maxQueuedBytes: 64 * 1024 * 1024,
    maxRowAgeMs: 3_000,
    // The age of a row must not depend on a wall clock that may be set back an hour.
    now: () => performance.now(),
    size: (row) => (row.op === 'reject' ? 100 + (row.reason?.length ?? 0) : 100),
    owner: ({ partnerId }) => partnerId,
    identity: rowKey,
    classify: (error) => classifyPostgresError(error) ?? 'bug',
    onBatch,
    async commit(rows, attempt) {
      if (attempt === 1) settledAtMs = clock();
      const client = await pool.connect();
      let outcomes: SettleOutcome[];
      try {
        outcomes = await settle(client, rows, settledAtMs, attempt > 1);
        client.release();
      } catch (error) {
        client.release(classifyPostgresError(error) === 'retry');
        throw error;
      }
      const moved = rows.filter((_, index) => outcomes[index]?.status === 'released' || outcomes[index]?.status === 'extended');
      if (moved.length > 0) onReleased(new Set(moved.map((row) => row.partnerId)));
      return outcomes;
    },
  });
}

async function settle(client: pg.ClientBase, rows: SettleRow[], now: number, repeated: boolean): Promise<SettleOutcome[]> {
  // In order of id, so that two replicas that settle the same events take their locks in one order.
  const ordered = [...rows].sort((a, b) => a.partnerId - b.partnerId || (a.id < b.id ? -1 : 1));
  // Most settle by acknowledging, and that alone costs less.
  const plain = rows.every(({ op }) => op === 'acknowledge');
  const effects = plain ? await takeFromInbox(client, ordered, now) : await settleRows(client, ordered, now);
  const others = ordered.filter((row) => !effects.has(rowKey(row)));
  const where = others.length === 0 ? new Map() : await findWhereabouts(client, others);
  for (const row of others) if (row.token === null && where.get(rowKey(row))?.inInbox) throw movedMeanwhile();
  const dead = others.filter((row) => row.op === 'acknowledge' && where.get(rowKey(row))?.deadAtMs != null);
  const raised = dead.length === 0 ? new Set() : await acknowledgeDead(client, dead, now);
  for (const row of dead) if (row.token === null && !raised.has(rowKey(row))) throw movedMeanwhile();
  return rows.map((row) => {
    const key = rowKey(row);
    const effect = effects.get(key) ?? (raised.has(key) ? 'acknowledged' : undefined);
    return effect ? settled(row, effect, now) : unsettled(row, where.get(key), now, repeated);
  });
}

/** An event has left the place where a statement saw it before the next one came, by a replay, a redrive or a deletion: the same batch again finds it. */
function movedMeanwhile(): Error {
  return Object.assign(new Error('an event was moved between two statements'), { code: '40001' });
}
