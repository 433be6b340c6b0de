import { formatTime, parseTime } from '../../platform/rfc3339.ts';
import type { ChainEntry, ChainPoint } from './chain.ts';

/** The first line of an exported log: what the lines after it are. */
export type ExportHeader = {
  /** The end of the log at that moment; undefined when the log had lost it. */
  head: ChainPoint | undefined;
  /** How many entries follow. */
  rows: number;
  /** From which number on. */
  sinceSeq: bigint | undefined;
  /** Slug, when only what concerns this partner follows. */
  partner: string | undefined;
};

/** The file is not one that `audit export` wrote; the message says why, in a sentence for an administrator. */
export class ExportError extends Error {
  override name = 'ExportError';
}

const format = 'audit_log/1';

/** `exportedAtMs` in milliseconds since the epoch. */
export function headerLine({ head, rows, sinceSeq, partner }: ExportHeader, exportedAtMs: number): string {
  return JSON.stringify({
    format,
    exported_at: formatTime(exportedAtMs),
    partial: sinceSeq !== undefined || partner !== undefined,
    since_seq: sinceSeq === undefined ? null : Number(sinceSeq),
    partner: partner ?? null,
    rows,
    head: head ? { seq: Number(head.seq), hash: head.hash } : null,
  });
}

/** @throws ExportError when the line is not the first one of an export. */
export function readHeader(line: string): ExportHeader {
  const header = parse(line);
  if (header?.format !== format) throw new ExportError('this is no export of the audit log: its first line does not say so');
  const { head, rows, since_seq, partner } = header as { head: { seq: unknown; hash: unknown } | null } & Record<string, unknown>;
  const point = head && { seq: toSeq(head.seq), hash: `${head.hash}` };
  const sinceSeq = since_seq === null ? undefined : toSeq(since_seq);
  const isBroken = (point && point.seq === undefined) || (since_seq !== null && sinceSeq === undefined) || toSeq(rows) === undefined;
  if (isBroken) throw new ExportError('the first line of the export is broken');
  return {
    head: (point as ChainPoint | null) ?? undefined,
    rows: Number(rows),
    sinceSeq,
    partner: partner === null ? undefined : `${partner}`,
  };
}

/**
 * An entry as one line of JSON. `details_text` is what its hash covers, to the byte; `details` is the same for those who read the file with
 * programs. `at` is RFC 3339, or what a forger has put there.
 */
export function entryLine(entry: ChainEntry): string {
  const { seq, at, actor, source, action, subject, partner, reason, details, previousHash, hash } = entry;
  return JSON.stringify({
    seq: Number(seq),
    at: timeText(at),
    actor,
    source,
    action,
    subject,
    partner,
    reason,
    details: JSON.parse(details),
    details_text: details,
    previous_hash: previousHash.toString('hex'),
    hash: hash.toString('hex'),
  });
}

/**
 * The entry of a line, if it is one, and whether the line is letter for letter as `entryLine` writes it: what the hash does not cover, such as `details`
 * beside its text, must not say something else.
 */
export function readEntryLine(line: string): { entry?: ChainEntry; isExact: boolean } {
  const given = parse(line);
  const seq = toSeq(given?.seq);
  const texts = ['at', 'actor', 'source', 'action', 'subject', 'details_text', 'previous_hash', 'hash'];
  const isEntry =
    given && seq !== undefined && texts.every((name) => typeof given[name] === 'string') && isJson(given.details_text as string);
  if (!isEntry) return { isExact: false };
  const { at, actor, source, action, subject, partner, reason, details_text, previous_hash, hash } = given as Record<string, string>;
  const entry = {
    seq,
    at: `${parseTime(at as string) ?? at}`,
    actor,
    source,
    action,
    subject,
    partner: partner ?? null,
    reason: reason ?? null,
    details: details_text,
    previousHash: Buffer.from(previous_hash as string, 'hex'),
    hash: Buffer.from(hash as string, 'hex'),
  } as ChainEntry;
  return { entry, isExact: entryLine(entry) === line };
}

/** Milliseconds in digits as RFC 3339; what is none, or a time that RFC 3339 cannot write, as it is. */
export function timeText(at: string): string {
  const ms = Number(at);
  const isWritable = /^-?\d{1,15}$/.test(at) && ms >= earliestMs && ms <= latestMs;
  return isWritable ? formatTime(ms) : at;
}

const earliestMs = Date.parse('0001-01-01T00:00:00Z');
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function toSeq(value: unknown): bigint | undefined {
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}
