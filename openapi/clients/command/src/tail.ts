import { setTimeout as delay } from 'node:timers/promises';
import type { Api, Event } from './api.ts';
import { isPassing } from './refusals.ts';

export type FollowOptions = {
  /** RFC 3339: begin with what was received since; else with what is received from now on. */
  since: string | undefined;
  eventTypes: readonly string[] | undefined;
  signal: AbortSignal;
  /** The service has answered: what is sent from now on will be given. */
  onStart(): void;
  /** It could not be asked; it will be again in so many milliseconds. */
  onLost(error: unknown, waitMs: number): void;
  /** It answers again after so many milliseconds. */
  onBack(ms: number): void;
};

/** Milliseconds between two looks when there is nothing new. */
const pauseMs = 500;
/** Milliseconds: the longest wait after a failed look doubles from the one to the other. */
const backoff = { baseMs: 500, capMs: 30_000 };

/**
 * A partner's events in the order in which nothing ever appears behind the reader (`order=asc`), for ever. Looking takes nothing out of the inbox. An
 * outage is waited out: the cursor is kept, so nothing is missed. @throws what no waiting would mend, the signal's reason
 */
export async function* follow(api: Api, { since, eventTypes, signal, onStart, onLost, onBack }: FollowOptions): AsyncGenerator<Event> {
  // The clock of the service: that of this machine may differ. It checks the key too. Who cannot begin is told so and does not wait.
  const { timestamp } = await api.health();
  const from = since ?? timestamp;
  onStart();
  let cursor: string | undefined;
  let failures = 0;
  let lostAt = 0;
  for (;;) {
    try {
      const page = await api.listEvents({ order: 'asc', from, eventTypes, cursor, limit: 500 });
      if (failures > 0) onBack(performance.now() - lostAt);
      failures = 0;
      yield* page.events;
      cursor = page.nextCursor ?? cursor;
      if (!page.hasMore) await delay(pauseMs, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      if (failures === 0) lostAt = performance.now();
      const waitMs = Math.max((0.5 + Math.random() / 2) * Math.min(backoff.capMs, backoff.baseMs * 2 ** failures), retryAfterMs(error));
      failures += 1;
      onLost(error, waitMs);
      await delay(waitMs, undefined, { signal });
    }
  }
}

function retryAfterMs(error: unknown): number {
  return (error as { retryAfterMs?: number }).retryAfterMs ?? 0;
}
