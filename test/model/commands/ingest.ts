import assert from 'node:assert/strict';
import fc from 'fast-check';
import { iso } from '../model.ts';
import type { Member, World } from '../world.ts';
import { ask, type Command, memberOf, types, who } from './command.ts';

const receivedAt = (id: string) => Number.parseInt(id.slice(4, 12) + id.slice(13, 17), 16);
const item = { type: fc.constantFrom(...types), key: fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined, freq: 2 }) };
type Item = { type: (typeof types)[number]; key: string | undefined };

/** What is sent under a key says so, so that the same key and type is the same content. */
function bodyOf({ type, key }: Item, n: number) {
  const number = key === undefined ? n : -Number(key.slice(1));
  return { event_type: type, payload: { n: number }, ...(key !== undefined && { idempotency_key: key }) };
}

/** Takes a new event into the model: its id is the greatest so far, and of this moment. */
function accept(world: World, { inbox }: Member, { type, key }: Item, n: number, id: string): void {
  assert.ok(id > world.lastId, `${id} comes after ${world.lastId}`);
  assert.equal(receivedAt(id), world.now);
  world.lastId = id;
  inbox.store(id, type, bodyOf({ type, key }, n).payload.n, world.now);
  if (key !== undefined) inbox.keys.set(key, { id, content: type, at: world.now });
}

export const post = fc.record({ who, ...item }).map(
  ({ who, ...item }): Command => ({
    name: `${who} posts ${item.type} ${item.key ?? ''}`,
    async run(world) {
      const member = memberOf(world, who);
      world.posts += 1;
      const before = member.inbox.keyed(item.key, world.now);
      const answer = await ask(world, member, 'POST', '/v1/events', bodyOf(item, world.posts));
      if (before && before.content !== item.type) {
        assert.equal(answer.status, 422, answer.text);
        assert.equal(answer.json.original_event_id, before.id);
        return;
      }
      assert.equal(answer.status, 200, answer.text);
      const id = answer.json.event_id as string;
      if (!before) accept(world, member, item, world.posts, id);
      const received = before ? receivedAt(before.id) : world.now;
      const times = { received_at: iso(received), expires_at: iso(received + member.inbox.retention) };
      assert.deepEqual(answer.json, { event_id: before?.id ?? id, status: 'accepted', duplicate: before !== undefined, ...times });
    },
  }),
);

/** Every third batch has an item that is none: its neighbours are stored all the same. */
export const postBatch = fc
  .record({ who, items: fc.array(fc.record(item), { minLength: 1, maxLength: 6 }), bad: fc.nat(2) })
  .map(({ who, items, bad }) => batchOf(who, items, bad === 0));

/** What a partner has in its inbox when a run begins. */
export function stock(who: number): Command {
  return batchOf(
    who,
    Array.from({ length: 8 }, (_, index) => ({ type: types[index % 2] as Item['type'], key: undefined })),
    false,
  );
}

function batchOf(who: number, items: Item[], bad: boolean): Command {
  return {
    name: `${who} posts a batch of ${items.map(({ type, key }) => `${type} ${key ?? ''}`.trim()).join(', ')}${bad ? ' and a bad one' : ''}`,
    async run(world) {
      const member = memberOf(world, who);
      const first = world.posts + 1;
      world.posts += items.length;
      const bodies: unknown[] = items.map((each, index) => bodyOf(each, first + index));
      if (bad) bodies.push({ event_type: '', payload: {} });
      const { status, json, text } = await ask(world, member, 'POST', '/v1/events/batch', { events: bodies });
      const counts = { accepted: 0, duplicates: 0, failed: bad ? 1 : 0 };
      for (const [index, each] of items.entries()) {
        const result = json.results[index];
        const before = member.inbox.keyed(each.key, world.now);
        if (!before) {
          counts.accepted += 1;
          assert.deepEqual(result, { index, status: 'accepted', event_id: result.event_id }, text);
          accept(world, member, each, first + index, result.event_id);
        } else if (before.content === each.type) {
          counts.duplicates += 1;
          assert.deepEqual(result, { index, status: 'duplicate', event_id: before.id });
        } else {
          counts.failed += 1;
          assert.deepEqual([result.status, result.error.code], ['failed', 'idempotency_key_reused']);
        }
      }
      assert.deepEqual({ accepted: json.accepted, duplicates: json.duplicates, failed: json.failed }, counts);
      assert.equal(status, counts.failed > 0 ? 207 : 200);
    },
  };
}
