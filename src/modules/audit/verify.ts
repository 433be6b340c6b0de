import type { Kysely } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import type { ChainPoint } from './chain.ts';
import { ChainVerifier, type Verdict } from './chain-verifier.ts';
import { readEntryLine, readHeader } from './export-lines.ts';
import { inSnapshot, missingProtections, readHead, walkEntries } from './store.ts';

export type VerifyOptions = {
  /** Points of the chain that were noted elsewhere. */
  anchors?: ChainPoint[];
  /** Told how many entries there will be, before the first. */
  onStart?(rows: number): void | Promise<void>;
  /** Told after each entry. */
  onEntry?(): void;
};

/** Follows the whole log in the database, in one snapshot: entries that are written meanwhile are no faults. Memory does not grow with the log. */
export function verifyLog(db: Kysely<Database>, { anchors, onStart, onEntry }: VerifyOptions = {}): Promise<Verdict> {
  return inSnapshot(db, async (transaction) => {
    const head = await readHead(transaction);
    const verifier = new ChainVerifier({ head, anchors });
    await onStart?.(Number(head?.seq ?? 0));
    for (const sentence of await missingProtections(transaction)) verifier.note('unprotected', null, sentence);
    for await (const entry of walkEntries(transaction)) {
      verifier.next(entry);
      onEntry?.();
    }
    return verifier.finish();
  });
}

/**
 * Follows an exported log, line by line, without a database. Of one that holds the entries of one partner only, each entry is looked at by itself.
 * @throws ExportError when the first line is not that of an export.
 */
export async function verifyExport(lines: AsyncIterable<string>, { anchors, onStart, onEntry }: VerifyOptions = {}): Promise<Verdict> {
  const iterator = lines[Symbol.asyncIterator]();
  const first = await iterator.next();
  const { head, rows, sinceSeq, partner } = readHeader(first.done ? '' : first.value);
  const verifier = new ChainVerifier({ head, anchors, firstSeq: sinceSeq, partial: partner !== undefined });
  await onStart?.(rows);
  let number = 1;
  for (let line = await iterator.next(); !line.done; line = await iterator.next()) {
    number += 1;
    const { entry, isExact } = readEntryLine(line.value);
    if (entry) verifier.next(entry);
    if (!entry) verifier.note('unreadable', null, `line ${number} is no entry of the log`);
    else if (!isExact) verifier.note('edited', entry.seq, `line ${number} is not as it was exported`);
    onEntry?.();
  }
  // Of the whole log the gaps are known; here the number is all that is.
  if (partner !== undefined && number - 1 !== rows) {
    verifier.note('cut_off', null, `the export had ${rows} entries, and the file has ${number - 1} lines of them`);
  }
  return verifier.finish();
}
