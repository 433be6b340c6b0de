import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Answer } from '../helper/app.ts';
import type { ModelEvent, Op, Outcome } from './model.ts';
import { advance, type Member, refusedSoon, revokeAnother, type World } from './world.ts';

/** One thing that a partner, or time, does: done to the service and to the model, and compared. */
export type Command = { name: string; run(world: World): Promise<void> };

const types = ['a.x', 'b.y'] as const;
const shape = { who: fc.nat(1), type: fc.constantFrom(...types) };
const filter = fc.option(fc.constantFrom(...types), { nil: undefined, freq: 3 });
/** Which event a command is about, and whether it is named to its owner or to the other partner. */
const target = { who: fc.nat(1), which: fc.nat(30), foreign: fc.boolean().map((yes) => yes) };
const tokenKind = fc.constantFrom('latest', 'latest', 'latest', 'earlier', 'none', 'made up');
const madeUp = '01234567-89ab-4cde-8f01-23456789abcd';

const member = ({ members }: World, who: number) => members[who] as Member;
const ids = (answer: Answer) => answer.json.events.map((event: { event_id: string }) => event.event_id);
const eventTime = (id: string) => Number.parseInt(id.slice(4, 12) + id.slice(13, 17), 16);

function expectOutcome(answer: Answer, expected: Outcome, name: string): void {
  assert.equal(answer.status, expected.status, `${name}: ${answer.text}, expected ${JSON.stringify(expected)}`);
  if (expected.code) assert.equal(answer.json.code, expected.code, name);
  else assert.equal(resultOf(answer.json), expected.result, name);
}

/** The outcome as the model words it. */
function resultOf(json: Record<string, unknown>): string {
  const again = json.already_acknowledged ?? json.already_dead_lettered ?? json.already_expunged;
  return `${json.status}${again ? ' again' : ''}${json.already_pending ? ' already' : ''}`;
}

function pick({ inbox }: Member, which: number): ModelEvent | undefined {
  return inbox.events[which % Math.max(1, inbox.events.length)];
}

function tokenOf(owner: Member, event: ModelEvent, kind: string): string | null {
  if (kind === 'none') return null;
  if (kind === 'made up') return madeUp;
  const given = owner.tokens.get(event.id) ?? [];
  return (kind === 'latest' ? event.token : given.at(-2)) ?? madeUp;
}

const post = fc.record({ ...shape, key: fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined }) }).map(
  ({ who, type, key }): Command => ({
    name: `post ${who} ${type} ${key ?? ''}`,
    async run(world) {
      const { inbox, key: apiKey } = member(world, who);
      const body = { event_type: type, payload: { of: who }, ...(key && { idempotency_key: key }) };
      const answer = await world.app.request('POST', '/v1/events', { key: apiKey, body });
      const before = key === undefined ? undefined : inbox.keys.get(key);
      if (before && before.content !== type) {
        assert.equal(answer.status, 422, answer.text);
        return;
      }
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.duplicate, before !== undefined);
      if (before) assert.equal(answer.json.event_id, before.id);
      else inbox.store(answer.json.event_id, type, eventTime(answer.json.event_id));
      if (key && !before) inbox.keys.set(key, { id: answer.json.event_id, content: type });
    },
  }),
);

const batch = fc.record({ ...shape, count: fc.integer({ min: 1, max: 6 }) }).map(
  ({ who, type, count }): Command => ({
    name: `batch ${who} ${count} ${type}`,
    async run(world) {
      const { inbox, key } = member(world, who);
      const body = [...Array.from({ length: count }, () => ({ event_type: type, payload: { of: who } })), { event_type: '', payload: {} }];
      const answer = await world.app.request('POST', '/v1/events/batch', { key, body });
      assert.equal(answer.status, 207);
      assert.equal(answer.json.accepted, count);
      for (const { event_id } of answer.json.results.slice(0, count)) inbox.store(event_id, type, eventTime(event_id));
    },
  }),
);

const poll = fc.record({ who: fc.nat(1), filter, limit: fc.integer({ min: 1, max: 20 }), all: fc.boolean() }).map(
  ({ who, filter, limit, all }): Command => ({
    name: `poll ${who} ${limit} ${filter ?? ''} ${all ? 'all' : ''}`,
    async run(world) {
      const { inbox, key } = member(world, who);
      const query = `limit=${limit}&include_leased=${all}${filter ? `&event_type=${filter}` : ''}`;
      const answer = await world.app.request('GET', `/v1/inbox?${query}`, { key });
      const expected = inbox.shown(world.now, filter, all);
      assert.deepEqual(
        answer.json.events.map((event: Shown) => [event.event_id, event.delivery.count, event.delivery.replayed, event.payload.of]),
        expected.slice(0, limit).map((event) => [event.id, event.deliveries, event.replayed, who]),
      );
      assert.equal(answer.json.has_more, expected.length > limit);
    },
  }),
);
type Shown = { event_id: string; delivery: { count: number; replayed: boolean }; payload: { of: number }; lease_token: string };

const receive = fc
  .record({
    who: fc.nat(1),
    max: fc.integer({ min: 1, max: 8 }),
    seconds: fc.integer({ min: 5, max: 40 }),
    filter,
    again: fc.option(fc.constantFrom('r1', 'r2'), { nil: undefined }),
  })
  .map(
    ({ who, max, seconds, filter, again }): Command => ({
      name: `receive ${who} ${max} for ${seconds} s ${filter ?? ''} ${again ?? ''}`,
      async run(world) {
        const { inbox, key, tokens } = member(world, who);
        const body = {
          max_events: max,
          lease_seconds: seconds,
          ...(filter && { event_types: [filter] }),
          ...(again && { receive_id: again }),
        };
        const answer = await world.app.request('POST', '/v1/inbox/receive', { key, body });
        assert.equal(answer.status, 200, answer.text);
        const events: Shown[] = answer.json.events;
        const repeated = again === undefined ? undefined : inbox.repeated(again, world.now);
        if (repeated) {
          assert.deepEqual(
            events.map((event) => [event.event_id, event.lease_token, event.delivery.count]),
            repeated.map((event) => [event.id, event.token, event.deliveries]),
          );
          return;
        }
        const given = events.map((event) => ({ id: event.event_id, token: event.lease_token }));
        assert.deepEqual(
          given.map(({ id }) => id),
          inbox
            .shown(world.now, filter)
            .slice(0, max)
            .map(({ id }) => id),
        );
        inbox.lease(given, world.now, world.now + seconds * 1000);
        for (const [index, { id, token }] of given.entries()) {
          assert.equal(events[index]?.delivery.count, inbox.events.find((event) => event.id === id)?.deliveries);
          tokens.set(id, [...(tokens.get(id) ?? []), token]);
        }
        if (again && given.length > 0) inbox.receives.set(again, { at: world.now, leases: given.map(({ id, token }) => [id, token]) });
      },
    }),
  );

const settle = fc
  .record({
    ...target,
    op: fc.constantFrom<Op>('acknowledge', 'acknowledge', 'release', 'reject', 'extend'),
    tokenKind,
    seconds: fc.integer({ min: 5, max: 40 }),
    now: fc.boolean(),
  })
  .map(
    ({ who, which, foreign, op, tokenKind, seconds, now }): Command => ({
      name: `${op} ${who} #${which} with ${tokenKind}${foreign ? ' by the other' : ''}`,
      async run(world) {
        const owner = member(world, who);
        const event = pick(owner, which);
        if (!event) return;
        const token = tokenOf(owner, event, tokenKind) ?? (op === 'release' || op === 'extend' ? madeUp : null);
        const delay = op === 'release' && now ? 0 : seconds;
        const body = {
          ...(token !== null && { lease_token: token }),
          ...(op === 'release' && { delay_seconds: delay }),
          ...(op === 'extend' && { lease_seconds: seconds }),
        };
        const stranger = foreign && which % 5 === 0;
        const { key, inbox } = stranger ? member(world, 1 - who) : owner;
        const answer = await world.app.request('PATCH', `/v1/events/${event.id}/${op}`, { key, body });
        expectOutcome(answer, inbox.settle(event.id, op, token, delay, world.now), `${op} ${event.id}`);
      },
    }),
  );

const settleMany = fc.record({ who: fc.nat(1), picks: fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 8 }) }).map(
  ({ who, picks }): Command => ({
    name: `settle ${who} ${picks.join(',')}`,
    async run(world) {
      const { inbox, key } = member(world, who);
      const events = [...new Set(picks.flatMap((which) => pick(member(world, who), which) ?? []))];
      if (events.length === 0) return;
      const list = (part: number) => events.filter((_event, index) => index % 3 === part);
      const item = ({ id, token }: ModelEvent) => ({ event_id: id, lease_token: token ?? madeUp });
      const body = { acknowledge: list(0).map(item), release: list(1).map(item), reject: list(2).map(item) };
      const answer = await world.app.request('POST', '/v1/inbox/settle', { key, body });
      const expected = (['acknowledge', 'release', 'reject'] as const).flatMap((op, part) =>
        list(part).map((event) => inbox.settle(event.id, op, event.token ?? madeUp, 0, world.now)),
      );
      assert.deepEqual(
        answer.json.results.map((result: { error?: { code: string } }) => result.error?.code ?? resultOf(result)),
        expected.map(({ code, result }) => code ?? result),
      );
      assert.equal(answer.status, expected.every(({ status }) => status === 200) ? 200 : 207);
    },
  }),
);

const single = (
  name: string,
  method: string,
  path: (id: string) => string,
  expected: (world: World, owner: Member, id: string) => Outcome,
) =>
  fc.record(target).map(
    ({ who, which, foreign }): Command => ({
      name: `${name} ${who} #${which}${foreign ? ' by the other' : ''}`,
      async run(world) {
        const event = pick(member(world, who), which);
        if (!event) return;
        const caller = foreign && which % 5 === 0 ? member(world, 1 - who) : member(world, who);
        const answer = await world.app.request(method, path(event.id), { key: caller.key });
        expectOutcome(answer, expected(world, caller, event.id), `${name} ${event.id}`);
      },
    }),
  );

const replay = single(
  'replay',
  'POST',
  (id) => `/v1/events/${id}/replay`,
  ({ now }, { inbox }, id) => inbox.bringBack(id, false, now),
);
const redrive = single(
  'redrive',
  'POST',
  (id) => `/v1/dead-letters/${id}/redrive`,
  ({ now }, { inbox }, id) => inbox.bringBack(id, true, now),
);
const expunge = single(
  'expunge',
  'DELETE',
  (id) => `/v1/events/${id}/payload`,
  ({ now }, { inbox }, id) => inbox.expunge(id, now),
);

const lookUp = fc.record({ who: fc.nat(1), which: fc.nat(30) }).map(
  ({ who, which }): Command => ({
    name: `look up ${who} #${which}`,
    async run(world) {
      const { inbox, key } = member(world, who);
      const event = pick(member(world, who), which);
      if (!event) return;
      const answer = await world.app.request('GET', `/v1/events/${event.id}`, { key });
      if (inbox.isExpired(event, world.now)) return assert.equal(answer.status, 404);
      assert.equal(answer.json.status, inbox.statusOf(event, world.now), answer.text);
      if (event.place !== 'expunged') assert.equal(answer.json.delivery.count, event.deliveries, answer.text);
    },
  }),
);

const deadLetters = fc.record({ who: fc.nat(1) }).map(
  ({ who }): Command => ({
    name: `dead letters ${who}`,
    async run(world) {
      const { inbox, key } = member(world, who);
      const answer = await world.app.request('GET', '/v1/dead-letters?limit=500', { key });
      const shown = answer.json.dead_letters.map((each: { event_id: string; reason: string }) => `${each.event_id} ${each.reason}`);
      assert.deepEqual(
        shown.sort(),
        inbox.deadLetters(world.now).map(({ id, reason }) => `${id} ${reason}`),
      );
    },
  }),
);

const pass = fc.integer({ min: 1, max: 45 }).map(
  (seconds): Command => ({
    name: `${seconds} s pass`,
    run: (world) => advance(world, seconds * 1000),
  }),
);

const rotate = fc.record({ who: fc.nat(1) }).map(
  ({ who }): Command => ({
    name: `rotate ${who}`,
    async run(world) {
      const owner = member(world, who);
      const old = owner.key;
      const answer = await world.app.request('POST', '/v1/keys/rotate', { key: old, body: { grace_seconds: 0 } });
      assert.equal(answer.status, 200, answer.text);
      owner.key = answer.json.api_key;
      assert.equal((await world.app.request('GET', '/v1/usage', { key: owner.key })).status, 200, 'the new key is good at once');
      await refusedSoon(world, old);
    },
  }),
);

const revoke = fc.record({ who: fc.nat(1) }).map(
  ({ who }): Command => ({
    name: `revoke another key of ${who}`,
    run: (world) => revokeAnother(world, member(world, who)),
  }),
);

/** Commands in the proportion in which they find most. */
export const commands = fc.oneof(
  { weight: 4, arbitrary: post },
  { weight: 3, arbitrary: batch },
  { weight: 4, arbitrary: poll },
  { weight: 8, arbitrary: receive },
  { weight: 12, arbitrary: settle },
  { weight: 4, arbitrary: settleMany },
  { weight: 3, arbitrary: replay },
  { weight: 3, arbitrary: redrive },
  { weight: 1, arbitrary: expunge },
  { weight: 3, arbitrary: lookUp },
  { weight: 2, arbitrary: deadLetters },
  { weight: 6, arbitrary: pass },
  { weight: 1, arbitrary: rotate },
  { weight: 1, arbitrary: revoke },
);

/** In the end the inboxes are emptied: what comes out is what the model has, and then nothing more. */
export async function drain(world: World): Promise<void> {
  for (const { inbox, key } of world.members) {
    const page = await world.app.request('GET', '/v1/inbox?limit=500&include_leased=true', { key });
    const left = inbox.shown(world.now, undefined, true).map(({ id }) => id);
    assert.deepEqual(ids(page), left);
    if (left.length === 0) continue;
    const answer = await world.app.request('POST', '/v1/events/acknowledge', { key, body: { event_ids: left } });
    assert.equal(answer.json.acknowledged, left.length, answer.text);
    assert.deepEqual(ids(await world.app.request('GET', '/v1/inbox?include_leased=true', { key })), []);
  }
}
