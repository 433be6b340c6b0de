import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Wait, Waits } from '../../pipeline/waits.ts';
import type { Clock } from '../../platform/clock.ts';
import { eventJson } from '../../platform/event-json.ts';
import { parseEventTypes } from '../../platform/event-types.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import { isUniqueViolation } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Wakeups } from '../../platform/wakeups.ts';
import { Claims, type Given } from './claims.ts';
import { findReceive, type Leased, undoClaim } from './receive-store.ts';
import { ReceiveBody, Received } from './schema.ts';

export type LeasesOptions = {
  pool: pg.Pool;
  clock: Clock;
  waits: Waits;
  wakeups: Wakeups;
  onLeased(leases: { granted: number; lapsed: number }, principal: Principal): void;
  onUndone(leases: number): void;
};

/** `repeated`: given to an earlier receive of this id, and so not this one's to give back. */
type Receive = Given & { repeated: boolean };

/** Where several workers share an inbox: each event goes to one of them at a time, under a lease that ends by itself. */
export async function leases(app: FastifyInstance, options: LeasesOptions): Promise<void> {
  const { pool, clock, waits, wakeups, onLeased, onUndone } = options;
  const claims = new Claims({ pool, clock, onLeased });

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
        const stillAllowed = () => app.authenticate(request, 'inbox:settle');
        const given = await receiveUntilFound(principal, body, wait, gone.signal, stillAllowed);
        const isGone = () => gone.signal.aborted || socket.destroyed;
        const refusal = wait && !isGone() ? await rejectionOf(stillAllowed()) : undefined;
        if ((refusal || isGone()) && !given.repeated) await giveBack(request, given);
        if (refusal) throw refusal;
        return answer(reply, given.events, principal);
      } finally {
        wait?.end();
        socket.removeListener('close', leave);
      }
    },
  );

  /** `stillAllowed` rejects when the key has ended meanwhile: then nothing is claimed for it any more. */
  async function receiveUntilFound(
    principal: Principal,
    body: ReceiveBody,
    wait: Wait | undefined,
    gone: AbortSignal,
    stillAllowed: () => Promise<unknown>,
  ): Promise<Receive> {
    for (;;) {
      const begun = performance.now();
      const given = await receive(principal, body);
      const { events, dueAt } = given;
      if (events.length > 0 || !wait?.open) return given;
      // A filter that matches nothing of a large backlog makes every look a scan of it: a wait spends at most a fifth of its time on that.
      await wait.next(Math.min(4 * (performance.now() - begun), 1_000), dueAt && dueAt - clock());
      if (gone.aborted) return given;
      await stillAllowed();
    }
  }

  async function receive(principal: Principal, body: ReceiveBody): Promise<Receive> {
    const { receive_id: receiveId } = body;
    const now = clock();
    const { partnerId } = principal;
    const known =
      receiveId === undefined ? undefined : await findReceive(pool, { partnerId, receiveId, after: expiryFloor(principal, now), now });
    if (known) return { events: known, dueAt: undefined, repeated: true };
    const types = body.event_types && parseEventTypes(body.event_types);
    const wish = { principal, maxEvents: body.max_events, leaseMs: body.lease_seconds * 1000, types, receiveId };
    try {
      return { ...(await claims.claim(wish)), repeated: false };
    } catch (error) {
      // The same receive came twice at once, and this one was second: it is a repetition, unless the first was undone.
      if (!isUniqueViolation(error)) throw error;
      return receive(principal, body);
    }
  }

  /** The client has left or its key has ended: the events are free again at once, and the delivery does not count. */
  async function giveBack({ principal, body, log }: FastifyRequest<{ Body: ReceiveBody }>, { events, version }: Given): Promise<void> {
    if (events.length === 0) return;
    const { partnerId } = principal;
    try {
      onUndone(await undoClaim(pool, { partnerId, events, receiveId: body.receive_id, version }));
      wakeups.wake([partnerId]);
    } catch (err) {
      log.warn({ err, events: events.length }, 'events that nobody was given stay leased until their leases lapse');
    }
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

/** What the promise is rejected with; undefined when it is not. */
function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}
