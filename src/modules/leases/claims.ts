import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Clock } from '../../platform/clock.ts';
import type { EventTypes } from '../../platform/event-types.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import { ScanFloors } from '../../platform/scan-floors.ts';
import { LeaseRoom } from './lease-room.ts';
import { type Claimed, claimEvents, type Leased } from './receive-store.ts';
import { leaseLimits } from './schema.ts';

/** What a receive asks for. */
export type Wish = {
  principal: Principal;
  maxEvents: number;
  leaseMs: number;
  types: EventTypes | undefined;
  receiveId: string | undefined;
};

/**
 * What it gets. `dueAt`, of nothing: when the next lease or delay ends, in milliseconds. `version` of what is remembered under the `receiveId`, for an
 * undo.
 */
export type Given = { events: Leased[]; dueAt: number | undefined; version?: string | undefined };

type Waiting = Wish & { resolve(given: Given): void; reject(error: unknown): void };

export type ClaimsOptions = {
  pool: pg.Pool;
  clock: Clock;
  onLeased(leases: { granted: number; lapsed: number }, principal: Principal): void;
};

/**
 * Claims events for receives, one statement at a time for each partner. Claims of one inbox that run side by side would each try to lock what the
 * others have locked, row by row; so receives that come meanwhile wait for the next statement, which claims for all of them that it can: those
 * without a filter or an id of their own, of the same lease, up to 500 events.
 *
 * Invariants: a receive is answered once, by a statement that began after it came; what a statement finds is shared out in the order in which the
 * receives came; when it finds nothing, nobody who waited for it waits for another.
 */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #waiting = new Map<number, Waiting[]>();
  readonly #room = new LeaseRoom();
  readonly #floors: ScanFloors;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#floors = new ScanFloors(options.clock);
  }

  /** @throws {ApiError} too_many_leases; the database's error; unique_violation when the wish's `receiveId` was used meanwhile. */
  claim(wish: Wish): Promise<Given> {
    return new Promise((resolve, reject) => {
      const { partnerId } = wish.principal;
      const waiting = this.#waiting.get(partnerId);
      if (waiting) {
        waiting.push({ ...wish, resolve, reject });
      } else {
        const queue = [{ ...wish, resolve, reject }];
        this.#waiting.set(partnerId, queue);
        void this.#serve(partnerId, queue);
      }
    });
  }

  async #serve(partnerId: number, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const group = takeGroup(queue);
      const behind = queue.filter(isPlain);
      try {
        const { events, dueAt, version } = await this.#claimFor(group);
        let next = 0;
        const left: Waiting[] = [];
        for (const waiting of group) {
          // The answer may have been cut at its size: who gets nothing of something asks again, and then it is known.
          if (next >= events.length && events.length > 0) left.push(waiting);
          else waiting.resolve({ events: events.slice(next, next + waiting.maxEvents), dueAt, version });
          next += waiting.maxEvents;
        }
        queue.unshift(...left);
        // Nothing was free for a receive without a filter: then for nobody.
        if (events.length === 0 && isPlain(group[0] as Waiting)) {
          for (const waiting of behind) {
            queue.splice(queue.indexOf(waiting), 1);
            waiting.resolve({ events, dueAt });
          }
        }
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#waiting.delete(partnerId);
  }

  /**
   * From the floor first, where the scan steps over nothing that has gone. That counts when it gives all that is wanted, else the scan starts at the
   * beginning: so every receive is one claim, and what is remembered of it is never a part. A second is the most for which an event that came
   * free behind the floor is overlooked, and only while others are there.
   */
  async #claimFor(group: Waiting[]): Promise<Given> {
    const { pool, clock } = this.#options;
    const { principal, leaseMs, types, receiveId } = group[0] as Waiting;
    const { partnerId } = principal;
    const maxEvents = group.reduce((sum, wish) => sum + wish.maxEvents, 0);
    const now = clock();
    const start = expiryFloor(principal, now);
    const countLeases = this.#room.mustCount(partnerId, maxEvents, now);
    const common = { partnerId, maxEvents, types, now, leaseMs, maxDeliveries: principal.maxDeliveries, receiveId, countLeases };

    const floor = types || countLeases ? undefined : this.#floors.get(partnerId);
    if (floor !== undefined && floor > start) {
      const fast = await claimEvents(pool, { ...common, after: floor, onlyFull: true });
      if (fast.full) {
        this.#tell(principal, fast, undefined, now);
        this.#floors.set(partnerId, lastOf(fast), false);
        return fast;
      }
    }
    const claimed = await claimEvents(pool, { ...common, after: start, onlyFull: false });
    const { events, held, full } = claimed;
    this.#tell(principal, claimed, countLeases ? held : undefined, now);
    if (events.length === 0 && held >= leaseLimits.inFlight) {
      throw new ApiError('too_many_leases', {
        detail: `${held} leases of this partner are open; settle or release some of them.`,
        retryAfterSeconds: 1,
      });
    }
    if (!types) this.#floors.set(partnerId, full ? lastOf(claimed) : undefined, true);
    return claimed;
  }

  #tell(principal: Principal, { events, lapsed }: Claimed, counted: number | undefined, now: number): void {
    this.#room.granted(principal.partnerId, events.length, counted, now);
    this.#options.onLeased({ granted: events.length, lapsed }, principal);
  }
}

/** Takes from the queue those that the next statement serves: the first, and with it all that fit. */
function takeGroup(queue: Waiting[]): Waiting[] {
  const group = [queue.shift() as Waiting];
  const first = group[0] as Waiting;
  if (!isPlain(first)) return group;
  let wanted = first.maxEvents;
  for (let at = 0; at < queue.length; ) {
    const next = queue[at] as Waiting;
    const fits = isPlain(next) && next.leaseMs === first.leaseMs && wanted + next.maxEvents <= leaseLimits.receiveEvents;
    if (!fits) {
      at += 1;
      continue;
    }
    group.push(next);
    queue.splice(at, 1);
    wanted += next.maxEvents;
  }
  return group;
}

function isPlain({ types, receiveId }: Wish): boolean {
  return types === undefined && receiveId === undefined;
}

/** The id of the last event of a claim. */
function lastOf({ events }: Claimed): string | undefined {
  return events.at(-1)?.stored.slice(0, 36);
}
