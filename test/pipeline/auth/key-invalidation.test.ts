import { sql } from 'kysely';
import pg from 'pg';
import t, { type Test } from 'tap';
import { createPartner, issueKey, revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
import { KeyCache } from '../../../src/pipeline/auth/key-cache.ts';
import { KeyInvalidation, leaseMs } from '../../../src/pipeline/auth/key-invalidation.ts';
import { findKey } from '../../../src/pipeline/auth/key-store.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { until } from '../../helper/until.ts';
import { brokenWay } from './tcp-proxy.ts';

const pepper = 'a pepper of at least 32 characters';
const standingStill = () => 1_000;

async function database(t: Test) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 2, onIdleError: () => {} });
  t.teardown(() => pools.close());
  await createPartner(pools.db, { slug: 'acme' });
  return { db: pools.db, databaseUrl };
}

/** One replica's cache and listener. */
function replica(t: Test, db: Awaited<ReturnType<typeof database>>['db'], databaseUrl: string, elapsedMs: () => number) {
  const changes: boolean[] = [];
  const cache = new KeyCache({ elapsedMs, load: (key) => findKey(db, pepper, key, Date.now()) });
  const invalidation = new KeyInvalidation({ databaseUrl, cache, elapsedMs, onChange: (listening) => changes.push(listening) });
  t.teardown(() => invalidation.stop());
  invalidation.start();
  const load = (key: string) => cache.load(KeyCache.digest(key), key);
  const known = (key: string) => cache.known(KeyCache.digest(key));
  return { cache, invalidation, changes, load, known };
}

/** Kills the sessions of all listeners, which the server's own role may not. Gives how many there were. */
async function killListeners(databaseUrl: string): Promise<number | null> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rowCount } = await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'triggers-api:auth'`,
  );
  await client.end();
  return rowCount;
}

t.test('a revoked key, a suspended partner and a key issued just now reach two replicas without waiting for any age', async (t) => {
  const { db, databaseUrl } = await database(t);
  await createPartner(db, { slug: 'other' });
  const mine = await issueKey(db, { pepper }, { slug: 'acme' });
  const theirs = await issueKey(db, { pepper }, { slug: 'other' });
  // Their clocks stand still: nothing here ever becomes too old.
  const replicas = [replica(t, db, databaseUrl, standingStill), replica(t, db, databaseUrl, standingStill)];
  for (const { invalidation, load, known } of replicas) {
    await invalidation.whenListening();
    await load(mine.api_key);
    await load(theirs.api_key);
    t.ok(known(mine.api_key));
  }

  await revokeKey(db, `${mine.key_id}`);
  for (const { known, load } of replicas) {
    await until('the key is no longer remembered as good', () => !known(mine.api_key), 1_000);
    t.same(await load(mine.api_key), { refused: 'revoked' });
    t.ok(known(theirs.api_key), "another partner's key is not touched");
  }

  await suspendPartner(db, 'other');
  for (const { known, load } of replicas) {
    await until('the partner is no longer remembered as active', () => !known(theirs.api_key), 1_000);
    t.match(await load(theirs.api_key), { suspended: true });
  }

  await issueKey(db, { pepper }, { slug: 'acme' });
  for (const { cache } of replicas) await until('refusals are forgotten', () => !cache.refused(KeyCache.digest(mine.api_key)), 1_000);
});

t.test('after a killed connection it listens again by itself, and what was remembered is looked up anew', async (t) => {
  const { db, databaseUrl } = await database(t);
  const { api_key: key, key_prefix: prefix } = await issueKey(db, { pepper }, { slug: 'acme' });
  const { invalidation, changes, load, known, cache } = replica(t, db, databaseUrl, standingStill);
  await invalidation.whenListening();
  await load(key);
  t.ok(known(key));

  t.equal(await killListeners(databaseUrl), 1);
  await until('the loss is noticed', () => changes.includes(false));
  await invalidation.whenListening();
  t.same(changes, [true, false, true]);
  t.notOk(known(key), 'its revocation may have been missed');
  t.ok(cache.remembers(KeyCache.digest(key)));

  await load(key);
  await revokeKey(db, prefix);
  await until('the new connection brings changes', () => !known(key));
});

t.test('while Postgres cannot be reached a key is remembered 500 ms and no longer', async (t) => {
  const { db, databaseUrl } = await database(t);
  const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme' });
  const way = await brokenWay(databaseUrl);
  t.teardown(() => way.close());
  const time = { ms: 0 };
  const { invalidation, changes, load, known } = replica(t, db, way.url, () => time.ms);
  await invalidation.whenListening();
  await load(key);
  way.refuse();
  await until('the loss is noticed', () => changes.includes(false));
  time.ms = 499;
  t.ok(known(key));
  time.ms = 500;
  t.notOk(known(key));
  way.heal();
  await invalidation.whenListening();
  await load(key);
  time.ms += 501;
  await until('the next heartbeat renews the trust', () => known(key));
});

t.test(
  'with a cable pulled (nothing closed, nothing answered) a revoked key is refused within a second, and listening comes back',
  async (t) => {
    const { db, databaseUrl } = await database(t);
    const { api_key: key, key_id: id } = await issueKey(db, { pepper }, { slug: 'acme' });
    const way = await brokenWay(databaseUrl);
    t.teardown(() => way.close());
    const { invalidation, changes, load, known } = replica(t, db, way.url, () => performance.now());
    await invalidation.whenListening();
    await load(key);
    way.blackHole();
    await revokeKey(db, `${id}`);
    const revokedAt = performance.now();
    t.ok(known(key), 'nothing tells it yet');
    await until('the lease runs out', () => !known(key));
    const tookMs = performance.now() - revokedAt;
    t.ok(tookMs < 1_000, `it was accepted for ${Math.round(tookMs)} ms more; the lease is ${leaseMs}`);
    await until('the dead connection is given up', () => changes.includes(false));
    way.heal();
    await invalidation.whenListening();
    t.equal(changes.at(-1), true);
  },
);

t.test('a payload that is no partner number drops everything rather than nothing', async (t) => {
  const { db, databaseUrl } = await database(t);
  const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme' });
  const { invalidation, load, known } = replica(t, db, databaseUrl, standingStill);
  await invalidation.whenListening();
  await load(key);
  t.ok(known(key));
  await sql`SELECT pg_notify('auth_changed', 'everything')`.execute(db);
  await until('it is no longer remembered', () => !known(key));
});

t.test('stop ends it in every state: before start, while it cannot connect, while it listens; twice', async (t) => {
  const { databaseUrl } = await database(t);
  const cache = new KeyCache({ elapsedMs: standingStill, load: async () => ({ refused: 'unknown' }) });
  await new KeyInvalidation({ databaseUrl, cache, elapsedMs: standingStill }).stop();

  const failed = Promise.withResolvers<void>();
  const nowhere = new KeyInvalidation({
    databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing',
    cache,
    elapsedMs: standingStill,
    onChange: () => failed.resolve(),
  });
  nowhere.start();
  await failed.promise;
  await nowhere.stop();

  const changes: boolean[] = [];
  const listening = new KeyInvalidation({ databaseUrl, cache, elapsedMs: standingStill, onChange: (each) => changes.push(each) });
  listening.start();
  await listening.whenListening();
  await Promise.all([listening.stop(), listening.stop()]);
  t.same(changes, [true], 'an end that was asked for is no loss');
});
