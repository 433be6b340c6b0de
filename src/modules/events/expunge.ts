import { type Kysely, sql } from 'kysely';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { objectMembers } from '../../pipeline/json-spans.ts';
import { eventAttributes } from '../../platform/event-json.ts';
import type { Database } from '../../platform/schema.ts';

/** When the payload was taken away, in milliseconds, and whether by an earlier request. */
export type Expunging = { expungedAtMs: number; already: boolean };

/** Moves of the event by others that one request waits out. */
const maxMoves = 20;

/**
 * Takes an event's payload and metadata out of every table, in one transaction; undefined when the partner has no such event. Its type, times and the
 * hold on its idempotency key stay. `now` in milliseconds.
 *
 * The event's row goes first and stays locked. A move of it between inbox and dead letters that had begun before may copy what was there, so what
 * the move made is looked for again after it, until a look finds nothing, or has deleted what it found.
 */
export async function expungeEvent(db: Kysely<Database>, partnerId: number, id: string, now: number): Promise<Expunging | undefined> {
  return db.transaction().execute(async (transaction) => {
    const event = await transaction
      .selectFrom('events')
      .select(['attributes', 'expunged_at'])
      .where('partner_id', '=', partnerId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!event) return undefined;
    if (event.expunged_at) return { expungedAtMs: event.expunged_at.getTime(), already: true };
    await transaction
      .updateTable('events')
      .set({ payload: '{}', attributes: withoutContent(event.attributes), expunged_at: new Date(now) })
      .where('partner_id', '=', partnerId)
      .where('id', '=', id)
      .execute();
    for (let looks = 0; looks < maxMoves; looks++) {
      const { rows } = await sql<{ settled: boolean }>`
        WITH gone AS (
          DELETE FROM inbox WHERE partner_id = ${partnerId} AND id = ${id} RETURNING id
        ), deleted AS (
          DELETE FROM dead_letters WHERE partner_id = ${partnerId} AND id = ${id} RETURNING id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM deleted) > 0 OR NOT EXISTS (
          SELECT FROM inbox WHERE partner_id = ${partnerId} AND id = ${id}
          UNION ALL SELECT FROM dead_letters WHERE partner_id = ${partnerId} AND id = ${id}
        ) AS settled`.execute(transaction);
      if (rows[0]?.settled) return { expungedAtMs: now, already: false };
    }
    throw new ApiError('unavailable', { detail: 'The event is being moved over and over; try again.', retryAfterSeconds: 1 });
  });
}

/** The stored attributes of an event, of which only its type, timestamp and trace are kept. */
function withoutContent(attributes: string): string {
  const text = `{${attributes}null}`;
  const names = ['event_type', 'timestamp', 'trace_parent'];
  const [eventType, timestamp, traceParent] = objectMembers(text, 0, names).spans.map(
    (span) => span && JSON.parse(text.slice(span.start, span.end)),
  );
  return eventAttributes({ eventType, timestamp, traceParent, metadata: null });
}
