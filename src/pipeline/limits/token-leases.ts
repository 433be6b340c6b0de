import type { Clock } from '../../platform/clock.ts';
import type { TokenSource } from './token-source.ts';

/** What one request is told about its partner's burst limit. */
export type BurstState = {
  allowed: boolean;
  remaining: number;
  /** Milliseconds until a refused request may come again. */
  waitMs: number;
};

type Waiting = (state: BurstState | undefined, error?: unknown) => void;
type Lease = { available: number; remaining: number; expiresAt: number; waiting: Waiting[]; asking: boolean };

/** What the limit needs to know of a partner. */
export type BurstPolicy = { partnerId: number; ratePerSecond: number; burst: number };

/**
 * Tokens leased to this process. A request that finds one is admitted without leaving the process; otherwise it waits for one question
 * to the source, shared by all requests of the partner that wait at that moment.
 *
 * Invariants: at most one question per partner is under way; a leased token is used within a second or forgotten; a request is answered once.
 */
export class TokenLeases {
  readonly #source: TokenSource;
  readonly #clock: Clock;
  readonly #leases = new Map<number, Lease>();

  constructor(source: TokenSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Calls `done` once: at once when a leased token is at hand, else after the source has answered. */
  take(policy: BurstPolicy, done: Waiting): void {
    const lease = this.#lease(policy.partnerId);
    if (lease.available > 0 && this.#clock() < lease.expiresAt) {
      lease.available -= 1;
      done({ allowed: true, remaining: lease.remaining + lease.available, waitMs: 0 });
      return;
    }
    lease.waiting.push(done);
    if (!lease.asking) void this.#ask(policy, lease);
  }

  async #ask(policy: BurstPolicy, lease: Lease): Promise<void> {
    lease.asking = true;
    while (lease.waiting.length > 0) {
      const asked = lease.waiting.length;
      try {
        const request = { partnerId: policy.partnerId, rate: policy.ratePerSecond, burst: policy.burst, need: asked };
        const grant = await this.#source.take(request);
        const answered = lease.waiting.splice(0, asked);
        lease.remaining = grant.remaining;
        lease.available = Math.max(0, grant.granted - asked);
        lease.expiresAt = this.#clock() + 1_000;
        answered.forEach((done, index) => {
          const allowed = index < grant.granted;
          done({ allowed, remaining: grant.remaining + Math.max(0, grant.granted - 1 - index), waitMs: grant.waitMs });
        });
      } catch (error) {
        for (const done of lease.waiting.splice(0, asked)) done(undefined, error);
      }
    }
    lease.asking = false;
  }

  #lease(partnerId: number): Lease {
    let lease = this.#leases.get(partnerId);
    if (!lease) {
      lease = { available: 0, remaining: 0, expiresAt: 0, waiting: [], asking: false };
      this.#leases.set(partnerId, lease);
    }
    return lease;
  }
}
