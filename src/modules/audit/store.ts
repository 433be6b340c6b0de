import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';
import type { ChainEntry, ChainPoint } from './chain.ts';

/** Entries that one page of a walk holds: some megabytes at most. */
const pageRows = 2_000;

// A text is no number: what orders by it must say audit_log.seq.
const columns = sql`seq::text, trim_scale(extract(epoch FROM at) * 1000)::text AS at, actor, source, action, subject, partner, reason,
  details::text AS details, previous_hash, hash`;

type Row = Omit<ChainEntry, 'seq' | 'previousHash'> & { seq: string; previous_hash: Buffer };

/**
 * Runs `work` on one unchanging view of the database: whoever writes meanwhile, its end of the chain and its entries belong together. It waits for
 * nobody, and nobody waits for it.
 */
export function inSnapshot<T>(db: Kysely<Database>, work: (transaction: Transaction<Database>) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);
}

/** The end of the chain as the log itself has noted it; undefined when somebody has deleted the note. */
export async function readHead(db: Kysely<Database>): Promise<ChainPoint | undefined> {
  const { rows } = await sql<{ seq: string; hash: Buffer }>`SELECT seq::text, hash FROM audit_head`.execute(db);
  return rows[0] && { seq: BigInt(rows[0].seq), hash: rows[0].hash.toString('hex') };
}

export type WalkOptions = {
  /** The first number that is read; without it also numbers below 1, which only a forger would use. */
  sinceSeq?: bigint;
  /** Slug: only what concerns this partner. */
  partner?: string;
};

/** Every entry by its number, upwards; in pages, so that memory does not grow with the log. */
export async function* walkEntries(db: Kysely<Database>, { sinceSeq, partner }: WalkOptions = {}): AsyncGenerator<ChainEntry> {
  const lowest = -(2n ** 63n);
  let from = sinceSeq ?? lowest;
  for (;;) {
    const { rows } = await sql<Row>`SELECT ${columns} FROM audit_log
      WHERE seq >= ${`${from}`}::bigint AND ${concerning(partner)} ORDER BY audit_log.seq LIMIT ${pageRows}`.execute(db);
    for (const row of rows) yield toEntry(row);
    const last = rows.at(-1);
    if (!last || rows.length < pageRows) return;
    from = BigInt(last.seq) + 1n;
  }
}

/** How many entries `walkEntries` gives. */
export async function countEntries(db: Kysely<Database>, { sinceSeq, partner }: WalkOptions): Promise<number> {
  const since = sinceSeq === undefined ? sql`true` : sql`seq >= ${`${sinceSeq}`}::bigint`;
  const { rows } = await sql<{ count: string }>`SELECT count(*) FROM audit_log WHERE ${since} AND ${concerning(partner)}`.execute(db);
  return Number(rows[0]?.count);
}

export type EntryFilter = {
  partner?: string;
  /** Exact, or with a `*` at the end what it begins with; `action` too. */
  actor?: string;
  action?: string;
  /** From this moment on. */
  since?: Date;
  /** Before this moment. */
  until?: Date;
  limit: number;
};

/** The entries that fit, newest first. */
export async function listEntries(db: Kysely<Database>, filter: EntryFilter): Promise<ChainEntry[]> {
  const { partner, actor, action, since, until, limit } = filter;
  const { rows } = await sql<Row>`SELECT ${columns} FROM audit_log
    WHERE ${concerning(partner)} AND ${matching('actor', actor)} AND ${matching('action', action)}
      AND ${since ? sql`at >= ${formatTime(since.getTime())}::timestamptz` : sql`true`}
      AND ${until ? sql`at < ${formatTime(until.getTime())}::timestamptz` : sql`true`}
    ORDER BY audit_log.seq DESC LIMIT ${limit}`.execute(db);
  return rows.map(toEntry);
}

/**
 * What keeps the log honest and is not there: a sentence for each trigger that is missing or switched off. That one was off for a while and is on
 * again cannot be seen.
 */
export async function missingProtections(db: Kysely<Database>): Promise<string[]> {
  const wanted = [
    ['audit_log', 'chain'],
    ['audit_log', 'append_only'],
    ['partners', 'audit'],
    ['api_keys', 'audit'],
  ] as const;
  const { rows } = await sql<{ table: string; name: string; on: boolean }>`
    SELECT tgrelid::regclass::text AS "table", tgname AS name, tgenabled IN ('O', 'A') AS "on" FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid IN ('audit_log'::regclass, 'partners'::regclass, 'api_keys'::regclass)`.execute(db);
  return wanted.flatMap(([table, name]) => {
    const found = rows.find((row) => row.table === table && row.name === name);
    if (found?.on) return [];
    return [`the trigger ${name} of ${table} is ${found ? 'switched off' : 'missing'}`];
  });
}

function concerning(partner: string | undefined): RawBuilder<unknown> {
  return partner === undefined ? sql`true` : sql`partner = ${partner}`;
}

function matching(column: 'actor' | 'action', pattern: string | undefined): RawBuilder<unknown> {
  if (pattern === undefined) return sql`true`;
  if (pattern.endsWith('*')) return sql`starts_with(${sql.ref(column)}, ${pattern.slice(0, -1)})`;
  return sql`${sql.ref(column)} = ${pattern}`;
}

function toEntry({ seq, previous_hash, ...row }: Row): ChainEntry {
  return { ...row, seq: BigInt(seq), previousHash: previous_hash };
}
