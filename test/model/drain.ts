import assert from 'node:assert/strict';
import { ask, settlement } from './commands/command.ts';
import type { Member, World } from './world.ts';

/**
 * In the end the inboxes are emptied: what comes out is what the model has, and then nothing more; and the database holds neither more nor less
 * than that. Then the partners leave, so that the next world is not slower.
 */
export async function drain(world: World): Promise<void> {
  for (const member of world.members) {
    await drainInbox(world, member);
    await compareTables(world, member);
    await leave(world, member);
  }
}

async function drainInbox(world: World, member: Member): Promise<void> {
  const { inbox } = member;
  const idsOf = async () => (await ask(world, member, 'GET', '/v1/inbox?limit=500&include_leased=true')).json.events.map(eventId);
  const left = inbox.shown(world.now, undefined, true).map(({ id }) => id);
  assert.deepEqual(await idsOf(), left, 'what is left in the inbox');
  const dead = await ask(world, member, 'GET', '/v1/dead-letters?limit=500');
  const expected = inbox.deadLetters(world.now).map(({ id }) => id);
  assert.deepEqual(dead.json.dead_letters.map(eventId), expected, 'what is left among the dead letters');
  if (left.length === 0) return;
  const { json, text } = await ask(world, member, 'POST', '/v1/events/acknowledge', { event_ids: left });
  assert.equal(json.acknowledged, left.length, text);
  for (const id of left) inbox.settle(id, settlement('acknowledge', null, 0, null), world.now);
  assert.deepEqual(await idsOf(), [], 'nothing comes after that');
}

const eventId = ({ event_id }: { event_id: string }) => event_id;

/** Every event that has not expired is in one table, and only there. */
async function compareTables({ app, now }: World, { id, inbox }: Member): Promise<void> {
  for (const [table, place] of [
    ['inbox', 'inbox'],
    ['acknowledgements', 'acknowledged'],
    ['dead_letters', 'dead'],
  ] as const) {
    const { rows } = await app.db.query<{ id: string }>(`SELECT id FROM ${table} WHERE partner_id = $1 ORDER BY id`, [id]);
    const alive = inbox.events.filter((event) => !inbox.isExpired(event, now));
    const found = rows.map((row) => `evt_${row.id}`).filter((each) => alive.some((event) => event.id === each));
    // The time of an acknowledgement stays with an event whose payload is gone.
    const there = alive.filter((event) => event.place === place || (place === 'acknowledged' && event.acknowledgedAt !== null));
    assert.deepEqual(
      found,
      there.map((event) => event.id),
      `the table ${table}`,
    );
  }
}

async function leave({ app: { db } }: World, { id }: Member): Promise<void> {
  for (const table of ['inbox', 'dead_letters', 'acknowledgements', 'events', 'receives', 'idempotency_keys', 'api_keys'])
    await db.query(`DELETE FROM ${table} WHERE partner_id = $1`, [id]);
  await db.query('DELETE FROM partners WHERE id = $1', [id]);
}
