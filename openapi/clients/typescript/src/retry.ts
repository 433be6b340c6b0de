/** How long to wait between attempts. */
export type Backoff = {
  /** Milliseconds: the longest wait before the second attempt. It doubles with each attempt. */
  baseMs: number;
  /** Milliseconds that it never passes. */
  capMs: number;
};

/**
 * Milliseconds to wait after the attempt of that number, from 1: anything from nothing to the doubling limit ("full jitter"), so that many clients that
 * failed together do not come back together.
 * @param retryAfterMs what the answer asked for: the least to wait. A little is added to it, for the same reason.
 */
export function backoffMs(attempt: number, { baseMs, capMs }: Backoff, retryAfterMs?: number, random: () => number = Math.random): number {
  const jitter = random() * Math.min(capMs, baseMs * 2 ** (attempt - 1));
  return retryAfterMs === undefined ? jitter : Math.max(jitter, retryAfterMs + random() * baseMs);
}

/**
 * Milliseconds of a `Retry-After` header, which is whole seconds or an HTTP date (RFC 9110, 10.2.3). Undefined: there is none, or it is neither.
 * @param now milliseconds.
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Anything that Date.parse takes beyond HTTP's three forms of a date, such as a bare number, begins without a day's name.
  const at = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Milliseconds that a timer can wait at most: with more it would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds as a timer takes them: what is longer, also Infinity, is some 24 days. */
export function timerMs(milliseconds: number): number {
  return Math.min(milliseconds, longestTimerMs);
}

/** Resolves after so many milliseconds; rejects with the signal's reason when that is aborted before. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, timerMs(milliseconds));
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Whether the same request may be answered otherwise later: 408, 429 and every 5xx. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
