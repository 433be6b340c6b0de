import type pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { type FlushTrigger, GroupCommit } from '../../platform/group-commit.ts';
import { classifyPostgresError } from '../../platform/postgres.ts';
import { type AcknowledgeOutcome, type AcknowledgeRow, acknowledgeEvents } from './store.ts';

export type AckWriterOptions = {
  pool: pg.Pool;
  clock: Clock;
  maxQueuedRows: number;
  onBatch(batch: { rows: number; trigger: FlushTrigger }): void;
};

/**
 * Acknowledgements, group-committed as events are. Two requests for one event are kept apart by its identity, so that the second finds
 * what the first has done; one batch at a time, because two could wait for each other's rows.
 */
export function createAckWriter({
  pool,
  clock,
  maxQueuedRows,
  onBatch,
}: AckWriterOptions): GroupCommit<AcknowledgeRow, AcknowledgeOutcome> {
  // Of the batch under way. Its repetitions use it again, and so know their own rows by it when the answer to a COMMIT was lost.
  let acknowledgedAtMs = 0;
  return new GroupCommit<AcknowledgeRow, AcknowledgeOutcome>({
    name: 'acknowledge',
    maxInFlight: 1,
    maxBatchRows: 1_000,
    maxBatchBytes: 1_000_000,
    maxQueuedRows,
    maxQueuedBytes: 64 * 1024 * 1024,
    maxRowAgeMs: 3_000,
    // The age of a row must not depend on a wall clock that may be set back an hour.
    now: () => performance.now(),
    size: () => 100,
    owner: ({ partnerId }) => partnerId,
    identity: ({ partnerId, id }) => `${partnerId} ${id}`,
    classify: (error) => classifyPostgresError(error) ?? 'bug',
    onBatch,
    async commit(rows, attempt) {
      if (attempt === 1) acknowledgedAtMs = clock();
      const client = await pool.connect();
      try {
        const outcomes = await acknowledgeEvents(client, rows, acknowledgedAtMs, attempt > 1);
        client.release();
        return outcomes;
      } catch (error) {
        client.release(classifyPostgresError(error) === 'retry');
        throw error;
      }
    },
  });
}
