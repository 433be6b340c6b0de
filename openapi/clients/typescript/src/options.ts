import type { Backoff } from './retry.ts';
import { version } from './version.ts';

export type TriggersOptions = {
  /** Default: TRIGGERS_API_KEY or API_KEY of the environment. */
  apiKey?: string;
  /** Where the API is, such as `https://triggers.example`. Default: TRIGGERS_API_URL or API_URL of the environment. */
  baseUrl?: string;
  /** Milliseconds for one attempt, from sending to the last byte of the answer; a long poll has its wait on top. Infinity: none. Default: 30,000. */
  timeoutMs?: number;
  /** Milliseconds for a call with all its attempts and the waits between them; a long poll has its wait on top. Default: 120,000. */
  deadlineMs?: number;
  /** Default: 8. 1 never repeats anything. */
  maxAttempts?: number;
  /** Default: 250 ms, doubling up to 30 s. */
  backoff?: Partial<Backoff>;
  /** Put in front of the client's own User-Agent, such as `orders/1.4`. */
  userAgent?: string;
  /** Used in place of the global `fetch`: for a proxy, or your own certificates. */
  fetch?: typeof fetch;
};

export type Settings = {
  apiKey: string;
  baseUrl: string;
  timeoutMs: number;
  deadlineMs: number;
  maxAttempts: number;
  backoff: Backoff;
  userAgent: string;
  fetch: typeof fetch;
};

/** What was given, with the defaults. @throws {TypeError} something is missing or wrong; it never repeats the key, nor an address that may hold a password. */
export function settingsOf(options: TriggersOptions, env: Record<string, string | undefined> = environment()): Settings {
  const apiKey = (options.apiKey ?? (env.TRIGGERS_API_KEY || env.API_KEY))?.trim();
  if (!apiKey) throw new TypeError('No API key: give `apiKey`, or set TRIGGERS_API_KEY.');
  // Anything else cannot stand in a header, and the error of whoever tries would repeat it.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError('The API key has characters that no key has, such as spaces or line breaks.');
  const { timeoutMs = 30_000, deadlineMs = 120_000, maxAttempts = 8, backoff, userAgent } = options;
  for (const [name, value] of Object.entries({ timeoutMs, deadlineMs, maxAttempts })) {
    if (!(value > 0)) throw new TypeError(`\`${name}\` must be above 0.`);
  }
  return {
    apiKey,
    baseUrl: baseUrlOf(options.baseUrl ?? (env.TRIGGERS_API_URL || env.API_URL)),
    timeoutMs,
    deadlineMs,
    maxAttempts,
    backoff: { baseMs: backoff?.baseMs ?? 250, capMs: backoff?.capMs ?? 30_000 },
    userAgent: [userAgent, `triggers-api-client/${version}`, `node/${globalThis.process?.versions?.node ?? 'unknown'}`]
      .filter(Boolean)
      .join(' '),
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
  };
}

function baseUrlOf(given: string | undefined): string {
  const text = given?.trim();
  if (!text) throw new TypeError('No address: give `baseUrl`, or set TRIGGERS_API_URL.');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new TypeError('`baseUrl` is not an http or https address.');
  if (url.username || url.password) throw new TypeError('`baseUrl` must not have a user or password in it.');
  if (url.search || url.hash) throw new TypeError('`baseUrl` must not have a query or a fragment.');
  return url.href.replace(/\/+$/, '');
}

function environment(): Record<string, string | undefined> {
  return globalThis.process?.env ?? {};
}
