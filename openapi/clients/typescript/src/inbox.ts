import type { Connection } from './api.ts';
import { type ConsumeOptions, Consumer } from './consumer.ts';
import type { LeasedEvent } from './leased-event.ts';
import type { Settings } from './options.ts';
import type { Settler } from './settle.ts';

export type InboxOptions = ConsumeOptions & {
  /** Events that are fetched together at most, 1 to 500. Default: 10. */
  maxEvents?: number;
  /** End when the inbox is empty, in place of waiting for more. */
  stopWhenEmpty?: boolean;
};

/**
 * The loop over an inbox; see `Triggers.inbox`.
 *
 * It begins by fetching one event and doubles that as long as all goes well. So an event on which the process dies is soon fetched alone, and does not
 * take its neighbours along to the dead letters, one delivery at a time.
 */
export async function* inbox<Payload>(
  connection: Connection,
  settings: Settings,
  settler: Settler,
  options: InboxOptions,
): AsyncGenerator<LeasedEvent<Payload>, void, undefined> {
  const { signal, maxEvents = 10, stopWhenEmpty = false } = options;
  const consumer = new Consumer<Payload>(connection, settings, settler, options);
  const finished = new Finished();
  const held: LeasedEvent<Payload>[] = []; // the first is in hand
  try {
    for (let size = 1; !signal?.aborted; ) {
      held.push(...(await consumer.receive(size, stopWhenEmpty ? 0 : options.waitSeconds)));
      if (held.length === 0 && stopWhenEmpty) return;
      if (held.length > 0) size = Math.min(size * 2, maxEvents);
      while (held[0] !== undefined && !signal?.aborted) {
        const event = held[0];
        if (await consumer.isOurs(event)) {
          yield event;
          finished.add(consumer.finish(event));
        }
        held.shift();
        finished.throwIfFailed();
      }
      // What comes next is asked for only when what came before is certain.
      await finished.all();
    }
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
  } finally {
    await consumer.release(held);
    await finished.all().finally(() => consumer.close());
  }
}

/** Acknowledgements on their way, and the first that failed. */
class Finished {
  readonly #open = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

  add(acknowledgement: Promise<void>): void {
    const open = acknowledgement
      .catch((error) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#open.delete(open));
    this.#open.add(open);
  }

  /** @throws what the first of them has thrown, once. */
  throwIfFailed(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  async all(): Promise<void> {
    await Promise.all(this.#open);
    this.throwIfFailed();
  }
}
