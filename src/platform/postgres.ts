import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from './schema.ts';
import { installedTracing, traceStatements } from './tracing.ts';

export type Pools = {
  /** Storing and acknowledging, and nothing else: a storm of polls cannot take these connections. */
  write: pg.Pool;
  /** Polls, look-ups, keys, health. */
  read: pg.Pool;
  /** Every statement that is not on the event's way, over `read`. */
  db: Kysely<Database>;
  close(): Promise<void>;
};

export type PoolOptions = {
  databaseUrl: string;
  writeConnections: number;
  readConnections: number;
  /** Told of errors of idle connections, which belong to no request. */
  onIdleError(error: Error): void;
};

/**
 * Milliseconds. Every wait has an end, so that a database that hangs is answered with 503 and not with a hang. A commit of events has a statement
 * for each of its tables, and the statement limit begins anew with each: `commit` is for all of them, above `statement`, which Postgres would
 * otherwise ignore, and below the wait for a server that no longer answers, so that no statement of a commit that was given up goes on. The flush of the commit
 * itself is under no limit of Postgres: of a disk that hangs for longer than the wait, the answer is 503 and the events may be stored all the same.
 * How late an event can turn up behind the floor from which polls scan (platform/scan-floors.ts) is bounded by this and by the age of rows; that a poll
 * sees it all the same is the doing of the full scan once a second, not of these limits.
 */
export const timeouts = { connect: 1_000, statement: 2_000, commit: 2_500, lock: 1_000, idleInTransaction: 5_000 };

/**
 * Whoever the server logs in as, it acts as this role, which may use the tables, may not alter them, and may only append to the audit log
 * (migrations/0005).
 */
export const appRole = '-c role=triggers_app';

/**
 * The hot statements are few and known, and each must walk its index whatever the table's statistics say at the moment: a plan made
 * while the table was empty would scan it whole until the next ANALYZE.
 */
const pinnedPlans = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan', 'jit']
  .map((setting) => `-c ${setting}=off`)
  .concat('-c plan_cache_mode=force_generic_plan', '-c max_parallel_workers_per_gather=0', appRole)
  .join(' ');

export function createPools(options: PoolOptions): Pools {
  const common: pg.PoolConfig = {
    connectionString: options.databaseUrl,
    connectionTimeoutMillis: timeouts.connect,
    statement_timeout: timeouts.statement,
    lock_timeout: timeouts.lock,
    idle_in_transaction_session_timeout: timeouts.idleInTransaction,
    // The server's own limit ends a slow statement; this one ends the wait for a server that no longer answers.
    query_timeout: timeouts.statement + 1_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    application_name: 'triggers-api',
  };
  const write = new pg.Pool({
    ...common,
    max: options.writeConnections,
    min: 1,
    idleTimeoutMillis: 60_000,
    options: `${pinnedPlans} -c transaction_timeout=${timeouts.commit}`,
  });
  const read = new pg.Pool({ ...common, max: options.readConnections, idleTimeoutMillis: 60_000, options: pinnedPlans });
  const tracing = installedTracing();
  for (const pool of [write, read]) {
    if (tracing) traceStatements(pool, tracing);
    pool.on('error', options.onIdleError);
    // The pool listens to idle connections only. One that is lost while somebody holds it, between two statements, would end the process; its
    // holder learns of it from the next statement.
    pool.on('connect', (client) => client.on('error', () => {}));
  }
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: read }) });
  return {
    write,
    read,
    db,
    async close() {
      // Kysely's own destroy would leave the pool open as long as nobody has asked it anything.
      await Promise.all([write.end(), read.end()]);
    },
  };
}

/** Statements of the hot path get their times as written by Postgres: parsing them into Date objects and back costs more than the query. */
export const rawText: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value } as never;

/**
 * What to do about an error of the driver or the database.
 * - `retry`: nothing is wrong with the statement; the same again may succeed (connection lost, shutdown, deadlock, timeout, resources).
 * - `data`: a value of some row is at fault (SQLSTATE classes 22 and 23): the other rows of the statement are innocent.
 * - `bug`: neither; trying again will not help.
 */
export type PostgresFault = 'retry' | 'data' | 'bug';

const retryableClasses = new Set(['08', '40', '53', '55', '57', '58']);

export function classifyPostgresError(error: unknown): PostgresFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^E(AI_)?[A-Z]+$/.test(code)) return 'retry'; // the socket's or the resolver's; no SQLSTATE starts so
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    // A role without the right, a database without the schema, or a standby: not this request's fault, and curable without it.
    if (code === '25006' || code === '3D000') return 'retry';
    // transaction_timeout. The others of its class are a misuse of transactions.
    if (code === '25P04') return 'retry';
    const sqlClass = code.slice(0, 2);
    if (retryableClasses.has(sqlClass)) return 'retry';
    return sqlClass === '22' || sqlClass === '23' ? 'data' : 'bug';
  }
  return /timeout|Connection terminated|connection error|not queryable|cannot connect/i.test(error.message) ? 'retry' : undefined;
}

/** SQLSTATE 23514 with this text: the partition of the day is missing, which a job should have made long ago. */
export function isMissingPartition(error: unknown): boolean {
  return error instanceof Error && (error as { code?: string }).code === '23514' && error.message.includes('no partition of relation');
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && (error as { code?: string }).code === '23505';
}

/**
 * Durability is a promise, not a default: an answered event must survive a crash.
 * @throws Error naming every setting that breaks it.
 */
export async function assertDurable(pool: pg.Pool): Promise<void> {
  const wanted = ['fsync', 'synchronous_commit', 'full_page_writes'];
  const { rows } = await pool.query<{ name: string; setting: string }>('SELECT name, setting FROM pg_settings WHERE name = ANY($1)', [
    wanted,
  ]);
  const broken = rows.filter(({ setting }) => setting === 'off' || setting === 'local').map(({ name, setting }) => `${name}=${setting}`);
  if (broken.length > 0) throw new Error(`the database may lose committed events: ${broken.join(', ')}; turn them on before production`);
}
