import type { Connection } from './api.ts';
import { LeaseLostError, NotFoundError, type TriggersError } from './errors.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LeasedEvent } from './leased-event.ts';
import type { Settings } from './options.ts';
import { defaultLeaseSeconds, receive } from './receive.ts';
import { repeat } from './repeat.ts';
import { type SettleItem, type Settlement, type Settler, settleAll } from './settle.ts';

export type ConsumeOptions = {
  /** Only these; `order.*` is every type that begins with `order.`. */
  eventTypes?: readonly string[];
  /** Seconds that one request waits for a first event, 0 to 30. Default: 20. */
  waitSeconds?: number;
  /** 5 to 3,600: how long an event stays away from other workers when this process dies. It is extended while you work. Default: 60. */
  leaseSeconds?: number;
  /** Ends it, without an error: what is in hand is finished, what is not yet begun is released. */
  signal?: AbortSignal;
};

/** Milliseconds for giving back what was not handled. When that fails, the leases end by themselves. */
const releaseDeadlineMs = 10_000;

/**
 * What a loop over the inbox and a set of handlers have in common: events come with a lease that is kept, and leave by a settlement.
 */
export class Consumer<Payload> {
  readonly #connection: Connection;
  readonly #settings: Settings;
  readonly #settler: Settler;
  readonly #options: ConsumeOptions;
  readonly #keeper: LeaseKeeper;
  #failure: TriggersError | undefined;

  constructor(connection: Connection, settings: Settings, settler: Settler, options: ConsumeOptions) {
    this.#connection = connection;
    this.#settings = settings;
    this.#settler = settler;
    this.#options = options;
    this.#keeper = new LeaseKeeper({
      connection,
      leaseSeconds: options.leaseSeconds ?? defaultLeaseSeconds,
      onFailure: (error) => {
        this.#failure = error;
      },
    });
  }

  /** @throws {TriggersError}; the reason of the signal. */
  async receive(maxEvents: number, waitSeconds = this.#options.waitSeconds ?? 20): Promise<LeasedEvent<Payload>[]> {
    const { eventTypes, leaseSeconds, signal } = this.#options;
    const { events } = await receive<Payload>(this.#connection, { eventTypes, leaseSeconds, signal, waitSeconds, maxEvents });
    return events.map(({ event: received, leftMs }) => {
      const event = new LeasedEvent(received, this.#settler, this.#keeper);
      this.#keeper.keep(event, leftMs);
      return event;
    });
  }

  /** Whether the event may be handed out. @throws {TriggersError} leases can no longer be kept. */
  async isOurs(event: LeasedEvent<Payload>): Promise<boolean> {
    const ours = await this.#keeper.isOurs(event);
    if (this.#failure) throw this.#failure;
    if (!ours) this.#keeper.forget(event);
    return ours;
  }

  /**
   * Acknowledges, unless the event was settled. That it has gone to another worker, or has expired, is no error: there is nothing left to do.
   * @throws {TriggersError} it is not certain that the event is acknowledged, and it will come again.
   */
  async finish(event: LeasedEvent<Payload>): Promise<void> {
    if (event.settling) return this.#leave(event);
    if (isOver(event)) return;
    try {
      await event.acknowledge();
    } catch (error) {
      this.#keeper.forget(event);
      if (!(error instanceof LeaseLostError || error instanceof NotFoundError)) throw error;
    }
  }

  /** Gives back what is not settled. Never throws: what cannot be given back comes free when its lease ends. */
  async release(events: LeasedEvent<Payload>[], delaySeconds = 0): Promise<void> {
    const open = events.filter((event) => !isOver(event));
    for (const event of open) this.#keeper.forget(event);
    for (const event of events) if (event.settling) void this.#leave(event);
    for (let start = 0; start < open.length; start += 500) {
      const settlements = open.slice(start, start + 500).map(
        ({ eventId, leaseToken }) =>
          ({
            list: 'release',
            event_id: eventId,
            lease_token: leaseToken,
            delay_seconds: delaySeconds,
          }) as const,
      );
      await this.#settle(settlements).catch(() => {});
    }
  }

  #settle(settlements: Settlement[]): Promise<void> {
    return repeat<Settlement, SettleItem>(
      this.#settings,
      settlements,
      {
        send: (left, call) => settleAll(this.#connection, left, call),
        isWorthRepeating: ({ error }) => error?.retryable ?? false,
        onResult: () => {},
      },
      { deadlineMs: releaseDeadlineMs },
    );
  }

  /**
   * Nobody works on the event any more, and a settlement of its owner's own is on its way. When that fails, its owner is told; the lease is kept no
   * longer, so that the event comes again.
   */
  async #leave(event: LeasedEvent<Payload>): Promise<void> {
    await event.settlement;
    this.#keeper.forget(event);
  }

  /** Keeps no lease any more. */
  close(): void {
    this.#keeper.close();
  }
}

/** Whether there is nothing left to settle: it is settled, is being settled, or is another worker's. */
function isOver(event: LeasedEvent<unknown>): boolean {
  return event.settled !== undefined || event.settling || event.signal.aborted;
}
