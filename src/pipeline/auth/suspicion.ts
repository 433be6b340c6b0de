import { LRUCache } from 'lru-cache';
import type { Clock } from '../../platform/clock.ts';
import { clientNetwork } from './networks.ts';

export const suspiciousPatterns = ['many_keys_one_address', 'one_key_many_addresses', 'burst_401'] as const;

export type SuspiciousPattern = (typeof suspiciousPatterns)[number];

/** From what count within how many milliseconds a pattern is one: for addresses and keys 10 in 10 minutes, for failures 30 in a minute. */
export const suspicionRules = { distinct: 10, distinctMs: 600_000, failures: 30, failuresMs: 60_000 };

/**
 * What the log says of a finding; never a key, only the prefix by which people know it. Addresses are networks: an IPv6 one is its /64. At most `distinct` of a kind,
 * oldest first. The ids are those of the request that completed the pattern.
 */
export type Suspected = {
  address?: string;
  addresses?: string[];
  key_prefix?: string;
  key_prefixes?: string[];
  seen: number;
  request_id?: string;
  trace_id?: string;
};

/** The request in which something is seen, as the log names it. */
export type SeenIn = { readonly id: string; readonly trace?: { readonly traceId: string } };

export type SuspicionOptions = {
  /** Milliseconds that only ever go forward. */
  elapsedMs: Clock;
  onPattern(pattern: SuspiciousPattern, suspected: Suspected): void;
  /** Most addresses and most keys that are remembered; the longest unseen are forgotten first. */
  maxSubjects?: number;
};

type Key = { readonly keyId: number; readonly keyPrefix: string };

/** Different things that were seen of one subject, each with when it was last; at most `distinct` of them. */
type Sightings = { items: Map<string, number>; mutedUntil: number };

type KeySightings = Sightings & { lastAddress: string; lastMs: number };

/** When the last failures of an address came, oldest first; at most `failures` of them. */
type Failures = { times: number[]; mutedUntil: number };

/** Milliseconds for which a key that comes from the same address again is not looked at more closely: what it adds is known. */
const sameAddressMs = 30_000;

/**
 * Looks for what single requests do not show: one address that tries or uses many keys, one key that comes from many addresses (it has leaked, or is shared), and
 * bursts of refused credentials. Kept per process, as the limit of failures is: a pattern that is spread over replicas needs as many times more to be seen.
 *
 * Invariants: windows slide, and a subject is told once per pattern and window; an IPv6 address counts with its /64, which one client has whole; the memory is
 * bounded, as each subject has at most as many entries as its rule asks for. Behind a proxy that is not trusted all clients have one address: set
 * TRUST_PROXY_HOPS.
 */
export class Suspicion {
  readonly #options: SuspicionOptions;
  readonly #keys: LRUCache<number, KeySightings>;
  readonly #addresses: LRUCache<string, Sightings>;
  readonly #failures: LRUCache<string, Failures>;

  constructor(options: SuspicionOptions) {
    this.#options = options;
    const max = options.maxSubjects ?? 5_000;
    this.#keys = new LRUCache({ max });
    this.#addresses = new LRUCache({ max });
    this.#failures = new LRUCache({ max });
  }

  /** A key that exists was shown, whether or not it was let in. Costs a look-up while it keeps coming from where it came from last. */
  seen({ keyId, keyPrefix }: Key, address: string, request?: SeenIn): void {
    const now = this.#options.elapsedMs();
    const known = this.#keys.get(keyId);
    if (known !== undefined && known.lastAddress === address && now - known.lastMs < sameAddressMs) return;
    const key = known ?? { items: new Map(), mutedUntil: Number.NEGATIVE_INFINITY, lastAddress: address, lastMs: now };
    if (known === undefined) this.#keys.set(keyId, key);
    key.lastAddress = address;
    key.lastMs = now;
    const network = clientNetwork(address);
    if (this.#isTooMany(key, network, now)) {
      const addresses = [...key.items.keys()];
      this.#tell('one_key_many_addresses', { key_prefix: keyPrefix, addresses, seen: addresses.length }, request);
    }
    this.#sawAtAddress(network, keyPrefix, now, request);
  }

  /**
   * A request was answered that its credentials are no good, or that there were too many of the kind. `digest` of what was shown as a key, if anything was: its
   * hash in hexadecimal.
   */
  failed(address: string, digest: string | undefined, request?: SeenIn): void {
    const now = this.#options.elapsedMs();
    const network = clientNetwork(address);
    if (digest !== undefined) this.#sawAtAddress(network, failedMark + digest.slice(0, 16), now, request);
    let failures = this.#failures.get(network);
    if (failures === undefined) {
      failures = { times: [], mutedUntil: Number.NEGATIVE_INFINITY };
      this.#failures.set(network, failures);
    }
    failures.times.push(now);
    if (failures.times.length > suspicionRules.failures) failures.times.shift();
    const isBurst = failures.times.length === suspicionRules.failures && now - (failures.times[0] as number) < suspicionRules.failuresMs;
    if (!isBurst || now < failures.mutedUntil) return;
    failures.mutedUntil = now + suspicionRules.failuresMs;
    this.#tell('burst_401', { address: network, seen: failures.times.length }, request);
  }

  #sawAtAddress(network: string, item: string, now: number, request: SeenIn | undefined): void {
    let address = this.#addresses.get(network);
    if (address === undefined) {
      address = { items: new Map(), mutedUntil: Number.NEGATIVE_INFINITY };
      this.#addresses.set(network, address);
    }
    if (!this.#isTooMany(address, item, now)) return;
    const prefixes = [...address.items.keys()].filter((each) => !each.startsWith(failedMark));
    this.#tell('many_keys_one_address', { address: network, key_prefixes: prefixes, seen: address.items.size }, request);
  }

  /** Notes the item, and says whether there are now too many different ones, which it does once a window. */
  #isTooMany(sightings: Sightings, item: string, now: number): boolean {
    const { items } = sightings;
    const { distinct, distinctMs } = suspicionRules;
    // Put at the end again, so that the first is always the one that has been unseen for longest.
    items.delete(item);
    items.set(item, now);
    for (const [oldest, at] of items) {
      if (now - at < distinctMs && items.size <= distinct) break;
      items.delete(oldest);
    }
    if (items.size < distinct || now < sightings.mutedUntil) return false;
    sightings.mutedUntil = now + distinctMs;
    return true;
  }

  #tell(pattern: SuspiciousPattern, suspected: Suspected, request: SeenIn | undefined): void {
    const ids = request && { request_id: request.id, ...(request.trace && { trace_id: request.trace.traceId }) };
    this.#options.onPattern(pattern, { ...suspected, ...ids });
  }
}

/** Before the digest of a key that was refused: no prefix of a key begins so. */
const failedMark = '#';
