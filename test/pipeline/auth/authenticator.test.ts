import type { FastifyRequest } from 'fastify';
import t from 'tap';
import { Authenticator } from '../../../src/pipeline/auth/authenticator.ts';
import { KeyCache, type KnownKey } from '../../../src/pipeline/auth/key-cache.ts';
import { generateKey } from '../../../src/pipeline/auth/key-format.ts';
import type { KeyState } from '../../../src/pipeline/auth/key-store.ts';
import { Networks } from '../../../src/pipeline/auth/networks.ts';

const state: KeyState & KnownKey = {
  suspended: false,
  principal: {
    partnerId: 1,
    slug: 'acme',
    keyId: 1,
    keyPrefix: 'sk_beta_acme_',
    scopes: new Set(['events:write'] as const),
    networks: null,
    expiresAtMs: null,
    ratePerSecond: 100,
    burst: 100,
    monthlyQuota: 1_000,
    retentionMs: 1_000,
    maxDeliveries: 10,
    expiredThroughMs: 0,
  },
};

t.test('a key in the cache is answered within the call, without a promise and without asking the limit of failures', async (t) => {
  let lookUps = 0;
  const cache = new KeyCache({
    elapsedMs: () => 0,
    load: async () => {
      lookUps += 1;
      return state;
    },
  });
  const calls: string[] = [];
  const failures = { check: async () => void calls.push('check'), count: async () => void calls.push('count') };
  const admitted: number[] = [];
  const onAdmitted = (keyId: number) => void admitted.push(keyId);
  const authenticator = new Authenticator({ cache, failures, clock: () => 0, onFailure: () => {}, onAdmitted });
  const key = generateKey('beta', 'acme');
  const request = { raw: { headers: { 'x-api-key': key }, rawHeaders: ['X-API-Key', key] } } as unknown as FastifyRequest;

  await new Promise<void>((resolve, reject) =>
    authenticator.authenticate(request, 'events:write', (error) => (error ? reject(error) : resolve())),
  );
  t.equal(lookUps, 1);
  t.same(calls, ['check']);

  let answered: unknown;
  authenticator.authenticate(request, 'events:write', (error, principal) => {
    answered = error ?? principal;
  });
  t.equal(answered, state.principal);
  authenticator.authenticate(request, 'inbox:read', (error) => {
    answered = error;
  });
  t.match(answered, { code: 'forbidden' });
  t.equal(lookUps, 1);
  t.same(calls, ['check']);
  t.same(admitted, [1, 1], 'told of each that was let in, and of no other');
});

t.test('a client that has gone while its key was looked up is refused like one from elsewhere, and harms nothing', async (t) => {
  const here = { ...state, principal: { ...state.principal, networks: new Networks(['192.0.2.0/24']) } };
  const cache = new KeyCache({ elapsedMs: () => 0, load: async () => here });
  const reasons: string[] = [];
  const failures = { check: async () => {}, count: async () => {} };
  const authenticator = new Authenticator({
    cache,
    failures,
    clock: () => 0,
    onFailure: (reason) => void reasons.push(reason),
    onAdmitted: () => t.fail('let in'),
  });
  const key = generateKey('beta', 'acme');
  // What Fastify says of a socket that is closed.
  const request = { raw: { headers: { 'x-api-key': key }, rawHeaders: ['X-API-Key', key] }, ip: undefined } as unknown as FastifyRequest;
  const error = await new Promise<unknown>((resolve) => authenticator.authenticate(request, undefined, resolve));
  t.match(error, { code: 'forbidden', message: 'The key may not be used from an unknown address.' });
  t.same(reasons, ['network']);
});
