import type { Kysely } from 'kysely';
import type { Clock } from '../../platform/clock.ts';
import { PeriodicWriter } from '../../platform/periodic-writer.ts';
import type { Database } from '../../platform/schema.ts';
import { addUsage, readUsage, type UsageRow } from './usage-store.ts';

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
  /** When `stored` was read, by the clock. */
  learnedAt: number;
  /** Whether a request has asked since the last flush. */
  asked: boolean;
};

/** Milliseconds between two flushes. */
const intervalMs = 1_000;

/** Milliseconds after which the total of a partner is read again before its next request: twice the time between flushes. */
const maxAgeMs = 2 * intervalMs;

export type QuotaOptions = {
  db: Kysely<Database>;
  clock: Clock;
  /** Told when the totals could not be written or read; it is tried again a second later. */
  onError(error: unknown): void;
};

/**
 * The monthly quota: how many new events a partner may have accepted in a calendar month (UTC).
 *
 * A row per partner that every commit had to update would make all commits of a partner wait for one another, so each process counts, adds
 * its count to Postgres once a second and learns there what the others have added. Invariants: within a process the quota is exact, because a
 * request reserves before it stores; across replicas it may be passed by what the others accept in two seconds; after a kill −9 at most the
 * last second is not counted.
 */
export class MonthlyQuota {
  readonly #options: QuotaOptions;
  readonly #counts = new Map<number, Count>();
  readonly #loading = new Map<number, Promise<void>>();
  /** Counts of a month that was over before they were written. */
  #late: (UsageRow & { month: string })[] = [];
  readonly #writer = new PeriodicWriter(() => this.#write(), intervalMs);

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  start(): void {
    this.#writer.start();
  }

  /** Adds the pending counts to Postgres and learns the totals. What was accepted before the call is written, or told to `onError`. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Writes what is left to write. */
  stop(): Promise<void> {
    return this.#writer.stop();
  }

  /** Whether this month's total of the partner is known here, and fresh; if not, `load` it before asking for anything else. */
  isLoaded(partnerId: number): boolean {
    const count = this.#counts.get(partnerId);
    if (count?.month !== this.month().name) return false;
    count.asked = true;
    const age = this.#options.clock() - count.learnedAt;
    return age >= 0 && age < maxAgeMs;
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
    try {
      const [row] = await readUsage(this.#options.db, name, [partnerId]);
      this.#learn(partnerId, name, row?.accepted ?? 0);
    } catch (error) {
      // What was known a moment ago is better than a refusal.
      if (this.#counts.get(partnerId)?.month !== name) throw error;
      this.#options.onError(error);
    }
  }

  /** Takes a total from Postgres. It only ever grows, so of two the larger is the newer. */
  #learn(partnerId: number, month: string, total: number): void {
    const known = this.#counts.get(partnerId);
    const learnedAt = this.#options.clock();
    if (known?.month === month) {
      known.stored = Math.max(known.stored, total);
      known.learnedAt = learnedAt;
    } else if (!known || known.month < month) {
      if (known && known.pending > 0) this.#late.push({ partnerId, month: known.month, accepted: known.pending });
      this.#counts.set(partnerId, { month, stored: total, pending: 0, reserved: known?.reserved ?? 0, learnedAt, asked: true });
    }
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

  async #write(): Promise<void> {
    for (const [month, additions] of this.#takePending()) {
      try {
        for (const total of await addUsage(this.#options.db, month, additions)) this.#learn(total.partnerId, month, total.accepted);
      } catch (error) {
        for (const { partnerId, accepted } of additions) this.#putBack(partnerId, month, accepted);
        this.#options.onError(error);
      }
    }
    await this.#refresh();
  }

  /** What is to be written, by month; counted as stored from now on. */
  #takePending(): Map<string, UsageRow[]> {
    const late = this.#late;
    this.#late = [];
    const taken = Map.groupBy(late, ({ month }) => month) as Map<string, UsageRow[]>;
    for (const [partnerId, count] of this.#counts) {
      if (count.pending === 0) continue;
      const rows = taken.get(count.month) ?? [];
      taken.set(count.month, rows);
      rows.push({ partnerId, accepted: count.pending });
      count.stored += count.pending;
      count.pending = 0;
    }
    return taken;
  }

  #putBack(partnerId: number, month: string, accepted: number): void {
    const count = this.#counts.get(partnerId);
    if (count?.month !== month) {
      this.#late.push({ partnerId, month, accepted });
      return;
    }
    count.pending += accepted;
    count.stored -= accepted;
  }

  /** Learns what other replicas have added for the partners that are active here. */
  async #refresh(): Promise<void> {
    const { clock, db, onError } = this.#options;
    const { name } = this.month();
    const active = [...this.#counts].filter(([, count]) => count.asked && count.month === name);
    for (const [, count] of active) count.asked = false;
    const due = active.filter(([, count]) => clock() - count.learnedAt >= maxAgeMs / 4).map(([partnerId]) => partnerId);
    if (due.length === 0) return;
    try {
      const totals = new Map((await readUsage(db, name, due)).map(({ partnerId, accepted }) => [partnerId, accepted]));
      for (const partnerId of due) this.#learn(partnerId, name, totals.get(partnerId) ?? 0);
    } catch (error) {
      onError(error);
    }
  }
}
