import t from 'tap';
import { KeyCache, type KeyCacheOptions } from '../../../src/pipeline/auth/key-cache.ts';
import type { KeyState } from '../../../src/pipeline/auth/key-store.ts';
import type { Principal } from '../../../src/pipeline/auth/principal.ts';

const principal = (partnerId: number): Principal => ({
  partnerId,
  slug: `p${partnerId}`,
  keyId: partnerId,
  keyPrefix: 'sk_test_p_',
  scopes: new Set(['events:write'] as const),
  networks: null,
  expiresAtMs: null,
  ratePerSecond: 100,
  burst: 100,
  monthlyQuota: 1_000,
  retentionMs: 1_000,
  maxDeliveries: 10,
  expiredThroughMs: 0,
});
const good = (partnerId = 1): KeyState => ({ principal: principal(partnerId), suspended: false });
const unknown: KeyState = { refused: 'unknown' };

/** A cache whose look-ups are answered by hand, on a clock set by hand. */
function setUp(options: Partial<KeyCacheOptions> = {}) {
  const lookUps: { key: string; resolve(state: KeyState): void; reject(error: Error): void }[] = [];
  const time = { ms: 1_000 };
  const cache = new KeyCache({
    elapsedMs: () => time.ms,
    load: (key) => new Promise((resolve, reject) => lookUps.push({ key, resolve, reject })),
    ...options,
  });
  const digest = KeyCache.digest;
  const learn = async (key: string, state: KeyState) => {
    const loaded = cache.load(digest(key), key);
    lookUps.at(-1)?.resolve(state);
    await loaded;
  };
  return { cache, lookUps, time, digest, learn };
}

t.test('a key is remembered 30 s while changes are known to arrive, and to the millisecond', async (t) => {
  const { cache, time, digest, learn } = setUp();
  cache.trustUntil(Number.POSITIVE_INFINITY);
  await learn('a', good());
  await learn('b', unknown);
  time.ms += 29_999;
  t.equal(cache.known(digest('a'))?.principal.partnerId, 1);
  t.equal(cache.refused(digest('b')), 'unknown');
  time.ms += 1;
  t.equal(cache.known(digest('a')), undefined);
  t.equal(cache.refused(digest('b')), undefined);
});

t.test('without news of changes a key is remembered 500 ms, also one that was learned before', async (t) => {
  const { cache, time, digest, learn } = setUp();
  cache.trustUntil(time.ms + 800);
  await learn('a', good());
  time.ms += 799;
  t.ok(cache.known(digest('a')), 'trusted until the lease runs out');
  time.ms += 1;
  t.notOk(cache.known(digest('a')), 'and then its age counts');
  await learn('a', good());
  time.ms += 499;
  t.ok(cache.known(digest('a')));
  time.ms += 1;
  t.notOk(cache.known(digest('a')));
});

t.test('the age counts from the moment of asking the database, not from its answer', async (t) => {
  const { cache, lookUps, time, digest } = setUp();
  const loaded = cache.load(digest('a'), 'a');
  time.ms += 450;
  lookUps[0]?.resolve(good());
  await loaded;
  t.ok(cache.known(digest('a')));
  time.ms += 50;
  t.notOk(cache.known(digest('a')));
});

t.test('a hundred requests of one key at once make one look-up', async (t) => {
  const { cache, lookUps, digest } = setUp();
  const loads = Array.from({ length: 100 }, () => cache.load(digest('a'), 'a'));
  t.equal(lookUps.length, 1);
  lookUps[0]?.resolve(good());
  for (const state of await Promise.all(loads)) t.match(state, { suspended: false });
});

t.test('a failed look-up is told to all who wait, is not remembered, and the next one tries again', async (t) => {
  const { cache, lookUps, digest, learn } = setUp();
  const loads = [cache.load(digest('a'), 'a'), cache.load(digest('a'), 'a')];
  lookUps[0]?.reject(new Error('connection lost'));
  for (const outcome of await Promise.allSettled(loads)) t.match(outcome, { status: 'rejected', reason: { message: 'connection lost' } });
  t.equal(cache.refused(digest('a')), undefined);
  await learn('a', good());
  t.equal(lookUps.length, 2);
  t.ok(cache.known(digest('a')));
});

t.test('a change of a partner drops its keys and every refusal, and no other key', async (t) => {
  const { cache, digest, learn } = setUp();
  await learn('a', good(1));
  await learn('b', good(2));
  await learn('c', unknown);
  cache.invalidatePartner(1);
  t.notOk(cache.known(digest('a')));
  t.ok(cache.known(digest('b')));
  t.equal(cache.refused(digest('c')), undefined, 'it may have been issued just now');
  t.ok(cache.remembers(digest('a')), 'it is still known as one that was good');
  await learn('a', { refused: 'revoked' });
  t.notOk(cache.remembers(digest('a')));
});

t.test('a look-up that was under way when the change arrived is not remembered, good or refused', async (t) => {
  const { cache, lookUps, digest } = setUp();
  const loads = [cache.load(digest('a'), 'a'), cache.load(digest('b'), 'b')];
  cache.invalidatePartner(1);
  lookUps[0]?.resolve(good(1));
  lookUps[1]?.resolve(unknown);
  await Promise.all(loads);
  t.notOk(cache.known(digest('a')));
  t.equal(cache.refused(digest('b')), undefined);
});

t.test('a request that comes after the change does not join a look-up from before it', async (t) => {
  const { cache, lookUps, digest } = setUp();
  const before = cache.load(digest('a'), 'a');
  cache.invalidatePartner(1);
  const after = cache.load(digest('a'), 'a');
  t.equal(lookUps.length, 2);
  lookUps[1]?.resolve({ refused: 'revoked' });
  t.match(await after, { refused: 'revoked' });
  lookUps[0]?.resolve(good(1));
  await before;
  t.notOk(cache.known(digest('a')), 'the late answer does not bring the key back');
  t.equal(cache.refused(digest('a')), 'revoked');
});

t.test('the end of an old look-up does not end the single flight of the new one', async (t) => {
  const { cache, lookUps, digest } = setUp();
  const before = cache.load(digest('a'), 'a');
  cache.invalidateAll();
  const after = cache.load(digest('a'), 'a');
  lookUps[0]?.resolve(good(1));
  await before;
  t.equal(cache.load(digest('a'), 'a'), after);
  t.equal(lookUps.length, 2);
  lookUps[1]?.resolve(good(1));
  await after;
});

t.test('a flood of refused keys stays within its bound and pushes out no good key', async (t) => {
  const { cache, digest, learn } = setUp({ maxKnown: 10, maxRefused: 10 });
  await learn('good', good());
  for (let index = 0; index < 100; index += 1) await learn(`garbage${index}`, unknown);
  t.ok(cache.known(digest('good')));
  const remembered = Array.from({ length: 100 }, (_, index) => cache.refused(digest(`garbage${index}`))).filter(Boolean);
  t.equal(remembered.length, 10);
});

t.test('good keys stay within their bound: the one unused for longest goes', async (t) => {
  const { cache, digest, learn } = setUp({ maxKnown: 2 });
  await learn('a', good(1));
  await learn('b', good(2));
  cache.known(digest('a'));
  await learn('c', good(3));
  t.ok(cache.known(digest('a')));
  t.notOk(cache.known(digest('b')));
  t.ok(cache.known(digest('c')));
});

t.test('look-ups under way are bounded: the next is answered 503, and room comes back', async (t) => {
  const { cache, lookUps, digest, learn } = setUp({ maxLoads: 2 });
  const loads = [cache.load(digest('a'), 'a'), cache.load(digest('b'), 'b')];
  await t.rejects(cache.load(digest('c'), 'c'), { code: 'unavailable' });
  for (const { resolve } of lookUps) resolve(unknown);
  await Promise.all(loads);
  await learn('c', good());
  t.ok(cache.known(digest('c')));
});

t.test('a key is remembered under its SHA-256, which does not contain it', async (t) => {
  t.match(KeyCache.digest('sk_test_acme_secret'), /^[0-9a-f]{64}$/);
});
