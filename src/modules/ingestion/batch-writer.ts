import type pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { type FlushTrigger, GroupCommit } from '../../platform/group-commit.ts';
import { classifyPostgresError, isMissingPartition } from '../../platform/postgres.ts';
import {
  copyEvents,
  type EventRow,
  ensurePartitions,
  findIdempotencyKeys,
  type HeldKey,
  insertEvents,
  insertKeyedEvents,
} from './store.ts';

/** What became of an event. `eventId` is the UUID of the event that holds the key, which for `accepted` is its own. */
export type WriteOutcome = {
  status: 'accepted' | 'duplicate' | 'reused';
  eventId: string;
  /** Of `reused`: the fingerprint of that event. */
  heldFingerprint?: string;
};

/** What becomes of a row whose key an event holds already. */
export function heldOutcome({ eventId, fingerprint }: HeldKey, row: EventRow): WriteOutcome {
  return fingerprint === row.fingerprint ? { status: 'duplicate', eventId } : { status: 'reused', eventId, heldFingerprint: fingerprint };
}

export type BatchWriterOptions = {
  pool: pg.Pool;
  clock: Clock;
  maxQueuedRows: number;
  /** Told which partners got new events, after the commit. */
  onStored(partnerIds: Set<number>): void;
  onBatch(batch: { rows: number; trigger: FlushTrigger }): void;
};

/**
 * The writer of events: group commit over the write pool, at most two batches under way, so that one gathers while another commits.
 * How batches are made, retried and split is told in platform/group-commit.ts; here is what a commit is.
 */
export function createBatchWriter(options: BatchWriterOptions): GroupCommit<EventRow, WriteOutcome> {
  const { pool, clock, onStored } = options;
  return new GroupCommit<EventRow, WriteOutcome>({
    name: 'ingest',
    maxInFlight: 2,
    maxBatchRows: 500,
    maxBatchBytes: 8 * 1024 * 1024,
    maxQueuedRows: options.maxQueuedRows,
    maxQueuedBytes: 64 * 1024 * 1024,
    maxRowAgeMs: 3_000,
    // The age of a row must not depend on a wall clock that may be set back an hour.
    now: () => performance.now(),
    size: (row) => row.payload.end - row.payload.start + row.attributes.length + 100,
    owner: (row) => row.partnerId,
    identity: (row) => (row.idempotencyKey === null ? undefined : `${row.partnerId} ${row.idempotencyKey}`),
    classify: (error) => (isMissingPartition(error) ? 'retry' : (classifyPostgresError(error) ?? 'bug')),
    onBatch: options.onBatch,
    async commit(rows, attempt) {
      const client = await pool.connect();
      let outcomes: WriteOutcome[];
      try {
        outcomes = await write(client, rows, attempt);
        client.release();
      } catch (error) {
        client.release(classifyPostgresError(error) === 'retry');
        if (isMissingPartition(error)) await ensurePartitions(pool, clock());
        throw error;
      }
      onStored(new Set(rows.map((row) => row.partnerId)));
      return outcomes;
    },
  });

  async function write(client: pg.ClientBase, rows: EventRow[], attempt: number): Promise<WriteOutcome[]> {
    const keyed = rows.filter((row) => row.idempotencyKey !== null);
    if (keyed.length > 0) return resolveKeys(client, rows, await insertKeyedEvents(client, rows, clock()));
    // A repeated attempt may find its own rows from a commit whose answer was lost.
    if (attempt === 1) await copyEvents(client, rows);
    else await insertEvents(client, rows);
    return rows.map(({ id }) => ({ status: 'accepted', eventId: id }));
  }

  async function resolveKeys(client: pg.ClientBase, rows: EventRow[], stored: Set<string>): Promise<WriteOutcome[]> {
    const refused = rows.filter((row) => row.idempotencyKey !== null && !stored.has(row.id));
    const held = refused.length === 0 ? [] : await findIdempotencyKeys(client, refused);
    const holders = new Map(held.map((holder) => [`${holder.partnerId} ${holder.key}`, holder]));
    return rows.map((row) => {
      if (row.idempotencyKey === null || stored.has(row.id)) return { status: 'accepted', eventId: row.id };
      const holder = holders.get(`${row.partnerId} ${row.idempotencyKey}`);
      // Expired between the two statements: the same batch again will find the key free.
      if (!holder) throw Object.assign(new Error('an idempotency key vanished'), { code: '40001' });
      if (holder.eventId === row.id) return { status: 'accepted', eventId: row.id };
      return heldOutcome(holder, row);
    });
  }
}
