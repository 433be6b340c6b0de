import type { Kysely } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { entryLine, headerLine } from './export-lines.ts';
import { countEntries, inSnapshot, readHead, type WalkOptions, walkEntries } from './store.ts';

export type ExportOptions = WalkOptions & {
  /** When it is done, in milliseconds since the epoch; said by the first line. */
  exportedAtMs: number;
  /** Told how many entries there will be, before the first. */
  onStart?(rows: number): void | Promise<void>;
  /** Told after each entry. */
  onEntry?(): void;
};

/**
 * Hands the log to `write` as lines of JSON, each with its line end: first one that says what it is, then one for each entry by its number. One snapshot,
 * in pages: memory does not grow with the log. Returns how many entries there were. @throws what `write` throws.
 */
export function exportLog(
  db: Kysely<Database>,
  { exportedAtMs, onStart, onEntry, ...which }: ExportOptions,
  write: (lines: AsyncIterable<string>) => Promise<void>,
): Promise<number> {
  return inSnapshot(db, async (transaction) => {
    const rows = await countEntries(transaction, which);
    const head = await readHead(transaction);
    await onStart?.(rows);
    async function* lines(): AsyncGenerator<string> {
      yield `${headerLine({ head, rows, sinceSeq: which.sinceSeq, partner: which.partner }, exportedAtMs)}\n`;
      for await (const entry of walkEntries(transaction, which)) {
        yield `${entryLine(entry)}\n`;
        onEntry?.();
      }
    }
    await write(lines());
    return rows;
  });
}
