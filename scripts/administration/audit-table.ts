import type { ChainEntry } from '../../src/modules/audit/chain.ts';
import { timeText } from '../../src/modules/audit/export-lines.ts';

const mostDetails = 100;

/** An entry with the columns of the table, in texts that a terminal shows and does not obey. */
export function tableRow(entry: ChainEntry): Record<string, unknown> {
  const { seq, at, actor, action, subject, reason, source, details } = entry;
  const texts = { at: timeText(at), actor, action, subject, reason: reason ?? '-', details: shortDetails(JSON.parse(details)), source };
  return { seq, ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, plain(text)])) };
}

/** An entry with every column, for programs. */
export function jsonRow({ seq, at, details, previousHash, hash, ...texts }: ChainEntry): Record<string, unknown> {
  return {
    seq: Number(seq),
    at: timeText(at),
    ...texts,
    details: JSON.parse(details),
    previous_hash: previousHash.toString('hex'),
    hash: hash.toString('hex'),
  };
}

/** `status: active → suspended, rate_limit_per_sec: 100 → 250`, cut off at 100 characters. */
function shortDetails(details: unknown): string {
  const isRecord = typeof details === 'object' && details !== null && !Array.isArray(details);
  const text = isRecord ? Object.entries(details).map(shortDetail).join(', ') : JSON.stringify(details);
  return text.length > mostDetails ? `${text.slice(0, mostDetails - 1)}…` : text || '-';
}

function shortDetail([name, value]: [string, unknown]): string {
  const isChange = typeof value === 'object' && value !== null && 'from' in value && 'to' in value;
  return isChange ? `${name}: ${short(value.from)} → ${short(value.to)}` : `${name}: ${short(value)}`;
}

function short(value: unknown): string {
  if (value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Control characters and those that change the direction of what follows are shown by their number. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) as number).toString(16)}}`);
}
