import { LeaseLostError } from './errors.ts';
import type { JsonObject, ReceivedEvent } from './events.ts';
import type { Settlement, Settler } from './settle.ts';

/** How an event was settled, or is being so. */
export type Settled = 'acknowledged' | 'released' | 'rejected';

/** Who keeps the lease, if somebody does. */
export type Keeper = {
  /** The event has been settled, or its lease is lost: nothing is left to keep. */
  forget(event: LeasedEvent<unknown>): void;
};

/** An event that is yours for the time of its lease. */
export class LeasedEvent<Payload = JsonObject> {
  readonly eventId: string;
  readonly eventType: string;
  readonly timestamp: string;
  /** As `JSON.parse` has it: a number beyond 2^53 has lost its last digits. */
  readonly payload: Payload;
  /** The text that was sent, to the last byte. */
  readonly rawPayload: string;
  readonly metadata: Record<string, string> | null;
  readonly traceParent: string | null;
  /** The attributes of an event that came as a CloudEvent. */
  readonly cloudevent: ReceivedEvent['cloudevent'];
  readonly receivedAt: string;
  readonly expiresAt: string;
  /** How often it was given out, and whether it came back after an acknowledgement. */
  readonly delivery: { count: number; replayed: boolean };
  readonly leaseToken: string;
  /** By the server's clock; moves when the lease is extended. */
  leaseExpiresAt: string;
  readonly #settler: Settler;
  readonly #keeper: Keeper | undefined;
  readonly #lost = new AbortController();
  #settled: Settled | undefined;
  #settlement: Promise<void> | undefined;

  constructor(event: ReceivedEvent<Payload>, settler: Settler, keeper?: Keeper) {
    this.eventId = event.eventId;
    this.eventType = event.eventType;
    this.timestamp = event.timestamp;
    this.payload = event.payload;
    this.rawPayload = event.rawPayload;
    this.metadata = event.metadata;
    this.traceParent = event.traceParent;
    this.cloudevent = event.cloudevent;
    this.receivedAt = event.receivedAt;
    this.expiresAt = event.expiresAt;
    this.delivery = event.delivery;
    this.leaseToken = event.leaseToken;
    this.leaseExpiresAt = event.leaseExpiresAt;
    this.#settler = settler;
    this.#keeper = keeper;
  }

  /** Aborted when another worker has got the event, or it was settled elsewhere: stop working on it. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** What was done with it, once that is certain. */
  get settled(): Settled | undefined {
    return this.#settled;
  }

  /** Whether a settlement is on its way: what the server says of the lease meanwhile may be its effect. */
  get settling(): boolean {
    return this.#settlement !== undefined;
  }

  /** Resolves when the settlement that is on its way has succeeded or failed. @internal */
  get settlement(): Promise<void> {
    return this.#settlement ?? Promise.resolve();
  }

  /** Handled: it does not come again. @throws {LeaseLostError} another worker has it. */
  async acknowledge(): Promise<void> {
    await this.#settle('acknowledged', { list: 'acknowledge', event_id: this.eventId, lease_token: this.leaseToken });
  }

  /** Not handled: it comes again, to any worker, after the delay. @throws {LeaseLostError} another worker has it. */
  async release({ delaySeconds = 0 }: { delaySeconds?: number } = {}): Promise<void> {
    const settlement = { list: 'release', event_id: this.eventId, lease_token: this.leaseToken, delay_seconds: delaySeconds } as const;
    await this.#settle('released', settlement);
  }

  /** Cannot be handled: it goes to the dead letters. @throws {LeaseLostError} another worker has it. */
  async reject(reason?: string): Promise<void> {
    const settlement = { list: 'reject', event_id: this.eventId, lease_token: this.leaseToken } as const;
    await this.#settle('rejected', reason === undefined ? settlement : { ...settlement, reason });
  }

  /** Makes the lease last so many seconds from now. Not needed for events of `inbox` and `work`. @throws {LeaseLostError} another worker has it. */
  async extend(leaseSeconds: number): Promise<void> {
    const settlement = { list: 'extend', event_id: this.eventId, lease_token: this.leaseToken, lease_seconds: leaseSeconds } as const;
    const { lease_expires_at: end } = await this.#settler.settle(settlement);
    if (end !== undefined) this.leaseExpiresAt = end;
  }

  /** Called when the lease is known to be lost. @internal */
  lose(reason: unknown): void {
    this.#lost.abort(reason);
    this.#keeper?.forget(this);
  }

  async #settle(as: Settled, settlement: Settlement): Promise<void> {
    if (this.#settled === as) return;
    let over = () => {};
    const own = new Promise<void>((resolve) => {
      over = resolve;
    });
    this.#settlement = own;
    try {
      await this.#settler.settle(settlement);
      this.#settled = as;
      this.#keeper?.forget(this);
    } catch (error) {
      if (error instanceof LeaseLostError) this.lose(error);
      throw error;
    } finally {
      if (this.#settlement === own) this.#settlement = undefined;
      over();
    }
  }
}
