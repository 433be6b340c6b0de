import type { Clock } from './clock.ts';

/**
 * Where a partner's scan may begin. Acknowledged rows stay in the index until vacuum may remove them, and a long transaction elsewhere keeps
 * vacuum away: without a floor each poll would step over all of them.
 *
 * The floor is only a fast path, never a position: an event whose commit came late can have a smaller id than events seen before. So the
 * scan from the floor counts only when it fills the page, and at least once a second the scan starts from the beginning. An event is hidden
 * for a second at most, and only behind a full page of others. The statements of a commit end after two and a half seconds, so no floor outlives a late one for long.
 */
export class ScanFloors {
  readonly #clock: Clock;
  readonly #floors = new Map<number, { after: string; fullScanAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The floor of the partner, or undefined when a scan from the beginning is due. */
  get(partnerId: number): string | undefined {
    const floor = this.#floors.get(partnerId);
    const age = floor ? this.#clock() - floor.fullScanAt : Number.POSITIVE_INFINITY;
    return floor && age >= 0 && age < 1_000 ? floor.after : undefined;
  }

  /**
   * Learns from a page: everything up to and including `after` is gone. `full` when the scan started at the beginning. Without `after` the
   * page was not full, and the next scan starts at the beginning.
   */
  set(partnerId: number, after: string | undefined, full: boolean): void {
    const known = this.#floors.get(partnerId);
    if (after === undefined) {
      this.#floors.delete(partnerId);
    } else if (full) {
      this.#floors.delete(partnerId);
      this.#floors.set(partnerId, { after, fullScanAt: this.#clock() });
      if (this.#floors.size > 10_000) this.#floors.delete(this.#floors.keys().next().value as number);
    } else if (known) {
      known.after = after;
    }
  }
}
