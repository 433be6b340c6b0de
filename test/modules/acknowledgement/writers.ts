import pg from 'pg';
import type { Test } from 'tap';
import type { SettleOutcome } from '../../../src/modules/acknowledgement/outcomes.ts';
import { createSettleWriter } from '../../../src/modules/acknowledgement/settle-writer.ts';
import type { SettleRow } from '../../../src/modules/acknowledgement/store.ts';
import type { GroupCommit } from '../../../src/platform/group-commit.ts';
import { insertPartner, type TestPartner } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { seedEvents, uuidAt } from '../../helper/seed.ts';

export type Command<Row = SettleRow> = Row extends SettleRow ? Omit<Row, 'partnerId' | 'id'> : never;

export type Writers = {
  pool: pg.Pool;
  db: pg.Client;
  one: TestPartner;
  two: TestPartner;
  /** What the writers take for now. */
  clock: { now: number };
  /** The sizes of the batches that were begun. */
  batches: number[];
  /** The partners whose waiters were woken, a list for each time. */
  woken: number[][];
  newWriter(options?: { maxQueuedRows?: number; from?: pg.Pool }): GroupCommit<SettleRow, SettleOutcome>;
  /** Events of a partner, leased for a minute from now unless told otherwise; returns them in the order of their ids. */
  lease(partner: TestPartner, count: number, state?: { lastDelivery?: boolean; leaseMs?: number }): Promise<Held[]>;
};

export type Held = { partnerId: number; id: string; token: string };

/** Writers on a database of their own, with two partners in it. */
export async function startWriters(t: Pick<Test, 'teardown'>): Promise<Writers> {
  const connectionString = await createTestDatabase(t);
  const pool = new pg.Pool({ connectionString, max: 4 });
  // A pool has ended before its sockets have closed: the database may be dropped under them.
  pool.on('error', () => {});
  const db = new pg.Client({ connectionString });
  await db.connect();
  t.teardown(() => Promise.all([pool.end(), db.end()]));
  const [one, two] = [await insertPartner(db, { slug: 'one' }), await insertPartner(db, { slug: 'two' })];
  const clock = { now: Date.now() };
  const batches: number[] = [];
  const woken: number[][] = [];
  return {
    pool,
    db,
    one,
    two,
    clock,
    batches,
    woken,
    newWriter: ({ maxQueuedRows = 10_000, from = pool } = {}) =>
      createSettleWriter({
        pool: from,
        clock: () => clock.now,
        maxQueuedRows,
        onReleased: (partnerIds) => void woken.push([...partnerIds]),
        onBatch: ({ rows }) => void batches.push(rows),
      }),
    async lease(partner, count, { lastDelivery = false, leaseMs = 60_000 } = {}) {
      const ids = Array.from({ length: count }, (_, index) => uuidAt(clock.now - 1_000, index));
      await seedEvents(
        db,
        partner.id,
        ids.map((id) => ({ id })),
      );
      const { rows } = await db.query<{ id: string; token: string }>(leaseText, [
        partner.id,
        ids,
        lastDelivery,
        new Date(clock.now).toISOString(),
        new Date(clock.now + leaseMs).toISOString(),
      ]);
      const tokens = new Map(rows.map(({ id, token }) => [id, token]));
      return ids.map((id) => ({ partnerId: partner.id, id, token: tokens.get(id) as string }));
    },
  };
}

/** A claim as a receive makes it. */
export const leaseText = `UPDATE inbox SET deliveries = deliveries + 1, last_delivery = $3, leased_at = $4, visible_at = $5, lease_token = gen_random_uuid()
  WHERE partner_id = $1 AND id = ANY ($2::uuid[]) RETURNING id, lease_token AS token`;

/** The row that settles a held event; with its token unless the command has one. */
export function row({ partnerId, id, token }: Held, command: { token?: string | null } & DistributiveOmit<Command, 'token'>): SettleRow {
  return { token, ...command, partnerId, id } as SettleRow;
}
type DistributiveOmit<Each, Keys extends PropertyKey> = Each extends unknown ? Omit<Each, Keys> : never;

/**
 * The pool, but the statement named `statement` of the first client is carried out and committed, and then the connection is said to be lost;
 * `meanwhile` happens before that is said.
 */
export function losingAnswer(pool: pg.Pool, statement: string, meanwhile: () => void | Promise<void> = () => {}): pg.Pool {
  let lost = false;
  const connect = async () => {
    const client = await pool.connect();
    return {
      async query(config: pg.QueryConfig) {
        const result = await client.query(config);
        if (lost || config.name !== statement) return result;
        lost = true;
        await meanwhile();
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      },
      release: (destroy?: boolean) => client.release(destroy),
    };
  };
  return { connect } as unknown as pg.Pool;
}

/** The pool, where `meanwhile` happens once, before the first statement of that name. */
export function interrupting(pool: pg.Pool, statement: string, meanwhile: () => Promise<unknown>): pg.Pool {
  let done = false;
  const connect = async () => {
    const client = await pool.connect();
    return {
      async query(config: pg.QueryConfig) {
        if (!done && config.name === statement) {
          done = true;
          await meanwhile();
        }
        return client.query(config);
      },
      release: (destroy?: boolean) => client.release(destroy),
    };
  };
  return { connect } as unknown as pg.Pool;
}
