import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../platform/clock.ts';
import { ApiError } from '../errors/catalogue.ts';
import { readKey } from './credentials.ts';
import type { FailureLimit } from './failure-limit.ts';
import { KeyCache, type KnownKey } from './key-cache.ts';
import { parseKey } from './key-format.ts';
import type { Principal, Scope } from './principal.ts';
import type { Suspicion } from './suspicion.ts';

/**
 * Why a request is not let in: its credentials, its key (`Refusal`), its address, its partner, its scope. For the metric; the caller learns only the code.
 */
export const authFailures = [
  'missing',
  'ambiguous',
  'malformed',
  'unknown',
  'revoked',
  'expired',
  'throttled',
  'suspended',
  'network',
  'forbidden',
] as const;

export type AuthFailure = (typeof authFailures)[number];

export type AuthenticatorOptions = {
  cache: KeyCache;
  failures: FailureLimit;
  /** Wall clock, for the expiry of keys. */
  clock: Clock;
  onFailure(reason: AuthFailure): void;
  /** A request of this key was let in. */
  onAdmitted(keyId: number): void;
  /** Told of every key that is shown, good or not. */
  suspicion?: Suspicion;
};

/** Takes an error, or who it is: exactly one of the two. */
export type Authenticated = (error: Error | undefined, principal?: Principal) => void;

/** One answer for every key that is not accepted, so that nothing can be learned from it. */
const challenge = 'Bearer realm="triggers-api", ApiKey realm="triggers-api", header="X-API-Key"';

/** The 401 of every route. */
export function unauthenticated(): ApiError {
  return new ApiError('unauthenticated', { headers: { 'www-authenticate': challenge } });
}

/**
 * Behind proxies the address that is seen is what explains the refusal. A proxy may hand on anything in its place, and a client that has gone
 * has none any more.
 */
function wrongNetwork(address: string | undefined): ApiError {
  return new ApiError('forbidden', {
    detail: `The key may not be used from ${address?.slice(0, longestAddress) || 'an unknown address'}.`,
  });
}

/** Of an IPv6 address that ends in IPv4, in characters. */
const longestAddress = 45;

export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * Who calls, and may they use `scope`? Calls back within the call for a key in the cache, later for one that must be looked up.
   * The error is an ApiError (401, 403, 429, 503) or the database's.
   */
  authenticate(request: FastifyRequest, scope: Scope | undefined, done: Authenticated): void {
    const key = readKey(request.raw);
    if (typeof key !== 'string') {
      this.#refuse(request, key.reason, undefined).catch(done);
      return;
    }
    const digest = KeyCache.digest(key);
    const known = this.#recall(digest);
    if (known) this.#admit(request, known, scope, done);
    else this.#identify(request, key, digest).then((found) => this.#admit(request, found, scope, done), done);
  }

  #recall(digest: string): KnownKey | undefined {
    const known = this.#options.cache.known(digest);
    const expiresAtMs = known?.principal.expiresAtMs ?? null;
    if (expiresAtMs === null || this.#options.clock() < expiresAtMs) return known;
    this.#options.cache.refuse(digest, 'expired');
    return undefined;
  }

  /** A key that is good: may its partner, from this address, with this scope? What does not depend on the request is answered first. */
  #admit(request: FastifyRequest, { principal, suspended }: KnownKey, scope: Scope | undefined, done: Authenticated): void {
    this.#options.suspicion?.seen(principal, request.ip, request);
    if (suspended) {
      this.#options.onFailure('suspended');
      done(new ApiError('partner_suspended'));
    } else if (principal.networks && !principal.networks.has(request.ip)) {
      this.#options.onFailure('network');
      done(wrongNetwork(request.ip));
    } else if (scope && !principal.scopes.has(scope)) {
      this.#options.onFailure('forbidden');
      done(new ApiError('forbidden', { detail: `The key lacks the scope ${scope}.` }));
    } else {
      this.#options.onAdmitted(principal.keyId);
      done(undefined, principal);
    }
  }

  async #identify(request: FastifyRequest, key: string, digest: string): Promise<KnownKey> {
    const { cache } = this.#options;
    // A key that was good a moment ago is looked up again even while others fail at the same address, behind the same gateway perhaps.
    if (!cache.remembers(digest)) await this.#check(request, digest);
    if (!parseKey(key)) return this.#refuse(request, 'malformed', digest);
    const reason = cache.refused(digest);
    if (reason) return this.#refuse(request, reason, digest);
    const state = await cache.load(digest, key);
    return 'refused' in state ? this.#refuse(request, state.refused, digest) : state;
  }

  async #check(request: FastifyRequest, digest: string): Promise<void> {
    try {
      await this.#options.failures.check(request);
    } catch (error) {
      this.#options.onFailure('throttled');
      this.#options.suspicion?.failed(request.ip, digest, request);
      throw error;
    }
  }

  /** @throws always. A request without a key tries nothing, and is not counted against its address. */
  async #refuse(request: FastifyRequest, reason: AuthFailure, digest: string | undefined): Promise<never> {
    this.#options.onFailure(reason);
    this.#options.suspicion?.failed(request.ip, digest, request);
    if (reason !== 'missing') await this.#options.failures.count(request);
    throw unauthenticated();
  }
}
