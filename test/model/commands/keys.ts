import assert from 'node:assert/strict';
import fc from 'fast-check';
import { insertKey } from '../../helper/app.ts';
import { until } from '../../helper/until.ts';
import { iso } from '../model.ts';
import type { Member, World } from '../world.ts';
import { ask, type Command, memberOf, who } from './command.ts';

/** A new key in place of the member's; the old one is good for a while, or not at all. */
export const rotate = fc.record({ who, grace: fc.constantFrom(0, 3_600, 86_400) }).map(
  ({ who, grace }): Command => ({
    name: `${who} rotates its key, with ${grace} s of grace`,
    async run(world) {
      const member = memberOf(world, who);
      const { key } = member;
      const { status, json, text } = await ask(world, member, 'POST', '/v1/keys/rotate', { grace_seconds: grace });
      assert.equal(status, 200, text);
      const goodUntil = world.now + grace * 1000;
      assert.equal(json.old_key.valid_until, iso(goodUntil));
      assert.equal(json.expires_at, null);
      member.oldKeys.push({ key, goodUntil });
      member.key = json.api_key;
      assert.equal(await statusOf(world, json.api_key), 200, 'the new key is good at once');
    },
  }),
);

/** During its grace an old key does what it could, but for making another one. */
export const useOldKey = fc.record({ who, which: fc.nat(20) }).map(
  ({ who, which }): Command => ({
    name: `${who} uses its old key #${which}`,
    async run(world) {
      const { oldKeys } = memberOf(world, who);
      const old = oldKeys[which % Math.max(1, oldKeys.length)];
      if (!old) return;
      const isGood = old.goodUntil > world.now;
      assert.equal(await statusOf(world, old.key), isGood ? 200 : 401);
      const { status } = await world.app.request('POST', '/v1/keys/rotate', { key: old.key });
      assert.equal(status, isGood ? 403 : 401);
    },
  }),
);

/** The member's key is revoked by support, who gave it another one before. */
export const revoke = fc.record({ who }).map(
  ({ who }): Command => ({
    name: `a key of ${who} is revoked`,
    async run(world) {
      const member = memberOf(world, who);
      const { id, slug, key } = member;
      const { db } = world.app;
      const { rows } = await db.query<{ id: number }>('SELECT max(id) AS id FROM api_keys WHERE partner_id = $1', [id]);
      member.key = await insertKey(db, id, slug);
      await db.query('UPDATE api_keys SET revoked_at = $2 WHERE id = $1', [rows[0]?.id, iso(world.now)]);
      await refusedSoon(world, key);
      member.oldKeys.push({ key, goodUntil: 0 });
      assert.equal(await statusOf(world, member.key), 200);
    },
  }),
);

/** A revocation holds everywhere within a second; the tests share their machine. */
async function refusedSoon(world: World, key: Member['key']): Promise<void> {
  await until('the key is refused', async () => (await statusOf(world, key)) === 401, 10_000);
}

async function statusOf({ app }: World, key: string): Promise<number> {
  return (await app.request('GET', '/v1/usage', { key })).status;
}
