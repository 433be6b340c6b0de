import { hash as hashOnce } from 'node:crypto';

/** An entry of the audit log with every column, as its hash covers it. */
export type ChainEntry = {
  seq: bigint;
  /** Milliseconds since the epoch, in digits. Kept as text: what is no whole number of them was never written by the log itself. */
  at: string;
  actor: string;
  source: string;
  action: string;
  subject: string;
  /** Slug of the partner whom it concerns. */
  partner: string | null;
  reason: string | null;
  /** JSON, as the text that is hashed. */
  details: string;
  previousHash: Buffer;
  hash: Buffer;
};

/** The end of the chain, or a place in it that was noted elsewhere; the hash in hex. */
export type ChainPoint = { seq: bigint; hash: string };

/** What the first entry has for the hash before it. */
export const firstPreviousHash = Buffer.alloc(32);

/**
 * The hash that an entry must have: SHA-256 over the hash before it and over its fields, each with its length in front, so that no two entries have the
 * same form. Computed apart from the database's own function (migrations/0005), which somebody who rewrites the log can replace.
 */
export function entryHash(entry: Omit<ChainEntry, 'hash'>): Buffer {
  const { seq, at, actor, source, action, subject, partner, reason, details } = entry;
  const fields = [`${seq}`, at, actor, source, action, subject, partner, reason, details].map(field).join('');
  return hashOnce('sha256', Buffer.concat([entry.previousHash, Buffer.from(fields)]), 'buffer');
}

function field(text: string | null): string {
  return text === null ? '-,' : `${Buffer.byteLength(text)}:${text},`;
}
