import type { Kysely } from 'kysely';
import type { Clock } from '../../platform/clock.ts';
import type { Database } from '../../platform/schema.ts';
import { addUsage, readUsage } from './usage-store.ts';

type Month = {
  /** `YYYY-MM-01`, UTC. */
  name: string;
  startsAt: number;
  endsAt: number;
};

type Count = {
  month: string;
  /** What Postgres last said of all replicas together. */
  stored: number;
  /** Accepted here and not yet in Postgres. */
  pending: number;
  /** Reserved by requests under way. */
  reserved: number;
};

export type QuotaOptions = {
  db: Kysely<Database>;
  clock: Clock;
  /** Told when the totals could not be written; they stay here and are tried again a second later. */
  onError(error: unknown): void;
};

/**
 * The monthly quota: how many new events a partner may have accepted in a calendar month (UTC).
 *
 * A row per partner that every commit had to update would make all commits of a partner wait for one another, so each process counts and
 * adds its count to Postgres once a second. Invariants: within a process the quota is exact, because a request reserves before it stores;
 * across replicas it may be passed by what the others accept in a second; after a kill −9 at most the last second is not counted.
 */
export class MonthlyQuota {
  readonly #options: QuotaOptions;
  readonly #counts = new Map<number, Count>();
  readonly #loading = new Map<number, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), 1_000).unref();
  }

  /** Writes what is left to write. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.flush();
  }

  /** Whether this month's total of the partner is known here; if not, `load` it before asking for anything else. */
  isLoaded(partnerId: number): boolean {
    return this.#counts.get(partnerId)?.month === this.month().name;
  }

  /** Reads the partner's total; callers at the same time share one query. */
  load(partnerId: number): Promise<void> {
    let loading = this.#loading.get(partnerId);
    if (!loading) {
      loading = this.#read(partnerId).finally(() => this.#loading.delete(partnerId));
      this.#loading.set(partnerId, loading);
    }
    return loading;
  }

  async #read(partnerId: number): Promise<void> {
    const { name } = this.month();
    const [row] = await readUsage(this.#options.db, name, [partnerId]);
    this.#counts.set(partnerId, { month: name, stored: row?.accepted ?? 0, pending: 0, reserved: 0 });
  }

  used(partnerId: number): number {
    const count = this.#counts.get(partnerId);
    return count ? count.stored + count.pending : 0;
  }

  remaining(partnerId: number, quota: number): number {
    return Math.max(0, quota - this.used(partnerId) - (this.#counts.get(partnerId)?.reserved ?? 0));
  }

  /** Reserves up to `wanted` events and returns how many; each must be handed back to `settle`. */
  reserve(partnerId: number, quota: number, wanted: number): number {
    const count = this.#counts.get(partnerId);
    const granted = Math.min(wanted, this.remaining(partnerId, quota));
    if (count) count.reserved += granted;
    return granted;
  }

  /** Ends a reservation: `accepted` of the `reserved` events are new and count, the others do not. */
  settle(partnerId: number, reserved: number, accepted: number): void {
    const count = this.#counts.get(partnerId);
    if (!count) return;
    count.reserved -= reserved;
    count.pending += accepted;
  }

  /** The current month, UTC. */
  month(): Month {
    const now = this.#options.clock();
    if (now >= this.#month.startsAt && now < this.#month.endsAt) return this.#month;
    const date = new Date(now);
    const startsAt = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    const endsAt = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    this.#month = { name: new Date(startsAt).toISOString().slice(0, 10), startsAt, endsAt };
    return this.#month;
  }
  #month: Month = { name: '', startsAt: 0, endsAt: 0 };

  /** Adds the pending counts to Postgres and learns the totals; one at a time. */
  flush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #write(): Promise<void> {
    const changed = [...this.#counts].filter(([, count]) => count.pending > 0);
    for (const month of new Set(changed.map(([, count]) => count.month))) {
      const additions = changed
        .filter(([, count]) => count.month === month)
        .map(([partnerId, count]) => ({ partnerId, accepted: count.pending }));
      for (const { partnerId, accepted } of additions) this.#move(partnerId, -accepted, accepted);
      try {
        for (const total of await addUsage(this.#options.db, month, additions)) {
          const count = this.#counts.get(total.partnerId);
          if (count?.month === month) count.stored = total.accepted;
        }
      } catch (error) {
        for (const { partnerId, accepted } of additions) this.#move(partnerId, accepted, -accepted);
        this.#options.onError(error);
      }
    }
  }

  #move(partnerId: number, pending: number, stored: number): void {
    const count = this.#counts.get(partnerId);
    if (!count) return;
    count.pending += pending;
    count.stored += stored;
  }
}
