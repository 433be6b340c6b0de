import { answer, type Connection, type Schemas } from './api.ts';
import { answeredError, TriggersError, ValidationError } from './errors.ts';
import type { Settings } from './options.ts';
import { backoffMs, timerMs } from './retry.ts';
import type { CallOptions } from './transport.ts';

type Lists = Schemas['SettleBody'];
export type SettleList = keyof Lists;
export type SettleItem = Schemas['SettleResult']['results'][number];

/** What is said of one event: the list in which it goes, and its item there. */
export type Settlement = { [List in SettleList]: { list: List } & NonNullable<Lists[List]>[number] }[SettleList];

/** Events that one request settles at most. */
const maxSettlements = 500;

/** Statuses of the codes with which one event of many fails. */
const itemStatus: Record<string, number> = {
  event_not_found: 404,
  lease_lost: 409,
  lease_limit: 409,
  event_not_leased: 409,
  payload_expunged: 409,
};

type Waiting = {
  settlement: Settlement;
  /** How often it was sent, by what time it must not be sent again (performance.now()). */
  attempts: number;
  deadline: number | undefined;
  resolve(item: SettleItem): void;
  reject(error: unknown): void;
};

/**
 * Settles events, as many in one request as have come while the one before was on its way: alone, a settlement goes at once; under load a few requests
 * carry all.
 *
 * A settlement that the server is too busy for comes again after a while, and the others do not wait for it.
 *
 * Invariants: one request at a time; each settlement is answered for itself; two for one event go in two requests, in their order.
 */
export class Settler {
  readonly #connection: Connection;
  readonly #settings: Settings;
  #waiting: Waiting[] = [];
  #running = false;
  /** Events of which a settlement is to be sent again, but not yet: what else is asked for of them stays behind it. */
  readonly #pausing = new Set<string>();

  constructor(connection: Connection, settings: Settings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  /** @throws {TriggersError} LeaseLostError, NotFoundError…; that of the request. */
  settle(settlement: Settlement): Promise<SettleItem> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ settlement, attempts: 0, deadline: undefined, resolve, reject });
      this.#start();
    });
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    // What is asked for in the same breath goes together.
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let taken = this.#take(); taken.length > 0; taken = this.#take()) await this.#send(taken);
    this.#running = false;
  }

  #take(): Waiting[] {
    const taken: Waiting[] = [];
    const ids = new Set(this.#pausing);
    const left: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const { event_id: id } = waiting.settlement;
      if (taken.length === maxSettlements || ids.has(id)) {
        left.push(waiting);
        continue;
      }
      ids.add(id);
      taken.push(waiting);
    }
    this.#waiting = left;
    return taken;
  }

  async #send(taken: Waiting[]): Promise<void> {
    for (const waiting of taken) {
      waiting.attempts += 1;
      waiting.deadline ??= performance.now() + this.#settings.deadlineMs;
    }
    try {
      const items = await settleAll(
        this.#connection,
        taken.map(({ settlement }) => settlement),
      );
      for (const [index, waiting] of taken.entries()) {
        const item = items[index] as SettleItem;
        if (item.status !== 'failed') waiting.resolve(item);
        else if (!item.error?.retryable || !this.#pause(waiting)) waiting.reject(itemError(item, waiting.attempts));
      }
    } catch (error) {
      // A request of which one settlement is malformed is refused as a whole: then each goes for itself.
      if (error instanceof ValidationError && taken.length > 1) for (const one of taken) await this.#send([one]);
      else for (const { reject } of taken) reject(error);
    }
  }

  /** Sends it again later. False: it was sent often and long enough. */
  #pause(waiting: Waiting): boolean {
    const { backoff, maxAttempts } = this.#settings;
    const pauseMs = backoffMs(waiting.attempts, backoff);
    if (waiting.attempts >= maxAttempts || performance.now() + pauseMs >= (waiting.deadline ?? 0)) return false;
    const { event_id: id } = waiting.settlement;
    this.#pausing.add(id);
    setTimeout(() => {
      this.#pausing.delete(id);
      this.#waiting.unshift(waiting);
      this.#start();
    }, timerMs(pauseMs));
    return true;
  }
}

/** One request. The results are in the order of the settlements. */
export async function settleAll(connection: Connection, settlements: Settlement[], options?: CallOptions): Promise<SettleItem[]> {
  const lists: Record<string, object[]> = {};
  const places = settlements.map(({ list, ...item }) => {
    lists[list] ??= [];
    const items = lists[list];
    items.push(item);
    return `${list} ${items.length - 1}`;
  });
  const { results } = await answer(connection.api.POST('/v1/inbox/settle', { body: lists as Lists, ...connection.with(options) }));
  const byPlace = new Map(results.map((item) => [`${item.list} ${item.index}`, item]));
  return places.map((place) => {
    const item = byPlace.get(place);
    if (item === undefined) throw new TriggersError({ code: 'unexpected_answer', detail: 'The answer lacks a result.' });
    return item;
  });
}

/** Of an event that could not be settled, however often it was sent. */
export function itemError(
  item: { event_id: string; error?: { code: string; detail: string; retryable: boolean } },
  attempts = 1,
): TriggersError {
  const { code = 'unknown', detail = 'No reason was given.', retryable = false } = item.error ?? {};
  const status = itemStatus[code] ?? (retryable ? 503 : 400);
  const error = answeredError({ status, code, detail: `${item.event_id}: ${detail}`, retryable });
  error.attempts = attempts;
  return error;
}
