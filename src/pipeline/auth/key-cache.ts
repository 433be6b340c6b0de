import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../platform/clock.ts';
import { ApiError } from '../errors/catalogue.ts';
import type { KeyState, Refusal } from './key-store.ts';
import type { Principal } from './principal.ts';

/**
 * What this process remembers of keys, so that a request of a known key costs no I/O.
 *
 * Invariants:
 * - A key is remembered under its SHA-256 (0.3 µs; an HMAC costs 13 µs on Node 24), never under itself.
 * - An answer is used for 30 s while changes are known to arrive (`trustUntil`), else for 500 ms. With the lease of the listener
 *   (0.8 s) a change in the database is in force here within 1 s, whatever fails. When the database is down nothing older is used: the
 *   bound is the promise, and without the database no request would get further than here.
 * - Ages are measured on a clock that cannot be set, so a wall clock put back does not lengthen them.
 * - A look-up that was under way when a change arrived is never stored, and later requests do not join it.
 * - Refused keys have a store of their own: a flood of them pushes out no good key.
 * - A good key that has become stale is remembered as one (`remembers`) until it is looked up again.
 */
export type KeyCacheOptions = {
  /** The look-up behind a miss. */
  load(key: string): Promise<KeyState>;
  /** Milliseconds that only ever go forward. */
  elapsedMs: Clock;
  /** Most keys remembered as good, and as refused. */
  maxKnown?: number;
  maxRefused?: number;
  /** Most look-ups under way; the next is answered 503 instead of queueing for a connection. */
  maxLoads?: number;
};

export type KnownKey = { readonly principal: Principal; readonly suspended: boolean };

type Known = KnownKey & { since: number };
type Refused = { readonly reason: Refusal; readonly since: number };

export const maxAgeMs = { trusted: 30_000, untrusted: 500 };

export class KeyCache {
  readonly #options: Required<KeyCacheOptions>;
  readonly #known: LRUCache<string, Known>;
  readonly #refused: LRUCache<string, Refused>;
  readonly #loading = new Map<string, Promise<KeyState>>();
  #generation = 0;
  #trustedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: KeyCacheOptions) {
    this.#options = { maxKnown: 10_000, maxRefused: 10_000, maxLoads: 500, ...options };
    this.#known = new LRUCache({ max: this.#options.maxKnown });
    this.#refused = new LRUCache({ max: this.#options.maxRefused });
  }

  /** The name under which a key is remembered. */
  static digest(key: string): string {
    return hash('sha256', key);
  }

  /** A good key that was looked up recently enough. */
  known(digest: string): KnownKey | undefined {
    const entry = this.#known.get(digest);
    return entry && this.#isFresh(entry.since) ? entry : undefined;
  }

  /** Why a key was refused recently. */
  refused(digest: string): Refusal | undefined {
    const entry = this.#refused.get(digest);
    return entry && this.#isFresh(entry.since) ? entry.reason : undefined;
  }

  /** Whether the key was good when it was last looked up, however long ago: such a look-up is no guess. */
  remembers(digest: string): boolean {
    return this.#known.has(digest);
  }

  /** Remembers that a key is no longer good, as its expiry says. */
  refuse(digest: string, reason: Refusal, since = this.#options.elapsedMs()): void {
    this.#known.delete(digest);
    this.#refused.set(digest, { reason, since });
  }

  /** Looks the key up, once for all who ask meanwhile. @throws the look-up's error; ApiError `unavailable` when too many are under way. */
  load(digest: string, key: string): Promise<KeyState> {
    const underWay = this.#loading.get(digest);
    if (underWay !== undefined) return underWay;
    if (this.#loading.size >= this.#options.maxLoads) return Promise.reject(new ApiError('unavailable', { retryAfterSeconds: 1 }));
    const load = this.#load(digest, key);
    this.#loading.set(digest, load);
    return load;
  }

  /** Something about this partner or its keys has changed. Refused keys are forgotten too: one of them may have been issued just now. */
  invalidatePartner(partnerId: number): void {
    this.#invalidate(({ principal }) => principal.partnerId === partnerId);
  }

  /** Changes may have been missed. */
  invalidateAll(): void {
    this.#invalidate(() => true);
  }

  /** Changes are known to arrive until then, in milliseconds of `elapsedMs`; a moment in the past ends the trust. */
  trustUntil(ms: number): void {
    this.#trustedUntil = ms;
  }

  async #load(digest: string, key: string): Promise<KeyState> {
    const since = this.#options.elapsedMs();
    const generation = this.#generation;
    try {
      const state = await this.#options.load(key);
      if (generation !== this.#generation) return state;
      if ('refused' in state) {
        this.refuse(digest, state.refused, since);
      } else {
        this.#refused.delete(digest);
        this.#known.set(digest, { ...state, since });
      }
      return state;
    } finally {
      // After an invalidation the entry, if there is one, is another look-up's.
      if (generation === this.#generation) this.#loading.delete(digest);
    }
  }

  #invalidate(isAffected: (entry: Known) => boolean): void {
    this.#generation += 1;
    this.#loading.clear();
    this.#refused.clear();
    for (const entry of this.#known.values()) if (isAffected(entry)) entry.since = Number.NEGATIVE_INFINITY;
  }

  #isFresh(since: number): boolean {
    const now = this.#options.elapsedMs();
    return now - since < (now < this.#trustedUntil ? maxAgeMs.trusted : maxAgeMs.untrusted);
  }
}
