import assert from 'node:assert/strict';
import fc from 'fast-check';
import { iso, type ModelEvent, type Op } from '../model.ts';
import { advance } from '../world.ts';
import {
  ask,
  bodyOf,
  type Command,
  expectItem,
  expectOutcome,
  memberOf,
  pickId,
  settlement,
  shownEvent,
  target,
  targetIn,
  tokenKind,
  tokenOf,
  typeFilter,
  who,
} from './command.ts';

const ops = ['acknowledge', 'release', 'reject', 'extend'] as const;
const seconds = fc.integer({ min: 5, max: 40 });
const reason = fc.constantFrom(null, 'cannot be handled', '"quotes", \\ and \u{1f4a5}');

export const receive = fc
  .record({
    who,
    max: fc.integer({ min: 1, max: 4 }),
    // Long leases reach the limit of twelve hours; they outlive the retention of the first partner.
    seconds: fc.oneof({ arbitrary: seconds, weight: 15 }, { arbitrary: fc.constant(3_600), weight: 1 }),
    type: typeFilter,
    again: fc.option(fc.constantFrom('r1', 'r2'), { nil: undefined, freq: 2 }),
  })
  .map(
    ({ who, max, seconds, type, again }): Command => ({
      name: `${who} receives ${max} ${type ?? ''} for ${seconds} s ${again ?? ''}`,
      async run(world) {
        const member = memberOf(world, who);
        const { inbox, tokens } = member;
        const body = {
          ...{ max_events: max, lease_seconds: seconds },
          ...(type && { event_types: [type] }),
          ...(again && { receive_id: again }),
        };
        const { status, json, text } = await ask(world, member, 'POST', '/v1/inbox/receive', body);
        assert.equal(status, 200, text);
        assert.equal(json.count, json.events.length);
        const leased = (event: ModelEvent) => ({
          ...shownEvent(event, member),
          lease_token: event.token,
          lease_expires_at: iso(event.visibleAt as number),
        });
        const repeated = again === undefined ? undefined : inbox.repeated(again, world.now);
        if (repeated) return assert.deepEqual(json.events, repeated.map(leased));
        const given = (json.events as { event_id: string; lease_token: string }[]).map(({ event_id: id, lease_token: token }) => ({
          id,
          token,
        }));
        const ids = given.map(({ id }) => id);
        const free = inbox.shown(world.now, type).map(({ id }) => id);
        assert.ok(inbox.mayGive(ids, max, world.now, type), `${ids} of ${free} are the oldest ${max}`);
        const known = new Set(world.members.flatMap((each) => [...each.tokens.values()].flat()));
        for (const { token } of given) assert.ok(!known.has(token), 'the token is a new one');
        inbox.lease(given, world.now, world.now + seconds * 1000);
        assert.deepEqual(
          json.events,
          ids.map((id) => leased(inbox.find(id, world.now) as ModelEvent)),
        );
        for (const { id, token } of given) tokens.set(id, [...(tokens.get(id) ?? []), token]);
        if (again && given.length > 0) inbox.receives.set(again, { at: world.now, leases: given.map(({ id, token }) => [id, token]) });
      },
    }),
  );

export const settle = fc
  .record({ ...targetIn('leased'), op: fc.constantFrom<Op>(...ops, 'release'), tokenKind, seconds, atOnce: fc.boolean(), reason })
  .map(
    ({ who, which, among, foreign, op, tokenKind, seconds, atOnce, reason }): Command => ({
      name: `${who} has #${which} ${op}d with ${tokenKind} token, ${seconds} s${foreign ? ', by the other' : ''}`,
      async run(world) {
        const owner = memberOf(world, who);
        const id = pickId(owner, which, among, world.now);
        const delay = op === 'release' && atOnce ? 0 : seconds;
        const how = settlement(op, tokenOf(world, owner, id, tokenKind, which), delay, reason);
        const caller = foreign ? memberOf(world, 1 - who) : owner;
        const answer = await ask(world, caller, 'PATCH', `/v1/events/${id}/${op}`, bodyOf(how));
        expectOutcome(answer, id, caller.inbox.settle(id, how, world.now));
      },
    }),
  );

/** A worker holds an event for twelve hours, and not a second longer. */
export const holdToTheLimit = fc.record({ which: fc.nat(60), soon: fc.boolean() }).map(
  ({ which, soon }): Command => ({
    name: `1 holds #${which} for twelve hours${soon ? ', extended before' : ''}`,
    async run(world) {
      const member = memberOf(world, 1);
      const held = member.inbox
        .shown(world.now, undefined, true)
        .filter((event) => event.leasedAt !== null && !(event.lastDelivery && (event.visibleAt as number) <= world.now));
      const event = held[which % Math.max(1, held.length)];
      if (!event) return;
      const extend = async (seconds: number) => {
        const how = settlement('extend', event.token, seconds, null);
        const answer = await ask(world, member, 'PATCH', `/v1/events/${event.id}/extend`, bodyOf(how));
        expectOutcome(answer, event.id, member.inbox.settle(event.id, how, world.now));
      };
      if (soon) await extend(3_600);
      const end = (event.leasedAt as number) + 12 * 3_600_000;
      if (end - 6_000 > world.now) await advance(world, end - 6_000 - world.now);
      await extend(7);
      await extend(6);
    },
  }),
);

const item = fc.record({ ...targetIn('leased'), op: fc.constantFrom(...ops), tokenKind, seconds, reason });

/** Many events at once, in every way, also the other partner's. */
export const settleMany = fc.record({ who, items: fc.array(item, { minLength: 1, maxLength: 8 }) }).map(
  ({ who, items }): Command => ({
    name: `${who} settles ${items.map(({ op, which, tokenKind }) => `#${which} ${op} ${tokenKind}`).join(', ')}`,
    async run(world) {
      const member = memberOf(world, who);
      const chosen = new Map(
        items.map(({ which, among, foreign, op, tokenKind, seconds, reason }) => {
          const owner = foreign ? memberOf(world, 1 - who) : member;
          const id = pickId(owner, which, among, world.now);
          return [id, settlement(op, tokenOf(world, owner, id, tokenKind, which), seconds, reason)];
        }),
      );
      const lists = ops.map((op) => [op, [...chosen].filter(([, how]) => how.op === op)] as const);
      const body = Object.fromEntries(lists.map(([op, list]) => [op, list.map(([id, how]) => ({ event_id: id, ...bodyOf(how) }))]));
      const { status, json } = await ask(world, member, 'POST', '/v1/inbox/settle', body);
      const expected = lists.flatMap(([list, all]) =>
        all.map(([id, how], index) => ({ place: { list, index }, id, outcome: member.inbox.settle(id, how, world.now) })),
      );
      for (const [at, { id, outcome, place }] of expected.entries()) expectItem(json.results[at], id, outcome, place);
      const failed = expected.filter(({ outcome }) => outcome.code).length;
      assert.deepEqual([status, json.failed, json.settled], [failed > 0 ? 207 : 200, failed, expected.length - failed]);
    },
  }),
);

export const acknowledgeMany = fc.record({ who, picks: fc.array(fc.record(target), { minLength: 1, maxLength: 6 }) }).map(
  ({ who, picks }): Command => ({
    name: `${who} acknowledges ${picks.map(({ which }) => `#${which}`).join(', ')}`,
    async run(world) {
      const member = memberOf(world, who);
      const ids = picks.map(({ which, among, foreign }) => pickId(memberOf(world, foreign ? 1 - who : who), which, among, world.now));
      const unique = [...new Set(ids)];
      const { status, json } = await ask(world, member, 'POST', '/v1/events/acknowledge', { event_ids: unique });
      const how = settlement('acknowledge', null, 0, null);
      const outcomes = unique.map((id) => member.inbox.settle(id, how, world.now));
      for (const [index, outcome] of outcomes.entries()) expectItem(json.results[index], unique[index] as string, outcome, { index });
      const failed = outcomes.filter(({ code }) => code).length;
      const already = outcomes.filter(({ members }) => members?.already_acknowledged).length;
      assert.deepEqual([status, json.failed, json.already_acknowledged], [failed > 0 ? 207 : 200, failed, already]);
      assert.equal(json.acknowledged, unique.length - failed - already);
    },
  }),
);
