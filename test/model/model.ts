/**
 * What the contract says of an inbox, as plainly as it can be said: a list of events for each partner and what every command does to it.
 * Nothing here is shared with the service. Times in milliseconds.
 */
export type ModelEvent = {
  id: string;
  type: string;
  /** What its payload says: which post of the run it came with. */
  n: number;
  receivedAt: number;
  place: 'inbox' | 'acknowledged' | 'dead' | 'expunged';
  deliveries: number;
  replayed: boolean;
  /** Of the latest lease; null when there was none since the event came into the inbox. */
  token: string | null;
  leasedAt: number | null;
  visibleAt: number | null;
  /** Since when it is in the inbox as it is: stored, released, brought back. */
  backAt: number;
  lastDelivery: boolean;
  acknowledgedAt: number | null;
  deadAt: number | null;
  expungedAt: number | null;
  reason: 'rejected' | 'max_deliveries_exceeded' | null;
  detail: string | null;
};

export type Op = 'acknowledge' | 'release' | 'reject' | 'extend';

/** How an event is settled; `seconds` of a release's delay or of an extended lease. */
export type Settlement = { op: Op; token: string | null; seconds: number; reason: string | null };

/** An answer: the members beside the event's id, or the code of the refusal. */
export type Outcome = { status: number; code?: string; members?: Record<string, unknown> };

export const iso = (ms: number) => new Date(ms).toISOString();
const ok = (members: Record<string, unknown>): Outcome => ({ status: 200, members });
const refused = (status: number, code: string): Outcome => ({ status, code });
const unknown = refused(404, 'event_not_found');

const dayMs = 86_400_000;
const longestLeaseMs = 12 * 3_600_000;
const repeatableMs = 300_000;
const neverLeased = { deliveries: 0, token: null, leasedAt: null, visibleAt: null, lastDelivery: false };
const unsettled = { acknowledgedAt: null, deadAt: null, expungedAt: null, reason: null, detail: null };

export class ModelInbox {
  /** In the order of their ids. One that was thrown away is in `deleted` only. */
  readonly events: ModelEvent[] = [];
  readonly deleted: string[] = [];
  readonly keys = new Map<string, { id: string; content: string; at: number }>();
  readonly receives = new Map<string, { at: number; leases: [id: string, token: string][] }>();
  readonly retention: number;
  readonly maxDeliveries: number;

  constructor(retention: number, maxDeliveries: number) {
    this.retention = retention;
    this.maxDeliveries = maxDeliveries;
  }

  store(id: string, type: string, n: number, receivedAt: number): void {
    this.events.push({ id, type, n, receivedAt, backAt: receivedAt, place: 'inbox', replayed: false, ...neverLeased, ...unsettled });
  }

  /** Of an event that has not expired. */
  find(id: string, now: number): ModelEvent | undefined {
    return this.events.find((event) => event.id === id && !this.isExpired(event, now));
  }

  isExpired(event: ModelEvent, now: number): boolean {
    return event.receivedAt + this.retention <= now;
  }

  /** The event that an idempotency key was used for, while it is remembered. */
  keyed(key: string | undefined, now: number): { id: string; content: string } | undefined {
    const used = key === undefined ? undefined : this.keys.get(key);
    return used && used.at + Math.max(dayMs, this.retention) > now ? used : undefined;
  }

  /** In the inbox, in order: those that a poll shows, or with `all` also those under a lease or a delay. */
  shown(now: number, type?: string, all = false): ModelEvent[] {
    return this.events.filter((event) => {
      if (event.place !== 'inbox' || this.isExpired(event, now) || (type !== undefined && event.type !== type)) return false;
      if (event.visibleAt === null) return true;
      return event.visibleAt <= now ? !event.lastDelivery : all;
    });
  }

  /**
   * Whether a receive of at most `max` may give these: the oldest that are free, and as many as there are. Only what came free within the last second may
   * be stepped over, while there are enough others.
   */
  mayGive(ids: string[], max: number, now: number, type?: string): boolean {
    const free = this.shown(now, type);
    const given = free.filter(({ id }) => ids.includes(id));
    const last = given.at(-1);
    const skipped = last ? free.slice(0, free.indexOf(last)).filter((event) => !given.includes(event)) : [];
    const inOrder = given.map(({ id }) => id).join() === ids.join();
    return inOrder && ids.length === Math.min(max, free.length) && skipped.every((event) => this.isJustFree(event, now));
  }

  /** Whether it came free within the last second: then a scan that begins behind it may step over it, if it finds enough others. */
  isJustFree({ backAt, visibleAt }: ModelEvent, now: number): boolean {
    return Math.max(backAt, visibleAt ?? 0) > now - 1_000;
  }

  /** Leases what a receive has given; the tokens are the service's. */
  lease(given: { id: string; token: string }[], now: number, until: number): void {
    for (const { id, token } of given) {
      const event = this.find(id, now) as ModelEvent;
      event.deliveries += 1;
      event.lastDelivery = event.deliveries >= this.maxDeliveries;
      Object.assign(event, { token, leasedAt: now, visibleAt: until });
    }
  }

  /** What a repeated receive gives again: as far as its leases are still the latest, and were not given back. */
  repeated(receiveId: string, now: number): ModelEvent[] | undefined {
    const receive = this.receives.get(receiveId);
    if (!receive || receive.at < now - repeatableMs) return undefined;
    const isSame = (event: ModelEvent) => receive.leases.some(([id, token]) => id === event.id && token === event.token);
    return this.events.filter(
      (event) => event.place === 'inbox' && !this.isExpired(event, now) && event.leasedAt !== null && isSame(event),
    );
  }

  /** When something happens by itself the next time: a last lease lapses. */
  nextLapse(): number {
    const lapses = this.events.flatMap(({ place, lastDelivery, visibleAt }) =>
      place === 'inbox' && lastDelivery && visibleAt ? [visibleAt] : [],
    );
    return Math.min(...lapses);
  }

  /** Time has gone on: what has lapsed for the last time is a dead letter. */
  lapse(now: number): void {
    for (const event of this.events) {
      if (event.place === 'inbox' && event.lastDelivery && event.visibleAt !== null && event.visibleAt <= now) {
        bury(event, 'max_deliveries_exceeded', null, now);
      }
    }
  }

  settle(id: string, { op, token, seconds, reason }: Settlement, now: number): Outcome {
    const event = this.find(id, now);
    if (!event) return unknown;
    const mine = token === null || token === event.token;
    if (event.place === 'inbox') {
      if (!mine) return refused(409, event.token === null && (op === 'release' || op === 'extend') ? 'event_not_leased' : 'lease_lost');
      if (op === 'acknowledge') return acknowledge(event, now);
      if (op === 'reject') return bury(event, 'rejected', reason, now);
      if (op === 'release' && event.lastDelivery) return bury(event, 'max_deliveries_exceeded', null, now);
      const until = now + seconds * 1000;
      if (op === 'release') {
        Object.assign(event, { leasedAt: null, visibleAt: seconds === 0 ? null : until, backAt: now });
        return ok({ status: 'released', available_at: iso(until) });
      }
      if (until > (event.leasedAt ?? now) + longestLeaseMs) return refused(409, 'lease_limit');
      Object.assign(event, { leasedAt: event.leasedAt ?? now, visibleAt: until });
      return ok({ status: 'extended', lease_expires_at: iso(until) });
    }
    if (event.place === 'dead') {
      if (mine && op === 'acknowledge') return acknowledge(event, now);
      const again = op === 'reject' || (op === 'release' && event.reason === 'max_deliveries_exceeded');
      return mine && again ? ok({ ...deadMembers(event), already_dead_lettered: true }) : refused(409, 'lease_lost');
    }
    if (event.acknowledgedAt !== null && op === 'acknowledge' && mine)
      return ok({ status: 'acknowledged', acknowledged_at: iso(event.acknowledgedAt), already_acknowledged: true });
    return refused(409, event.place === 'expunged' ? 'payload_expunged' : 'lease_lost');
  }

  /** A replay, or with `deadOnly` a redrive. */
  bringBack(id: string, deadOnly: boolean, now: number): Outcome {
    const event = this.find(id, now);
    if (!event) return unknown;
    if (event.place === 'expunged') return refused(409, 'payload_expunged');
    if (event.place === 'inbox') return ok({ status: 'pending', already_pending: true });
    if (event.place === 'acknowledged' && deadOnly) return unknown;
    const replayed = !deadOnly || event.replayed;
    Object.assign(event, { place: 'inbox', backAt: now, replayed, ...neverLeased, ...unsettled });
    return ok({ status: 'pending' });
  }

  /** An event that was acknowledged is not replayed any more once it is acknowledged again or dead: only the inbox and the dead letters say so. */
  expunge(id: string, now: number): Outcome {
    const event = this.find(id, now);
    if (!event) return unknown;
    if (event.place === 'expunged') return ok({ status: 'expunged', expunged_at: iso(event.expungedAt as number), already_expunged: true });
    if (event.place !== 'acknowledged') event.deliveries = 0;
    Object.assign(event, { place: 'expunged', expungedAt: now, deadAt: null, reason: null, replayed: false });
    return ok({ status: 'expunged', expunged_at: iso(now) });
  }

  /** Newest first. They have the partner's retention from their death on, whether or not their event has expired. */
  deadLetters(now: number): ModelEvent[] {
    const dead = this.events.filter((event) => event.place === 'dead' && (event.deadAt as number) + this.retention > now);
    return dead.sort((a, b) => (b.deadAt as number) - (a.deadAt as number) || (a.id < b.id ? 1 : -1));
  }

  /** Throws a dead letter away, event and all. */
  throwAway(id: string, now: number): Outcome {
    if (!this.deadLetters(now).some((event) => event.id === id)) return unknown;
    const index = this.events.findIndex((event) => event.id === id);
    this.events.splice(index, 1);
    this.deleted.push(id);
    return ok({ status: 'deleted' });
  }

  statusOf(event: ModelEvent, now: number): string {
    if (event.place === 'dead') return 'dead_lettered';
    if (event.place !== 'inbox') return event.place;
    if (event.visibleAt === null || event.visibleAt <= now) return 'pending';
    return event.leasedAt === null ? 'delayed' : 'leased';
  }
}

function acknowledge(event: ModelEvent, now: number): Outcome {
  Object.assign(event, { place: 'acknowledged', ...unsettled, acknowledgedAt: now, replayed: false });
  return ok({ status: 'acknowledged', acknowledged_at: iso(now) });
}

function bury(event: ModelEvent, reason: ModelEvent['reason'], detail: string | null, now: number): Outcome {
  Object.assign(event, { place: 'dead', deadAt: now, reason, detail });
  return ok(deadMembers(event));
}

function deadMembers({ reason, deadAt }: ModelEvent): Record<string, unknown> {
  return { status: 'dead_lettered', reason, dead_lettered_at: iso(deadAt as number) };
}
