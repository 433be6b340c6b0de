/**
 * Why another company's service did not take what it was sent, in a sentence for an administrator. The message holds no secret, and there is
 * no `cause`: the original error may hold one.
 */
export class DeliveryError extends Error {
  override name = 'DeliveryError';
  /** `retry`: the same again may succeed. `permanent`: it will not before somebody has done something. */
  readonly outcome: 'retry' | 'permanent';
  /** Milliseconds for which the service asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** The service's own word or code for it, where it has one: nothing that it says in sentences. */
  readonly reason: string | undefined;

  constructor(outcome: 'retry' | 'permanent', message: string, { retryAfterMs, reason }: { retryAfterMs?: number; reason?: string } = {}) {
    super(message);
    this.outcome = outcome;
    this.retryAfterMs = retryAfterMs;
    this.reason = reason;
  }
}

/** Longer words of a foreign service tell nobody more. */
const maxLength = 160;

/** Keys of partners; the pattern is that of the pipeline's key-format.ts, which platform may not import, for text that holds one. */
const key = /sk_(beta|test|live)_[a-z0-9]{2,24}_[0-9A-Za-z]{6,36}/g;

/** A shorter secret, such as the name Al, is one only as a word of its own: without it everywhere, nobody could read the rest. */
const shortestPart = 4;

/**
 * What a foreign service said, fit for a log and a table: one line, short, without keys of partners and without `secrets` (passwords, tokens,
 * whoever is written to), in whatever case it says them.
 */
export function tidy(text: string, secrets: readonly (string | undefined)[] = []): string {
  let clean = asOneLine(text);
  for (const secret of secrets) {
    const literal = asOneLine(secret ?? '').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    if (literal === '') continue;
    const pattern = literal.length < shortestPart ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
    clean = clean.replace(new RegExp(pattern, 'giu'), '…');
  }
  clean = clean.replace(key, '…');
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean;
}

function asOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}
