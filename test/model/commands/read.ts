import assert from 'node:assert/strict';
import fc from 'fast-check';
import { iso, type ModelEvent } from '../model.ts';
import type { Member, World } from '../world.ts';
import { ask, type Command, memberOf, pickId, shownEvent, target, targetIn, typeFilter, who } from './command.ts';

type Shown = Record<string, unknown>;

/** A pass over the inbox, page by page. */
export const walk = fc.record({ who, type: typeFilter, limit: fc.integer({ min: 1, max: 20 }), all: fc.boolean() }).map(
  ({ who, type, limit, all }): Command => ({
    name: `${who} walks ${type ?? 'everything'} by ${limit}${all ? ', leased too' : ''}`,
    async run(world) {
      const member = memberOf(world, who);
      const query = `/v1/inbox?limit=${limit}&include_leased=${all}${type ? `&event_type=${type}` : ''}`;
      const shown = await pages(world, member, query, 'events', limit);
      const isThere = (event: ModelEvent) => shown.some((each) => each.event_id === event.id);
      const mayMiss = (event: ModelEvent) => !type && !all && shown.length >= limit && member.inbox.isJustFree(event, world.now);
      const expected = member.inbox.shown(world.now, type, all).filter((event) => isThere(event) || !mayMiss(event));
      assert.deepEqual(
        shown,
        expected.map((event) => shownEvent(event, member)),
      );
    },
  }),
);

/** All that is behind a query; every page but the last is full. */
async function pages(world: World, member: Member, query: string, name: string, limit: number): Promise<Shown[]> {
  const all: Shown[] = [];
  for (let cursor = ''; ; ) {
    const { json, text, status } = await ask(world, member, 'GET', query + cursor);
    assert.equal(status, 200, text);
    assert.equal(json.count, json[name].length);
    all.push(...json[name]);
    assert.equal(json.has_more, json.next_cursor !== null);
    if (!json.has_more) return all;
    assert.equal(json.count, limit);
    cursor = `&cursor=${json.next_cursor}`;
  }
}

const statuses = ['pending', 'leased', 'delayed', 'acknowledged', 'dead_lettered', 'expunged'];

export const list = fc.record({ who, type: typeFilter, status: fc.option(fc.constantFrom(...statuses), { nil: undefined }) }).map(
  ({ who, type, status }): Command => ({
    name: `${who} lists ${type ?? 'everything'} ${status ?? ''}`,
    async run(world) {
      const member = memberOf(world, who);
      const { inbox } = member;
      const query = `/v1/events?limit=500${type ? `&event_type=${type}` : ''}${status ? `&status=${status}` : ''}`;
      const { json } = await ask(world, member, 'GET', query);
      const expected = inbox.events
        .filter((event) => !inbox.isExpired(event, world.now) && (!type || event.type === type))
        .map((event): Shown => ({ ...shownEvent(event, member), status: inbox.statusOf(event, world.now) }))
        .filter((event) => !status || event.status === status);
      assert.deepEqual(json.events, expected.reverse());
    },
  }),
);

export const lookUp = fc.record(target).map(
  ({ who, which, among, foreign }): Command => ({
    name: `${who} looks up #${which}${foreign ? ' as the other' : ''}`,
    async run(world) {
      const id = pickId(memberOf(world, who), which, among, world.now);
      await expectEvent(world, memberOf(world, foreign ? 1 - who : who), id);
    },
  }),
);

/** One event, whole, or that there is none. */
export async function expectEvent(world: World, member: Member, id: string): Promise<void> {
  const answer = await ask(world, member, 'GET', `/v1/events/${id}`);
  const event = member.inbox.find(id, world.now);
  if (!event) return assert.equal(answer.json.code, 'event_not_found', answer.text);
  const status = member.inbox.statusOf(event, world.now);
  assert.deepEqual(answer.json, { ...shownEvent(event, member), status, history: historyOf(event) });
}

function historyOf({ receivedAt, acknowledgedAt, deadAt, reason, expungedAt }: ModelEvent): Shown[] {
  const all: { status: string; ms: number | null; reason?: string | null }[] = [
    { status: 'received', ms: receivedAt },
    { status: 'acknowledged', ms: acknowledgedAt },
    { status: 'dead_lettered', ms: deadAt, reason },
    { status: 'expunged', ms: expungedAt },
  ];
  return all.flatMap(({ ms, status, ...more }) => (ms === null ? [] : [{ status, at: iso(ms), ...more }]));
}

function shownDeadLetter(event: ModelEvent, member: Member): Shown {
  const { retention } = member.inbox;
  const deadAt = event.deadAt as number;
  return {
    ...shownEvent(event, member),
    expires_at: iso(deadAt + retention),
    reason: event.reason,
    detail: event.detail,
    dead_lettered_at: iso(deadAt),
    redrivable_until: iso(event.receivedAt + retention),
  };
}

export const walkDeadLetters = fc.record({ who, type: typeFilter, limit: fc.integer({ min: 1, max: 5 }) }).map(
  ({ who, type, limit }): Command => ({
    name: `${who} walks the dead letters ${type ?? ''} by ${limit}`,
    async run(world) {
      const member = memberOf(world, who);
      const query = `/v1/dead-letters?limit=${limit}${type ? `&event_type=${type}` : ''}`;
      const expected = member.inbox.deadLetters(world.now).filter((event) => !type || event.type === type);
      assert.deepEqual(
        await pages(world, member, query, 'dead_letters', limit),
        expected.map((event) => shownDeadLetter(event, member)),
      );
    },
  }),
);

export const lookUpDead = fc.record(targetIn('dead')).map(
  ({ who, which, among, foreign }): Command => ({
    name: `${who} looks up the dead letter #${which}${foreign ? ' as the other' : ''}`,
    async run(world) {
      const id = pickId(memberOf(world, who), which, among, world.now);
      const member = memberOf(world, foreign ? 1 - who : who);
      const answer = await ask(world, member, 'GET', `/v1/dead-letters/${id}`);
      const event = member.inbox.deadLetters(world.now).find((each) => each.id === id);
      if (!event) return assert.equal(answer.json.code, 'event_not_found', answer.text);
      assert.deepEqual(answer.json, shownDeadLetter(event, member));
    },
  }),
);

export const stats = fc.record({ who }).map(
  ({ who }): Command => ({
    name: `${who} asks for the counts`,
    async run(world) {
      const member = memberOf(world, who);
      const { inbox } = member;
      const { json, text } = await ask(world, member, 'GET', '/v1/inbox/stats');
      const waiting = inbox.shown(world.now, undefined, true);
      const having = (status: string) => waiting.filter((event) => inbox.statusOf(event, world.now) === status);
      const next = Math.min(...waiting.flatMap(({ visibleAt }) => (visibleAt !== null && visibleAt > world.now ? [visibleAt] : [])));
      const oldest = having('pending')[0]?.receivedAt;
      const expected = {
        pending: having('pending').length,
        leased: having('leased').length,
        delayed: having('delayed').length,
        dead_letters: inbox.deadLetters(world.now).length,
        oldest_pending_at: oldest === undefined ? null : iso(oldest),
        oldest_pending_seconds: oldest === undefined ? null : Math.floor((world.now - oldest) / 1000),
        next_available_at: next === Number.POSITIVE_INFINITY ? null : iso(next),
        counted_at: iso(world.now),
      };
      assert.deepEqual(json, expected, text);
    },
  }),
);
