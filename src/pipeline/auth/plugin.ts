import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Kysely } from 'kysely';
import type { Clock } from '../../platform/clock.ts';
import type { Database } from '../../platform/schema.ts';
import { requireRouteConfig } from '../route-config.ts';
import { Authenticator, type AuthFailure } from './authenticator.ts';
import { failureLimit } from './failure-limit.ts';
import { KeyCache } from './key-cache.ts';
import { KeyInvalidation } from './key-invalidation.ts';
import { findKey } from './key-store.ts';
import { KeyUsage } from './key-usage.ts';
import type { Principal, Scope } from './principal.ts';
import { type Suspected, Suspicion, type SuspiciousPattern } from './suspicion.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * For a public route that checks a key when one is shown, and for one that waits: what was true when it began may not be when it answers.
     * `scope`: what the key must be good for. @throws ApiError 401, 403, 429; the database's error.
     */
    authenticate(request: FastifyRequest, scope?: Scope): Promise<Principal>;
    /** The listener for changed keys; tests await `whenListening()`. */
    keyInvalidation: KeyInvalidation;
    /** When keys were last used; tests await `flush()`. */
    keyUsage: KeyUsage;
    /** Forgets what this process has cached of a partner, so that its next request sees a change made here. */
    forgetPartner(partnerId: number): void;
  }
  interface FastifyRequest {
    /** Who calls. Undefined on public routes. */
    principal: Principal;
  }
}

export type AuthOptions = {
  db: Kysely<Database>;
  /** Of the listener's own session; see key-invalidation.ts. */
  databaseUrl: string;
  pepper: string;
  /** Wall clock, for the expiry of keys and the time of their use. */
  clock: Clock;
  /** Failed authentications per address and minute before look-ups stop for it. */
  failuresPerMinute: number;
  onFailure?(reason: AuthFailure): void;
  /** Told of what single requests do not show; see suspicion.ts. */
  onPattern?(pattern: SuspiciousPattern, suspected: Suspected): void;
  /** Told when the prompt revocation begins and ends to work; see key-invalidation.ts. */
  onListening?(listening: boolean, error?: Error): void;
  /** Told when the last uses of keys could not be written; it is tried again a minute later. */
  onUsageError?(error: unknown): void;
  /** Milliseconds that only ever go forward, for the age of what is cached. */
  elapsedMs?: Clock;
};

/** Who? The first stage of every route: sets `request.principal`, or answers 401, 403, 429 or 503. Also demands `config` of every route. */
export const auth = fp<AuthOptions>(
  async (app, options) => {
    const { db, databaseUrl, pepper, clock, failuresPerMinute, onFailure = () => {}, elapsedMs = () => performance.now() } = options;
    await app.register(rateLimit, { global: false });
    requireRouteConfig(app);

    const cache = new KeyCache({ elapsedMs, load: (key) => findKey(db, pepper, key, clock()) });
    const invalidation = new KeyInvalidation({ databaseUrl, cache, elapsedMs, onChange: options.onListening });
    const usage = new KeyUsage({ db, clock, onError: options.onUsageError ?? (() => {}) });
    const failures = failureLimit(app, failuresPerMinute);
    const suspicion = new Suspicion({ elapsedMs, onPattern: options.onPattern ?? (() => {}) });
    const authenticator = new Authenticator({ cache, failures, clock, onFailure, onAdmitted: (keyId) => usage.note(keyId), suspicion });

    app.decorate('keyInvalidation', invalidation);
    app.decorate('keyUsage', usage);
    app.decorate('forgetPartner', (partnerId: number) => cache.invalidatePartner(partnerId));
    app.decorate('authenticate', (request: FastifyRequest, scope?: Scope) => {
      const { promise, resolve, reject } = Promise.withResolvers<Principal>();
      authenticator.authenticate(request, scope, (error, principal) => (principal ? resolve(principal) : reject(error)));
      return promise;
    });
    app.decorateRequest('principal');
    app.addHook('onRequest', function authenticate(request, _reply, done) {
      const { access } = request.routeOptions.config;
      // Without a route there is nothing to protect: it is answered 404 or 405.
      if (request.is404 || access === 'public') return done();
      authenticator.authenticate(request, access, (error, principal) => {
        if (principal) request.principal = principal;
        done(error);
      });
    });
    app.addHook('onReady', async () => {
      invalidation.start();
      usage.start();
    });
    app.addHook('onClose', () => Promise.all([invalidation.stop(), usage.stop()]).then(() => {}));
  },
  { name: 'auth' },
);
