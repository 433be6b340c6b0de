import { leaseLimits } from './schema.ts';

/** Milliseconds for which a count is believed. */
const maxAgeMs = 1_000;

/**
 * How many leases the partners may have open. A count costs a walk over the leased rows, so it is made once a second and partner, and at each receive
 * that what was counted and granted since would bring past the limit. Within a process the limit is exact; another replica's grants of the
 * last second are not known here.
 */
export class LeaseRoom {
  readonly #known = new Map<number, { countedAt: number; open: number }>();

  /** Whether the claim of so many events must count. Times in milliseconds. */
  mustCount(partnerId: number, wanted: number, now: number): boolean {
    const known = this.#known.get(partnerId);
    return !known || Math.abs(now - known.countedAt) >= maxAgeMs || known.open + wanted > leaseLimits.inFlight;
  }

  /** Learns from a claim: `counted` were open before it, if it counted. */
  granted(partnerId: number, events: number, counted: number | undefined, now: number): void {
    const known = this.#known.get(partnerId);
    if (counted !== undefined) this.#known.set(partnerId, { countedAt: now, open: counted + events });
    else if (known) known.open += events;
    if (this.#known.size > 10_000) this.#known.delete(this.#known.keys().next().value as number);
  }
}
