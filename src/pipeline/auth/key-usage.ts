import { type Kysely, sql } from 'kysely';
import type { Clock } from '../../platform/clock.ts';
import { PeriodicWriter } from '../../platform/periodic-writer.ts';
import type { Database } from '../../platform/schema.ts';

/** Milliseconds between two writes: for so long the database is behind. */
const intervalMs = 60_000;

export type KeyUsageOptions = {
  db: Kysely<Database>;
  clock: Clock;
  /** Told when a write failed; the next one brings what it would have brought. */
  onError(error: unknown): void;
};

/**
 * When each key was last used, for whoever asks whether a key can go. A request only notes it here, which costs no I/O; once a minute the notes are
 * written, in one statement.
 *
 * Invariants: the time in the database only moves forward, whichever replica writes last; a note is dropped when it has been written, and not
 * before; after a kill −9 the notes of the last minute are lost, and nothing else depends on them.
 */
export class KeyUsage {
  readonly #options: KeyUsageOptions;
  /** Milliseconds of the latest use, by the number of the key. */
  #notes = new Map<number, number>();
  readonly #writer = new PeriodicWriter(() => this.#write(), intervalMs);

  constructor(options: KeyUsageOptions) {
    this.#options = options;
  }

  /** The key has been used now. */
  note(keyId: number): void {
    this.#notes.set(keyId, this.#options.clock());
  }

  start(): void {
    this.#writer.start();
  }

  /** Writes the notes made before the call. Errors go to `onError`. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Writes what is left to write. */
  stop(): Promise<void> {
    return this.#writer.stop();
  }

  async #write(): Promise<void> {
    if (this.#notes.size === 0) return;
    const notes = this.#notes;
    this.#notes = new Map();
    try {
      await writeLastUses(this.#options.db, notes);
    } catch (error) {
      for (const [keyId, usedAt] of notes) this.#notes.set(keyId, Math.max(usedAt, this.#notes.get(keyId) ?? 0));
      this.#options.onError(error);
    }
  }
}

/**
 * Replicas write the same rows at the same moment: locked in the order of their numbers, they never wait for each other in a circle. The triggers of the
 * table take this for no change of the key (migrations/0005).
 */
async function writeLastUses(db: Kysely<Database>, uses: ReadonlyMap<number, number>): Promise<void> {
  const times = [...uses.values()].map((ms) => new Date(ms).toISOString());
  await sql`
    WITH used AS (SELECT * FROM unnest(${[...uses.keys()]}::integer[], ${times}::timestamptz[]) AS used (id, at)),
      locked AS MATERIALIZED (SELECT id FROM api_keys WHERE id IN (SELECT id FROM used) ORDER BY id FOR NO KEY UPDATE)
    UPDATE api_keys SET last_used_at = greatest(last_used_at, at)
    FROM used JOIN locked USING (id)
    WHERE api_keys.id = used.id AND (last_used_at IS NULL OR last_used_at < at)`.execute(db);
}
