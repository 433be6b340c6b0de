import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Answer } from '../../helper/app.ts';
import { iso, type ModelEvent, type Op, type Outcome, type Settlement } from '../model.ts';
import type { Member, World } from '../world.ts';

/** One thing that a partner, or time, does: done to the service and to the model, and compared. */
export type Command = { name: string; run(world: World): Promise<void> };

export const types = ['a.x', 'b.y'] as const;
export const typeFilter = fc.option(fc.constantFrom(...types), { nil: undefined, freq: 3 });
export const who = fc.nat(1);
/**
 * Which event a command is about: one that was meant before, one in the place where the command is for, or any, also one that was thrown away.
 * `foreign`: it is named by the other partner.
 */
export const targetIn = (place: Pool) => ({
  who,
  which: fc.nat(60),
  among: fc.constantFrom<Pool | 'recent' | 'any'>('recent', 'recent', 'recent', place, place, place, place, place, 'any'),
  foreign: fc.nat(11).map((chance) => chance === 0),
});
export const target = targetIn('inbox');

export type Pool = 'inbox' | 'leased' | 'acknowledged' | 'dead';
export const tokenKind = fc.constantFrom('latest', 'latest', 'latest', 'earlier', 'none', 'another event’s', 'the other’s', 'made up');
const madeUp = ['01234567-89ab-4cde-8f01-23456789abcd', 'no token', ''];

export const memberOf = ({ members }: World, index: number) => members[index] as Member;

/** An event's id; when the member has none, one that nobody was given. */
export function pickId({ inbox, recent }: Member, which: number, among: string, now: number): string {
  const there = inbox.events.filter((event) => !inbox.isExpired(event, now));
  const isIn = (event: ModelEvent) => (among === 'leased' ? event.place === 'inbox' && event.token !== null : event.place === among);
  const all = [...inbox.deleted, ...inbox.events.map(({ id }) => id)];
  const pools = [among === 'recent' ? recent : there.filter(isIn).map(({ id }) => id), all];
  const [first = []] = pools.filter((ids) => ids.length > 0);
  const id = first[which % Math.max(1, first.length)] ?? 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a';
  const others = recent.filter((each) => each !== id && inbox.find(each, now));
  recent.splice(0, recent.length, ...(inbox.find(id, now) ? [id] : []), ...others.slice(0, 3));
  return id;
}

/** The text of a token of the given kind for an event, or null for none. */
export function tokenOf({ members }: World, owner: Member, id: string, kind: string, which: number): string | null {
  const given = owner.tokens.get(id) ?? [];
  const latest = owner.inbox.events.find((event) => event.id === id)?.token;
  const stranger = members.find((each) => each !== owner) as Member;
  const some = (tokens: Map<string, string[]>) => [...tokens].filter(([other]) => other !== id).flatMap(([, all]) => all)[which];
  const found = {
    none: null,
    latest,
    earlier: given.findLast((token) => token !== latest),
    'another event’s': some(owner.tokens),
    'the other’s': some(stranger.tokens),
  }[kind];
  return found === undefined ? (madeUp[which % madeUp.length] as string) : found;
}

/** A settlement as the body of a request has it. */
export function bodyOf({ op, token, seconds, reason }: Settlement): Record<string, unknown> {
  return {
    ...(token !== null && { lease_token: token }),
    ...(op === 'release' && { delay_seconds: seconds }),
    ...(op === 'extend' && { lease_seconds: seconds }),
    ...(reason !== null && { reason }),
  };
}

/** A release and an extension need a token. */
export function settlement(op: Op, token: string | null, seconds: number, reason: string | null): Settlement {
  const needed = op === 'release' || op === 'extend';
  return { op, token: needed ? (token ?? (madeUp[0] as string)) : token, seconds, reason: op === 'reject' ? reason : null };
}

/** The answer is what the model says, member for member. */
export function expectOutcome(answer: Answer, id: string, { status, code, members }: Outcome): void {
  assert.equal(answer.status, status, `${answer.text}, where the model says ${code ?? JSON.stringify(members)}`);
  if (code) assert.equal(answer.json.code, code);
  else assert.deepEqual(answer.json, { event_id: id, ...members });
}

/** The same for an item of a list of results; where it stood is in `place`. */
export function expectItem(item: Record<string, unknown>, id: string, { code, members }: Outcome, place: object): void {
  const { error, ...rest } = item as { error?: { code: string } };
  if (code) assert.deepEqual({ ...rest, code: error?.code }, { ...place, event_id: id, status: 'failed', code });
  else assert.deepEqual(item, { ...place, event_id: id, ...members });
}

/** An event as every answer shows it, but for what the answer adds. */
export function shownEvent(event: ModelEvent, { inbox }: Member): Record<string, unknown> {
  const received = iso(event.receivedAt);
  return {
    event_id: event.id,
    event_type: event.type,
    timestamp: received,
    metadata: null,
    trace_parent: null,
    payload: event.place === 'expunged' ? {} : { n: event.n },
    received_at: received,
    expires_at: iso(event.receivedAt + inbox.retention),
    delivery: { count: event.deliveries, replayed: event.replayed },
  };
}

/** A request of a member, with its key. */
export function ask({ app }: World, { key }: Member, method: string, path: string, body?: unknown): Promise<Answer> {
  return app.request(method, path, { key, ...(body !== undefined && { body }) });
}
