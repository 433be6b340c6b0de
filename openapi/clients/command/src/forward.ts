import type { Event } from './api.ts';
import { eventJson } from './events.ts';

/** What the program that events are forwarded to made of one. */
export type Forwarded = {
  /** Whether it answered with a 2xx. */
  ok: boolean;
  status?: number;
  /** Why there was no answer. */
  error?: string;
  /** Milliseconds. */
  ms: number;
};

/** Milliseconds that it may take for its answer. */
const patienceMs = 30_000;

/**
 * A function that POSTs an event to `url`, as `GET /v1/inbox` shows it and with its payload byte for byte. Its id and type are headers too. The key does
 * not go there. A redirect is not followed: it is an answer that is no 2xx.
 */
export function forwarder(url: URL, signal: AbortSignal): (event: Event) => Promise<Forwarded> {
  return async (event) => {
    const start = performance.now();
    const spent = () => Math.round(performance.now() - start);
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/json', 'triggers-event-id': event.eventId, 'triggers-event-type': event.eventType },
        body: eventJson(event),
        signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
      });
      await response.body?.cancel();
      return { ok: response.ok, status: response.status, ms: spent() };
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, error: reasonOf(error as Error), ms: spent() };
    }
  };
}

/** `fetch failed` says nothing; what lies under it says why. */
function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError') return `no answer in ${patienceMs / 1000} s`;
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED)';
  return code ?? message ?? error.message;
}
