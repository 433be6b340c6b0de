import type { Connection } from './api.ts';
import { type ConsumeOptions, Consumer } from './consumer.ts';
import { TriggersError } from './errors.ts';
import type { JsonObject } from './events.ts';
import type { LeasedEvent } from './leased-event.ts';
import type { Settings } from './options.ts';
import { backoffMs, sleep } from './retry.ts';
import type { Settler } from './settle.ts';

/** Handles one event. Done: it is acknowledged. Throws: it is released. It may settle the event itself. */
export type Handler<Payload = JsonObject> = (event: LeasedEvent<Payload>) => unknown;

export type WorkOptions<Payload = JsonObject> = ConsumeOptions & {
  /** Handlers that run at once. Default: 1. */
  concurrency?: number;
  /** Seconds after which an event whose handler threw comes again. Default, also when it throws itself: 1, doubled with each delivery, 300 at most. */
  retryDelaySeconds?: number | ((event: LeasedEvent<Payload>, error: unknown) => number);
  /** Told what a handler threw, with its event; and what made receiving or settling fail for a while. Default: console.error. */
  onError?: (error: unknown, event: LeasedEvent<Payload> | undefined) => void;
};

/** The API's longest delay of a release, in seconds. */
const maxDelaySeconds = 43_200;

/** Handlers over an inbox; see `Triggers.work`. Only as much is fetched as can be begun at once: the rest is for other workers. */
export async function work<Payload>(
  connection: Connection,
  settings: Settings,
  settler: Settler,
  handler: Handler<Payload>,
  options: WorkOptions<Payload>,
): Promise<void> {
  const { signal, concurrency = 1, onError = report } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new TypeError('`concurrency` must be a whole number above 0.');
  const consumer = new Consumer<Payload>(connection, settings, settler, options);
  const running = new Set<Promise<void>>();

  /** What `onError` itself throws, or rejects with, harms nobody else. */
  const tell = async (error: unknown, event: LeasedEvent<Payload> | undefined) => {
    try {
      await onError(error, event);
    } catch (own) {
      console.error('triggers: `onError` has failed:', own);
    }
  };

  const begin = (event: LeasedEvent<Payload>) => {
    const run = handle(event).finally(() => running.delete(run));
    running.add(run);
  };

  const handle = async (event: LeasedEvent<Payload>) => {
    try {
      await handler(event);
    } catch (error) {
      void tell(error, event);
      const tellOwn = (own: unknown) => void tell(own, event);
      await consumer.release([event], delayOf(options.retryDelaySeconds, event, error, tellOwn));
      return;
    }
    await consumer.finish(event).catch((error) => void tell(error, event));
  };

  try {
    for (let failures = 0; !signal?.aborted; ) {
      if (running.size >= concurrency) {
        await Promise.race(running);
        continue;
      }
      try {
        const events = await consumer.receive(Math.min(concurrency - running.size, 500));
        failures = 0;
        if (signal?.aborted) await consumer.release(events);
        else for (const event of events) begin(event);
      } catch (error) {
        if (signal?.aborted) break;
        if (!(error instanceof TriggersError) || !error.retryable) throw error;
        // A worker outlives the outages of what it depends on.
        failures += 1;
        void tell(error, undefined);
        await sleep(backoffMs(failures, settings.backoff, error.retryAfterMs), signal).catch(() => {});
      }
    }
  } finally {
    await Promise.all(running);
    consumer.close();
  }
}

/** Seconds. What a function of the user throws is told, and the default holds; so it does for what is no number. */
function delayOf<Payload>(
  option: WorkOptions<Payload>['retryDelaySeconds'],
  event: LeasedEvent<Payload>,
  error: unknown,
  onFailure: (error: unknown) => void,
): number {
  let seconds: number | undefined;
  try {
    seconds = typeof option === 'function' ? option(event, error) : option;
  } catch (own) {
    onFailure(own);
  }
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) seconds = Math.min(2 ** (event.delivery.count - 1), 300);
  return Math.min(Math.max(Math.ceil(seconds), 0), maxDelaySeconds);
}

function report(error: unknown, event: LeasedEvent<unknown> | undefined): void {
  console.error(event ? `triggers: ${event.eventId} is not handled:` : 'triggers: the inbox cannot be read for now:', error);
}
