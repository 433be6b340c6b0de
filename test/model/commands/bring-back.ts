import assert from 'node:assert/strict';
import fc from 'fast-check';
import { iso, type Outcome } from '../model.ts';
import type { Member } from '../world.ts';
import { ask, type Command, expectOutcome, memberOf, pickId, target, targetIn, typeFilter, who } from './command.ts';

/** A command about one event, without options. */
const single = (
  place: 'inbox' | 'acknowledged' | 'dead',
  name: string,
  method: string,
  path: (id: string) => string,
  expected: (inbox: Member['inbox'], id: string, now: number) => Outcome,
) =>
  fc.record(targetIn(place)).map(
    ({ who, which, among, foreign }): Command => ({
      name: `${who} ${name} #${which}${foreign ? ' as the other' : ''}`,
      async run(world) {
        const id = pickId(memberOf(world, who), which, among, world.now);
        const caller = memberOf(world, foreign ? 1 - who : who);
        const answer = await ask(world, caller, method, path(id));
        expectOutcome(answer, id, expected(caller.inbox, id, world.now));
      },
    }),
  );

export const replay = single(
  'acknowledged',
  'replays',
  'POST',
  (id) => `/v1/events/${id}/replay`,
  (inbox, id, now) => inbox.bringBack(id, false, now),
);
export const redrive = single(
  'dead',
  'redrives',
  'POST',
  (id) => `/v1/dead-letters/${id}/redrive`,
  (inbox, id, now) => inbox.bringBack(id, true, now),
);
export const expunge = single(
  'inbox',
  'expunges',
  'DELETE',
  (id) => `/v1/events/${id}/payload`,
  (inbox, id, now) => inbox.expunge(id, now),
);
export const throwAway = single(
  'dead',
  'throws away',
  'DELETE',
  (id) => `/v1/dead-letters/${id}`,
  (inbox, id, now) => inbox.throwAway(id, now),
);

/** Ends of a range of time, in seconds before and after now. */
const range = { from: fc.integer({ min: 0, max: 150 }), to: fc.integer({ min: -60, max: 60 }) };
const dryRun = fc.nat(3).map((chance) => chance === 0);

export const redriveByFilter = fc
  .record({ who, ...range, type: typeFilter, reason: fc.constantFrom(undefined, 'rejected', 'max_deliveries_exceeded'), dryRun })
  .map(
    ({ who, from, to, type, reason, dryRun }): Command => ({
      name: `${who} redrives ${type ?? ''} ${reason ?? ''} from -${from} s to ${to} s${dryRun ? ', only to count' : ''}`,
      async run(world) {
        const member = memberOf(world, who);
        const { inbox } = member;
        const [start, end] = [world.now - from * 1000, world.now + to * 1000];
        const filter = { from: iso(start), to: iso(end), ...(type && { event_types: [type] }), ...(reason && { reason }) };
        const { json, text } = await ask(world, member, 'POST', '/v1/dead-letters/redrive', { filter, dry_run: dryRun });
        const matching = inbox
          .deadLetters(world.now)
          .filter((event) => !inbox.isExpired(event, world.now) && (event.deadAt as number) >= start && (event.deadAt as number) < end)
          .filter((event) => (!type || event.type === type) && (!reason || event.reason === reason));
        const matched = matching.length;
        assert.deepEqual(json, dryRun ? { matched, dry_run: true } : { matched, moved: matched }, text);
        if (!dryRun) for (const { id } of matching) inbox.bringBack(id, true, world.now);
      },
    }),
  );

export const redriveByIds = fc.record({ who, picks: fc.array(fc.record(target), { minLength: 1, maxLength: 6 }), dryRun }).map(
  ({ who, picks, dryRun }): Command => ({
    name: `${who} redrives ${picks.map(({ which }) => `#${which}`).join(', ')}${dryRun ? ', only to count' : ''}`,
    async run(world) {
      const member = memberOf(world, who);
      const { inbox } = member;
      const dead = inbox.deadLetters(world.now).map(({ id }) => id);
      const some = picks.map(({ which, foreign }) =>
        foreign || dead.length === 0
          ? pickId(memberOf(world, foreign ? 1 - who : who), which, 'any', world.now)
          : (dead[which % dead.length] as string),
      );
      const ids = [...new Set(some)];
      const { json, text } = await ask(world, member, 'POST', '/v1/dead-letters/redrive', { event_ids: ids, dry_run: dryRun });
      const matching = ids.filter((id) => inbox.find(id, world.now)?.place === 'dead');
      const unmatched = ids.filter((id) => !matching.includes(id));
      const matched = matching.length;
      assert.deepEqual(json, dryRun ? { matched, dry_run: true } : { matched, moved: matched, unmatched }, text);
      if (!dryRun) for (const id of matching) inbox.bringBack(id, true, world.now);
    },
  }),
);

export const replayMany = fc
  .record({
    who,
    ...range,
    type: typeFilter,
    status: fc.constantFrom(undefined, 'acknowledged', 'dead_lettered', 'any'),
    limit: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 2 }),
    dryRun,
  })
  .map(
    ({ who, from, to, type, status, limit, dryRun }): Command => ({
      name: `${who} replays ${limit ?? 'all'} ${status ?? ''} ${type ?? ''} from -${from} s to ${to} s${dryRun ? ', only to count' : ''}`,
      async run(world) {
        const member = memberOf(world, who);
        const { inbox } = member;
        const [start, end] = [world.now - from * 1000, world.now + to * 1000];
        const filter = { from: iso(start), to: iso(end), ...(type && { event_types: [type] }), ...(status && { status }) };
        const body = { filter, dry_run: dryRun, ...(limit !== undefined && { limit }) };
        const { json, text } = await ask(world, member, 'POST', '/v1/events/replay', body);
        const places = { acknowledged: ['acknowledged'], dead_lettered: ['dead'], any: ['acknowledged', 'dead'] }[
          status ?? 'acknowledged'
        ] as string[];
        const matching = inbox.events
          .filter((event) => places.includes(event.place) && !inbox.isExpired(event, world.now) && (!type || event.type === type))
          .filter(({ receivedAt }) => receivedAt >= start && receivedAt < end)
          .slice(0, limit);
        const matched = matching.length;
        assert.deepEqual(json, dryRun ? { matched, dry_run: true } : { matched, moved: matched }, text);
        if (!dryRun) for (const { id } of matching) inbox.bringBack(id, false, world.now);
      },
    }),
  );
