import { type AcknowledgeSummary, acknowledgeAll } from './acknowledge.ts';
import { type Api, answer, Connection, type Schemas } from './api.ts';
import { type BatchOptions, type BatchSummary, sendBatch } from './batch.ts';
import { bulkMove, type MoveResult, type RedriveCommand, type ReplayCommand } from './bulk-move.ts';
import { type Camel, toCamel } from './camel.ts';
import {
  type DeadLetter,
  type EventDetails,
  type InboxEvent,
  type JsonObject,
  type ListedEvent,
  type Page,
  readEvent,
  readPage,
} from './events.ts';
import { type InboxOptions, inbox } from './inbox.ts';
import { LeasedEvent } from './leased-event.ts';
import { type Settings, settingsOf, type TriggersOptions } from './options.ts';
import { type OutgoingEvent, type SendOptions, write } from './outgoing.ts';
import type { RawJson } from './raw-payload.ts';
import { type ReceiveOptions, receive } from './receive.ts';
import { Settler } from './settle.ts';
import type { CallOptions } from './transport.ts';
import { type Handler, type WorkOptions, work } from './work.ts';

/** An event is stored. */
export type SendResult = {
  eventId: string;
  /** Whether it was stored before under the same idempotency key. */
  duplicate: boolean;
  receivedAt: string;
  expiresAt: string;
};

export type PeekOptions = CallOptions & {
  /** 1 to 500. Default: 100. */
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
  /** Seconds to wait for a first event, 0 to 30. Default: 0. */
  waitSeconds?: number;
  /** Only these; `order.*` is every type that begins with `order.`. */
  eventTypes?: readonly string[];
  /** Also what other workers have under a lease, or have released for later. */
  includeLeased?: boolean;
};

export type ListOptions = CallOptions & {
  status?: Schemas['ListedEvent']['status'];
  eventTypes?: readonly string[];
  /** By `receivedAt`, RFC 3339. */
  from?: string;
  to?: string;
  idempotencyKey?: string;
  order?: 'asc' | 'desc';
  limit?: number;
  cursor?: string;
};

export type DeadLetterOptions = CallOptions & {
  reason?: 'rejected' | 'max_deliveries_exceeded';
  eventTypes?: readonly string[];
  limit?: number;
  cursor?: string;
};

/**
 * A client of Triggers API. It holds no connection of its own and need not be closed; make one and share it.
 *
 * Every call rejects with a `TriggersError` when it fails for good, and takes a `signal`.
 */
export class Triggers {
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #settler: Settler;

  /** @throws {TypeError} the key or the address is missing or malformed. */
  constructor(options: TriggersOptions = {}) {
    this.#settings = settingsOf(options);
    this.#connection = new Connection(this.#settings);
    this.#settler = new Settler(this.#connection, this.#settings);
  }

  /** Every call of the API as the OpenAPI document has it, sent with the same retries and errors. */
  get api(): Api {
    return this.#connection.api;
  }

  /** Where requests go, without a slash at the end. */
  get baseUrl(): string {
    return this.#settings.baseUrl;
  }

  /** Stores an event: when this resolves, it is on disk. @param payload a JSON object, or `new RawJson(text)`. */
  async send(eventType: string, payload: object | RawJson, options: SendOptions & CallOptions = {}): Promise<SendResult> {
    // With its key, which is made here: whatever happens on the way, each attempt sends the same.
    const { text } = write({ ...options, eventType, payload });
    const body = {} as Schemas['EventBody'];
    const call = this.api.POST('/v1/events', { body, bodySerializer: () => text, ...this.#connection.with(options) });
    const { event_id: eventId, duplicate, received_at: receivedAt, expires_at: expiresAt } = await answer(call);
    return { eventId, duplicate, receivedAt, expiresAt };
  }

  /**
   * Stores any number of events, in requests that the API takes. Look at `failed`: one bad event never fails its neighbours, nor the call.
   * @throws {TriggersError} a whole request failed, or the source of the events did; `error.batch` says what became of each event that was taken from
   * it.
   */
  sendBatch(events: Iterable<OutgoingEvent> | AsyncIterable<OutgoingEvent>, options?: BatchOptions): Promise<BatchSummary> {
    return sendBatch(this.#connection, this.#settings, events, options);
  }

  /** Shows what is in the inbox, oldest first. Changes nothing. */
  async peek<Payload = JsonObject>(options: PeekOptions = {}): Promise<Page<InboxEvent<Payload>>> {
    const { limit, cursor, waitSeconds: wait, eventTypes, includeLeased: include_leased } = options;
    const query = { limit, cursor, wait, event_type: eventTypes?.join(','), include_leased };
    const more = { parseAs: 'text', ...this.#connection.with({ ...options, waitMs: (wait ?? 0) * 1000 }) } as const;
    return readPage(await answer(this.api.GET('/v1/inbox', { params: { query }, ...more })), 'events');
  }

  /** Takes events under a lease. Settle each before its lease ends; `inbox` and `work` do that for you. */
  async receive<Payload = JsonObject>(options: ReceiveOptions = {}): Promise<LeasedEvent<Payload>[]> {
    const { events } = await receive<Payload>(this.#connection, options);
    return events.map(({ event }) => new LeasedEvent(event, this.#settler));
  }

  /**
   * The events of the inbox, one after the other, each kept under a lease while the loop works on it. It is acknowledged when the loop asks for the
   * next. When the loop ends otherwise (break, return, an exception), the event in hand is released, unless it was settled.
   * @throws {TriggersError} from the loop: receiving failed for good, or an acknowledgement did.
   */
  inbox<Payload = JsonObject>(options: InboxOptions = {}): AsyncGenerator<LeasedEvent<Payload>, void, undefined> {
    return inbox<Payload>(this.#connection, this.#settings, this.#settler, options);
  }

  /**
   * Gives the events of the inbox to `handler`, up to `concurrency` at once. An event is acknowledged when its handler is done, and released when it
   * throws. Resolves when the signal is aborted and the handlers under way are done.
   * @throws {TriggersError} receiving failed for a reason that will not pass, such as a revoked key.
   */
  work<Payload = JsonObject>(handler: Handler<Payload>, options: WorkOptions<Payload> = {}): Promise<void> {
    return work(this.#connection, this.#settings, this.#settler, handler, options);
  }

  /** Ends an event, whoever holds it: it does not come again. @throws {NotFoundError} there is none, or it has expired. */
  acknowledge(eventId: string, options?: CallOptions): Promise<Camel<Schemas['Acknowledged']>>;
  /** Ends any number of events. Look at `failed`. */
  acknowledge(eventIds: Iterable<string>, options?: CallOptions): Promise<AcknowledgeSummary>;
  async acknowledge(ids: string | Iterable<string>, options?: CallOptions): Promise<Camel<Schemas['Acknowledged']> | AcknowledgeSummary> {
    if (typeof ids !== 'string') return acknowledgeAll(this.#connection, this.#settings, ids, options);
    const call = { params: { path: { id: ids } }, ...this.#connection.with(options) };
    return toCamel(await answer(this.api.PATCH('/v1/events/{id}/acknowledge', call)));
  }

  /** An event with its status and history. @throws {NotFoundError} there is none, or it has expired. */
  async getEvent<Payload = JsonObject>(eventId: string, options?: CallOptions): Promise<EventDetails<Payload>> {
    const call = { params: { path: { id: eventId } }, parseAs: 'text', ...this.#connection.with(options) } as const;
    return readEvent(await answer(this.api.GET('/v1/events/{id}', call)));
  }

  /** Events in any status, newest first. A page may be short while `hasMore` is true. */
  async listEvents<Payload = JsonObject>(options: ListOptions = {}): Promise<Page<ListedEvent<Payload>>> {
    const { status, eventTypes, from, to, idempotencyKey: idempotency_key, order, limit, cursor } = options;
    const query = { status, event_type: eventTypes?.join(','), from, to, idempotency_key, order, limit, cursor };
    const call = { params: { query }, parseAs: 'text', ...this.#connection.with(options) } as const;
    return readPage(await answer(this.api.GET('/v1/events', call)), 'events');
  }

  /** Puts an acknowledged event back into the inbox. */
  replay(eventId: string, options?: CallOptions): Promise<Camel<Schemas['BackInInbox']>>;
  /** Puts all that match back into the inbox. */
  replay(command: ReplayCommand, options?: CallOptions): Promise<MoveResult>;
  async replay(which: string | ReplayCommand, options?: CallOptions): Promise<Camel<Schemas['BackInInbox']> | MoveResult> {
    if (typeof which !== 'string') return bulkMove(this.#connection, 'replay', which, options);
    const call = { params: { path: { id: which } }, ...this.#connection.with(options) };
    return toCamel(await answer(this.api.POST('/v1/events/{id}/replay', call)));
  }

  /** Puts a dead letter back into the inbox, with no deliveries counted. */
  redrive(eventId: string, options?: CallOptions): Promise<Camel<Schemas['BackInInbox']>>;
  /** Puts all that match back into the inbox. */
  redrive(command: RedriveCommand, options?: CallOptions): Promise<MoveResult>;
  async redrive(which: string | RedriveCommand, options?: CallOptions): Promise<Camel<Schemas['BackInInbox']> | MoveResult> {
    if (typeof which !== 'string') return bulkMove(this.#connection, 'redrive', which, options);
    const call = { params: { path: { id: which } }, ...this.#connection.with(options) };
    return toCamel(await answer(this.api.POST('/v1/dead-letters/{id}/redrive', call)));
  }

  /** The dead letters, newest first. */
  async deadLetters<Payload = JsonObject>(options: DeadLetterOptions = {}): Promise<Page<DeadLetter<Payload>>> {
    const { reason, eventTypes, limit, cursor } = options;
    const query = { reason, event_type: eventTypes?.join(','), limit, cursor };
    const call = { params: { query }, parseAs: 'text', ...this.#connection.with(options) } as const;
    return readPage(await answer(this.api.GET('/v1/dead-letters', call)), 'dead_letters');
  }

  /** How far a replay or redrive is. */
  async job(jobId: string, options?: CallOptions): Promise<Camel<Schemas['Job']>> {
    const call = { params: { path: { job_id: jobId } }, ...this.#connection.with(options) };
    return toCamel(await answer(this.api.GET('/v1/jobs/{job_id}', call)));
  }

  /** How many events are waiting, under a lease, and so on. */
  async inboxStats(options?: CallOptions): Promise<Camel<Schemas['InboxStats']>> {
    return toCamel(await answer(this.api.GET('/v1/inbox/stats', this.#connection.with(options))));
  }

  /** What is used of your limits, and every limit of the API. */
  async usage(options?: CallOptions): Promise<Camel<Schemas['Usage']>> {
    return toCamel(await answer(this.api.GET('/v1/usage', this.#connection.with(options))));
  }

  /** Whose key this is, and the settings of the account. */
  async account(options?: CallOptions): Promise<Camel<Schemas['Account']>> {
    return toCamel(await answer(this.api.GET('/v1/account', this.#connection.with(options))));
  }

  /** How the service is, `degraded` included. Also says whether the key is good. @throws {AuthenticationError} it is not. */
  async health(options?: CallOptions): Promise<Camel<Schemas['Health']>> {
    const call = this.api.GET('/v1/health', { parseAs: 'text', ...this.#connection.with({ ...options, expect: 503 }) });
    const { data, error } = (await call) as { data?: string; error?: unknown };
    return toCamel(data === undefined ? error : JSON.parse(data)) as Camel<Schemas['Health']>;
  }

  /** What `console.log` and loggers show: not the key. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Triggers { baseUrl: '${this.baseUrl}' }`;
  }

  /** What `JSON.stringify` writes: not the key. */
  toJSON(): object {
    return { baseUrl: this.baseUrl };
  }
}
