import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Wait, Waits } from '../../pipeline/waits.ts';
import type { Clock } from '../../platform/clock.ts';
import { idFloor } from '../../platform/event-id.ts';
import { eventJson } from '../../platform/event-json.ts';
import { parseEventTypes } from '../../platform/event-types.ts';
import { isUniqueViolation } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { ScanFloors } from '../../platform/scan-floors.ts';
import type { Wakeups } from '../../platform/wakeups.ts';
import { LeaseRoom } from './lease-room.ts';
import { type Claimed, claimEvents, findReceive, type Leased, undoClaim } from './receive-store.ts';
import { leaseLimits, ReceiveBody, Received } from './schema.ts';
import { Turns } from './turns.ts';

export type LeasesOptions = {
  pool: pg.Pool;
  clock: Clock;
  waits: Waits;
  wakeups: Wakeups;
  onLeased(leases: { granted: number; lapsed: number }): void;
  onUndone(leases: number): void;
};

/** Milliseconds for which a receive can be repeated. */
const repeatableMs = 5 * 60_000;

/** Where several workers share an inbox: each event goes to one of them at a time, under a lease that ends by itself. */
export async function leases(app: FastifyInstance, options: LeasesOptions): Promise<void> {
  const { pool, clock, waits, wakeups, onLeased, onUndone } = options;
  const room = new LeaseRoom();
  const turns = new Turns();
  const floors = new ScanFloors(clock);

  app.post(
    '/v1/inbox/receive',
    {
      schema: { body: ReceiveBody, response: { 200: Received } },
      config: { operation: 'receiveEvents', access: 'inbox:settle', limit: true },
    },
    async (request: FastifyRequest<{ Body: ReceiveBody }>, reply) => {
      const { principal, body } = request;
      if (!principal.scopes.has('inbox:read')) throw new ApiError('forbidden', { detail: 'The key lacks the scope inbox:read.' });
      const { socket } = request.raw;
      const gone = new AbortController();
      const leave = () => gone.abort();
      socket.once('close', leave);
      const wait = body.wait_seconds === 0 ? undefined : waits.begin(principal.partnerId, body.wait_seconds * 1000, gone.signal);
      try {
        const events = await receiveUntilFound(principal, body, wait, gone.signal);
        if (gone.signal.aborted || socket.destroyed) await giveBack(principal, events, body.receive_id);
        return answer(reply, events, principal);
      } finally {
        wait?.end();
        socket.removeListener('close', leave);
      }
    },
  );

  async function receiveUntilFound(principal: Principal, body: ReceiveBody, wait: Wait | undefined, gone: AbortSignal): Promise<Leased[]> {
    for (;;) {
      const begun = performance.now();
      const { events, dueAt } = await receive(principal, body);
      if (events.length > 0 || !wait?.open) return events;
      // A filter that matches nothing of a large backlog makes every look a scan of it: a wait spends at most a fifth of its time on that.
      await wait.next(Math.min(4 * (performance.now() - begun), 1_000), dueAt && dueAt - clock());
      if (gone.aborted) return [];
    }
  }

  async function receive(principal: Principal, body: ReceiveBody): Promise<{ events: Leased[]; dueAt?: number | undefined }> {
    const { partnerId } = principal;
    const { receive_id: receiveId } = body;
    if (receiveId === undefined) return turns.take(partnerId, () => claim(principal, body));
    const before = await findReceive(pool, partnerId, receiveId, clock() - repeatableMs);
    if (before) return { events: before };
    try {
      return await turns.take(partnerId, () => claim(principal, body));
    } catch (error) {
      // The same receive came twice at once, and this one was second.
      if (!isUniqueViolation(error)) throw error;
      return { events: (await findReceive(pool, partnerId, receiveId, clock() - repeatableMs)) ?? [] };
    }
  }

  /**
   * From the floor first, where the scan steps over nothing that has gone; what that leaves wanting, from the beginning. A second is the most for which
   * an event that came free behind the floor is overlooked, and only while others are there.
   */
  async function claim(principal: Principal, body: ReceiveBody): Promise<Claimed> {
    const now = clock();
    const { partnerId } = principal;
    const { max_events: maxEvents } = body;
    const start = idFloor(Math.max(now - principal.retentionMs, principal.expiredThroughMs) + 1);
    const types = body.event_types && parseEventTypes(body.event_types);
    const countLeases = room.mustCount(partnerId, maxEvents, now);
    const common = {
      partnerId,
      types,
      now,
      leaseMs: body.lease_seconds * 1000,
      maxDeliveries: principal.maxDeliveries,
      receiveId: body.receive_id,
    };
    const floor = types || countLeases ? undefined : floors.get(partnerId);
    const fast =
      floor !== undefined && floor > start
        ? await claimEvents(pool, { ...common, after: floor, maxEvents, more: false, countLeases })
        : undefined;
    const taken = fast?.events.length ?? 0;
    if (fast) tell(partnerId, fast, undefined, now);
    if (fast && taken === maxEvents) {
      floors.set(partnerId, lastOf(fast), false);
      return fast;
    }
    const claimed = await claimEvents(pool, { ...common, after: start, maxEvents: maxEvents - taken, more: taken > 0, countLeases });
    tell(partnerId, claimed, countLeases ? claimed.held : undefined, now);
    if (taken + claimed.events.length === 0 && claimed.held >= leaseLimits.inFlight) {
      throw new ApiError('too_many_leases', {
        detail: `${claimed.held} leases of this partner are open; settle or release some of them.`,
        retryAfterSeconds: 1,
      });
    }
    if (!types) floors.set(partnerId, claimed.events.length === maxEvents ? lastOf(claimed) : undefined, true);
    const events = fast ? [...claimed.events, ...fast.events].sort((a, b) => (a.stored < b.stored ? -1 : 1)) : claimed.events;
    return { ...claimed, events };
  }

  function tell(partnerId: number, { events, lapsed }: Claimed, counted: number | undefined, now: number): void {
    room.granted(partnerId, events.length, counted, now);
    onLeased({ granted: events.length, lapsed });
  }

  /** Nobody is there to read the answer: the events are free again at once, and the delivery does not count. */
  async function giveBack({ partnerId }: Principal, events: Leased[], receiveId: string | undefined): Promise<void> {
    if (events.length === 0) return;
    await undoClaim(pool, partnerId, events, receiveId);
    onUndone(events.length);
    wakeups.wake([partnerId]);
  }

  function answer(reply: FastifyReply, events: Leased[], { retentionMs }: Principal): FastifyReply {
    const list = events.map(({ stored, count, replayed, token, leasedUntilMs }) => {
      const more = `,"lease_token":"${token}","lease_expires_at":"${formatTime(leasedUntilMs)}"`;
      return eventJson(stored, retentionMs, more, { count, replayed });
    });
    return reply
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(`{"events":[${list.join(',')}],"count":${events.length}}`);
  }
}

/** The id of the last event of a claim. */
function lastOf({ events }: Claimed): string | undefined {
  return events.at(-1)?.stored.slice(0, 36);
}
