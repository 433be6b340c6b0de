/**
 * What the contract says of an inbox, as plainly as it can be said: a list of events for each partner and what every command does to it.
 * Nothing here is shared with the service. Times in milliseconds.
 */
export type ModelEvent = {
  id: string;
  type: string;
  receivedAt: number;
  place: 'inbox' | 'acknowledged' | 'dead' | 'expunged';
  deliveries: number;
  replayed: boolean;
  /** Of the latest lease; null when there was none since the event came into the inbox. */
  token: string | null;
  leasedAt: number | null;
  visibleAt: number | null;
  lastDelivery: boolean;
  acknowledgedAt: number | null;
  deadAt: number | null;
  reason: 'rejected' | 'max_deliveries_exceeded' | null;
};

export type Op = 'acknowledge' | 'release' | 'reject' | 'extend';

export type Outcome = { status: number; code?: string; result?: string };

const ok = (result: string): Outcome => ({ status: 200, result });
const refused = (status: number, code: string): Outcome => ({ status, code });

export class ModelInbox {
  readonly events: ModelEvent[] = [];
  readonly keys = new Map<string, { id: string; content: string }>();
  readonly receives = new Map<string, { at: number; leases: [id: string, token: string][] }>();
  readonly retention: number;
  readonly maxDeliveries: number;

  constructor(retention: number, maxDeliveries: number) {
    this.retention = retention;
    this.maxDeliveries = maxDeliveries;
  }

  store(id: string, type: string, receivedAt: number): void {
    this.events.push({
      ...{ id, type, receivedAt, place: 'inbox', deliveries: 0, replayed: false, token: null, leasedAt: null },
      ...{ visibleAt: null, lastDelivery: false, acknowledgedAt: null, deadAt: null, reason: null },
    });
    this.events.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  isExpired(event: ModelEvent, now: number): boolean {
    return event.receivedAt + this.retention <= now;
  }

  /** In the inbox, in order: those that a poll shows, or with `all` also those under a lease or a delay. */
  shown(now: number, type?: string, all = false): ModelEvent[] {
    return this.events.filter((event) => {
      if (event.place !== 'inbox' || this.isExpired(event, now) || (type !== undefined && event.type !== type)) return false;
      if (event.visibleAt === null) return true;
      return event.visibleAt <= now ? !event.lastDelivery : all;
    });
  }

  /** Leases what a receive has given; the tokens are the service's. */
  lease(given: { id: string; token: string }[], now: number, until: number): void {
    for (const { id, token } of given) {
      const event = this.events.find((each) => each.id === id) as ModelEvent;
      event.deliveries += 1;
      event.lastDelivery = event.deliveries >= this.maxDeliveries;
      Object.assign(event, { token, leasedAt: now, visibleAt: until });
    }
  }

  /** What a repeated receive gives again. */
  repeated(receiveId: string, now: number): ModelEvent[] | undefined {
    const receive = this.receives.get(receiveId);
    if (!receive || receive.at < now - 300_000) return undefined;
    return this.events.filter(
      (event) =>
        event.place === 'inbox' &&
        event.leasedAt !== null &&
        receive.leases.some(([id, token]) => id === event.id && token === event.token),
    );
  }

  /** Time has gone on: what has lapsed for the last time is a dead letter. */
  lapse(now: number): void {
    for (const event of this.events) {
      if (event.place === 'inbox' && event.lastDelivery && event.visibleAt !== null && event.visibleAt <= now) {
        this.#bury(event, 'max_deliveries_exceeded', now);
      }
    }
  }

  settle(id: string, op: Op, token: string | null, seconds: number, now: number): Outcome {
    const event = this.events.find((each) => each.id === id);
    if (!event || this.isExpired(event, now)) return refused(404, 'event_not_found');
    const mine = token === null || token === event.token;
    if (event.place === 'inbox') {
      if (!mine) return refused(409, event.token === null && (op === 'release' || op === 'extend') ? 'event_not_leased' : 'lease_lost');
      if (op === 'acknowledge') return this.#acknowledge(event, now);
      if (op === 'reject') return this.#bury(event, 'rejected', now);
      if (op === 'release' && event.lastDelivery) return this.#bury(event, 'max_deliveries_exceeded', now);
      if (op === 'release') {
        Object.assign(event, { leasedAt: null, visibleAt: seconds === 0 ? null : now + seconds * 1000 });
        return ok('released');
      }
      Object.assign(event, { leasedAt: event.leasedAt ?? now, visibleAt: now + seconds * 1000 });
      return ok('extended');
    }
    if (event.place === 'dead') {
      if (mine && op === 'acknowledge') return this.#acknowledge(event, now);
      const again = op === 'reject' || (op === 'release' && event.reason === 'max_deliveries_exceeded');
      return mine && again ? ok('dead_lettered again') : refused(409, 'lease_lost');
    }
    if (event.acknowledgedAt !== null && op === 'acknowledge' && mine) return ok('acknowledged again');
    return refused(409, event.place === 'expunged' ? 'payload_expunged' : 'lease_lost');
  }

  /** A replay, or with `deadOnly` a redrive. */
  bringBack(id: string, deadOnly: boolean, now: number): Outcome {
    const event = this.events.find((each) => each.id === id);
    if (!event || this.isExpired(event, now)) return refused(404, 'event_not_found');
    if (event.place === 'expunged') return refused(409, 'payload_expunged');
    if (event.place === 'inbox') return ok('pending already');
    if (event.place === 'acknowledged' && deadOnly) return refused(404, 'event_not_found');
    Object.assign(event, {
      ...{ place: 'inbox', deliveries: 0, token: null, leasedAt: null, visibleAt: null, lastDelivery: false },
      ...{ replayed: event.place === 'acknowledged' || event.replayed || !deadOnly, acknowledgedAt: null, deadAt: null, reason: null },
    });
    return ok('pending');
  }

  expunge(id: string, now: number): Outcome {
    const event = this.events.find((each) => each.id === id);
    if (!event || this.isExpired(event, now)) return refused(404, 'event_not_found');
    if (event.place === 'expunged') return ok('expunged again');
    event.place = 'expunged';
    return ok('expunged');
  }

  deadLetters(now: number): ModelEvent[] {
    return this.events.filter((event) => event.place === 'dead' && (event.deadAt as number) + this.retention > now);
  }

  statusOf(event: ModelEvent, now: number): string {
    if (event.place === 'dead') return 'dead_lettered';
    if (event.place !== 'inbox') return event.place;
    if (event.visibleAt === null || event.visibleAt <= now) return 'pending';
    return event.leasedAt === null ? 'delayed' : 'leased';
  }

  #acknowledge(event: ModelEvent, now: number): Outcome {
    Object.assign(event, { place: 'acknowledged', acknowledgedAt: now, deadAt: null, reason: null });
    return ok('acknowledged');
  }

  #bury(event: ModelEvent, reason: ModelEvent['reason'], now: number): Outcome {
    Object.assign(event, { place: 'dead', deadAt: now, reason });
    return ok('dead_lettered');
  }
}
