import { answeredError, ConnectionError, TimeoutError, TriggersError } from './errors.ts';
import type { Settings } from './options.ts';
import { backoffMs, isRetryableStatus, parseRetryAfter, sleep, timerMs } from './retry.ts';

export type CallOptions = {
  /** Ends the call, which then rejects with the signal's reason. Whether the request was carried out is not known then. */
  signal?: AbortSignal | undefined;
  /** In place of the client's. Milliseconds for one attempt. */
  timeoutMs?: number | undefined;
  /** In place of the client's. Milliseconds for all attempts together. */
  deadlineMs?: number | undefined;
  /** In place of the client's. */
  maxAttempts?: number | undefined;
};

type InnerOptions = CallOptions & {
  /** Milliseconds that the server may take on purpose. */
  waitMs?: number | undefined;
  /** A status that is no error here when JSON comes with it that is no problem document. */
  expect?: number | undefined;
};

/**
 * Sends a request until it is answered, as far as that can help. What the client sends may be repeated: events have their idempotency keys, receives
 * their ids, and to settle twice is to settle once. Two kinds of requests are not so. A bulk replay or redrive whose answer was lost finds its own job
 * in its way; `bulkMove` sees to that. And each new key takes the place of the one before, so a request for one is sent once.
 *
 * The answer is read whole before it is given on, so that an answer that breaks off is an attempt that failed.
 */
export class Transport {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** @throws {TriggersError} of the last attempt; the reason of the signal. */
  async send(request: Request, options: InnerOptions = {}): Promise<Response> {
    const { backoff } = this.#settings;
    // A call of `api` by hand has its signal in the request.
    const { signal = request.signal, waitMs = 0 } = options;
    const maxAttempts = isOnce(request) ? 1 : (options.maxAttempts ?? this.#settings.maxAttempts);
    const body = request.body === null ? undefined : await request.arrayBuffer();
    const deadline = performance.now() + waitMs + (options.deadlineMs ?? this.#settings.deadlineMs);
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const timeoutMs = Math.min(waitMs + (options.timeoutMs ?? this.#settings.timeoutMs), deadline - performance.now());
      const result = await this.#attempt(request, body, timeoutMs, { ...options, signal });
      if (result instanceof Response) return result;
      result.attempts = attempt;
      if (!result.retryable || attempt >= maxAttempts) throw result;
      const pauseMs = backoffMs(attempt, backoff, result.retryAfterMs);
      if (performance.now() + pauseMs >= deadline) throw result;
      await sleep(pauseMs, signal);
    }
  }

  async #attempt(
    request: Request,
    body: ArrayBuffer | undefined,
    timeoutMs: number,
    { signal, expect }: InnerOptions,
  ): Promise<Response | TriggersError> {
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      stop.abort();
    }, timerMs(timeoutMs));
    try {
      const response = await this.#settings.fetch(request.url, {
        method: request.method,
        headers: request.headers,
        signal: stop.signal,
        // A redirect would carry the key to wherever it leads.
        redirect: 'manual',
        ...(body !== undefined && { body }),
      });
      // What is answered is taken: it may be events under a lease that nobody else would get meanwhile.
      signal?.removeEventListener('abort', onAbort);
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
      if (!response.ok && !(response.status === expect && isJson)) return errorOf(response, text);
      if (!isJson)
        return new TriggersError({ status: response.status, code: 'unexpected_answer', detail: 'The answer is not from this API' });
      return new Response(text, { status: response.status, headers: response.headers });
    } catch (error) {
      if (timedOut) {
        return new TimeoutError({ code: 'timeout', detail: `No answer within ${Math.round(timeoutMs)} ms`, retryable: true, cause: error });
      }
      if (signal?.aborted) throw signal.reason;
      return new ConnectionError({ code: 'connection_failed', detail: reasonOf(error), retryable: true, cause: error });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Whether a repetition could do harm. */
function isOnce({ method, url }: Request): boolean {
  return method === 'POST' && new URL(url).pathname.endsWith('/v1/keys/rotate');
}

/** Of an answer that is an error. What is no problem document comes from something between us, and only its status counts. */
function errorOf(response: Response, text: string): TriggersError {
  const { status, headers } = response;
  const problem = problemOf(text);
  const word = (name: string) => (typeof problem[name] === 'string' ? problem[name] : undefined);
  return answeredError({
    status,
    code: word('code') ?? `http_${status}`,
    detail: word('detail') ?? word('title') ?? `The answer has the status ${status}`,
    requestId: word('request_id') ?? headers.get('x-request-id') ?? undefined,
    retryable: isRetryableStatus(status),
    errors: Array.isArray(problem.errors) ? problem.errors : undefined,
    retryAfterMs: parseRetryAfter(headers.get('retry-after'), Date.now()),
    problem,
  });
}

function problemOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** `fetch failed` says nothing; what lies under it says why. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown; message?: unknown }; message?: unknown };
  const why = cause?.code ?? cause?.message ?? message;
  return `No answer: ${typeof why === 'string' ? why : 'the connection failed'}`;
}
