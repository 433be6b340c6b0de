import assert from 'node:assert/strict';
import { ExhaustedSweep } from '../../src/modules/leases/exhausted.ts';
import { insertKey, type TestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';
import { ModelInbox } from './model.ts';

export const retentionSeconds = 120;
export const maxDeliveries = 3;

export type Member = {
  id: number;
  slug: string;
  key: string;
  inbox: ModelInbox;
  /** Every token that was ever given for an event, in order. */
  tokens: Map<string, string[]>;
};

/** The service and what it should be: two partners on one clock that only the commands move. */
export type World = { app: TestApp; now: number; members: [Member, Member]; sweep: ExhaustedSweep };

let runs = 0;

/** The database lets no retention be shorter than an hour; for this test it must, or days would have to pass. */
export async function allowShortRetention({ db }: TestApp): Promise<void> {
  await db.query('ALTER TABLE partners DROP CONSTRAINT partners_retention_seconds_check');
}

/** A new world on the running service. Time goes on from the world before: ids only grow. */
export async function newWorld(app: TestApp, now: number): Promise<World> {
  runs += 1;
  app.clock.stoppedAtMs = now;
  const member = async (which: string): Promise<Member> => {
    const partner = await app.addPartner({ slug: `m${runs}${which}`, retentionSeconds });
    await app.db.query('UPDATE partners SET max_deliveries = $2 WHERE id = $1', [partner.id, maxDeliveries]);
    return { ...partner, inbox: new ModelInbox(retentionSeconds * 1000, maxDeliveries), tokens: new Map() };
  };
  const sweep = new ExhaustedSweep({
    pool: app.app.pools.read,
    clock: () => world.now,
    onMoved: () => {},
    onError(error) {
      throw error;
    },
  });
  const world: World = { app, now, members: [await member('a'), await member('b')], sweep };
  return world;
}

/** Lets time pass in the service and in the model. */
export async function advance(world: World, ms: number): Promise<void> {
  world.now += ms;
  world.app.clock.stoppedAtMs = world.now;
  await world.sweep.sweep();
  for (const { inbox } of world.members) inbox.lapse(world.now);
}

/** Waits until a key is no longer good: a change holds everywhere within a second. */
export async function refusedSoon({ app }: World, key: string): Promise<void> {
  await until('the key is refused', async () => (await app.request('GET', '/v1/usage', { key })).status === 401, 3_000);
}

/** A second key of the member that is revoked at once; its own stays good. */
export async function revokeAnother(world: World, { id, slug, key }: Member): Promise<void> {
  const { db, request } = world.app;
  const other = await insertKey(db, id, slug);
  assert.equal((await request('GET', '/v1/usage', { key: other })).status, 200);
  await db.query(
    'UPDATE api_keys SET revoked_at = now() WHERE partner_id = $1 AND key_prefix = left($2, 14 + length($3)) AND id = (SELECT max(id) FROM api_keys)',
    [id, other, slug],
  );
  await refusedSoon(world, other);
  assert.equal((await request('GET', '/v1/usage', { key })).status, 200);
}
