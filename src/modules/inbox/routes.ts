import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Wait, Waits } from '../../pipeline/waits.ts';
import type { Clock } from '../../platform/clock.ts';
import { idFloor, receivedAtMs } from '../../platform/event-id.ts';
import { pushEventJson } from '../../platform/event-json.ts';
import { parseEventTypes } from '../../platform/event-types.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import { ScanFloors } from '../../platform/scan-floors.ts';
import type { Signer } from '../../platform/signature.ts';
import { cloudEventJson, cloudEventsBatchType, prefersCloudEvents } from './cloud-events.ts';
import { type RawPage, readPage } from './page-store.ts';

import { InboxPage, InboxQuery } from './schema.ts';
import { SharedLooks } from './shared-looks.ts';

export type InboxOptions = {
  pool: pg.Pool;
  clock: Clock;
  waits: Waits;
  signer: Signer;
  onDelivered(events: number, principal: Principal): void;
};

/**
 * A page as it is answered: as bytes, so that those who share it do not each encode it. An array of CloudEvents has no place for what is behind the
 * page, so that goes into headers.
 */
type Page = { count: number; body: Buffer; dueAt: number | undefined; asCloudEvents?: { hasMore: boolean; cursor: string | undefined } };

/** Where events go out: a peek at what is not acknowledged yet. It changes nothing. */
export async function inbox(app: FastifyInstance, options: InboxOptions): Promise<void> {
  const { pool, clock, waits, signer, onDelivered } = options;
  const floors = new ScanFloors(clock);
  const looks = new SharedLooks<Page>();

  app.get(
    '/v1/inbox',
    {
      schema: { querystring: InboxQuery, response: { 200: InboxPage } },
      config: { operation: 'getInbox', access: 'inbox:read', limit: true, alsoAnswers: [cloudEventsBatchType] },
    },
    async (request: FastifyRequest<{ Querystring: InboxQuery }>, reply) => {
      const { principal, query, headers } = request;
      const cursor = query.cursor === undefined ? undefined : readCursor(query, principal);
      const asCloudEvents = prefersCloudEvents(headers.accept);
      if (query.wait === 0) return answer(reply, await look(query, principal, cursor, asCloudEvents));

      const gone = new AbortController();
      const leave = () => gone.abort();
      request.raw.socket.once('close', leave);
      const wait = waits.begin(principal.partnerId, query.wait * 1000, gone.signal);
      try {
        const stillAllowed = () => app.authenticate(request, 'inbox:read');
        return answer(reply, await lookUntilFound(() => look(query, principal, cursor, asCloudEvents), wait, stillAllowed));
      } finally {
        wait.end();
        request.raw.socket.removeListener('close', leave);
      }
    },
  );

  /** `stillAllowed` rejects when the key has ended, during a wait or a look: what comes after that is not for whoever holds it. */
  async function lookUntilFound(look: () => Promise<Page>, wait: Wait, stillAllowed: () => Promise<unknown>): Promise<Page> {
    for (;;) {
      const begun = performance.now();
      const page = await look();
      await stillAllowed();
      if (page.count > 0 || !wait.open) return page;
      // A filter that matches nothing of a large backlog makes every look a scan of it: a wait spends at most a fifth of its time on that.
      await wait.next(Math.min(4 * (performance.now() - begun), 1_000), page.dueAt && page.dueAt - clock());
    }
  }

  /** Requests that differ in nothing that the page depends on share it, text and all. */
  function look(query: InboxQuery, principal: Principal, cursor: string | undefined, asCloudEvents: boolean): Promise<Page> {
    const { partnerId, retentionMs, expiredThroughMs } = principal;
    const key = `${partnerId} ${asCloudEvents} ${query.include_leased} ${query.limit} ${cursor ?? ''} ${query.event_type ?? ''} ${retentionMs} ${expiredThroughMs}`;
    return looks.look(key, async () => pageOf(await read(query, principal, cursor), query, principal, asCloudEvents));
  }

  async function read(query: InboxQuery, principal: Principal, cursor: string | undefined): Promise<RawPage> {
    const now = clock();
    const { partnerId } = principal;
    const { limit } = query;
    const start = expiryFloor(principal, now);
    const types = query.event_type === undefined ? undefined : parseEventTypes(query.event_type.split(','));
    const includeLeased = query.include_leased;
    const scan = (after: string) => readPage(pool, { partnerId, after, limit, types, includeLeased, now });
    if (cursor !== undefined) return scan(cursor > start ? cursor : start);
    if (types || includeLeased) return scan(start);

    const floor = floors.get(partnerId);
    if (floor !== undefined && floor > start) {
      const page = await scan(floor);
      if (page.events.length === limit || page.hasMore) {
        floors.set(partnerId, floorOf(page), false);
        return page;
      }
    }
    const page = await scan(start);
    floors.set(partnerId, page.hasMore ? floorOf(page) : undefined, true);
    return page;
  }

  function pageOf({ events, hasMore, deliveries, dueAt }: RawPage, query: InboxQuery, principal: Principal, asCloudEvents: boolean): Page {
    const parts: string[] = [];
    for (const raw of events) {
      if (parts.length > 0) parts.push(',');
      if (asCloudEvents) parts.push(cloudEventJson(raw, principal.slug));
      else pushEventJson(parts, raw, principal.retentionMs, '', deliveries?.get(raw.slice(0, 36)));
    }
    const list = parts.join('');
    const last = events.at(-1)?.slice(0, 36);
    const cursor = hasMore && last ? signer.sign(cursorPayload(last, query, principal)) : undefined;
    const count = events.length;
    if (asCloudEvents) return { count, dueAt, body: Buffer.from(`[${list}]`), asCloudEvents: { hasMore, cursor } };
    const next = cursor === undefined ? 'null' : `"${cursor}"`;
    return { count, dueAt, body: Buffer.from(`{"events":[${list}],"count":${count},"has_more":${hasMore},"next_cursor":${next}}`) };
  }

  function answer(reply: FastifyReply, { count, body, asCloudEvents }: Page): FastifyReply {
    onDelivered(count, reply.request.principal);
    reply.header('cache-control', 'no-store').type(asCloudEvents ? cloudEventsBatchType : 'application/json');
    if (asCloudEvents) {
      reply.header('x-has-more', `${asCloudEvents.hasMore}`);
      if (asCloudEvents.cursor !== undefined) reply.header('x-next-cursor', asCloudEvents.cursor);
    }
    return reply.send(body);
  }

  function readCursor(query: InboxQuery, principal: Principal): string {
    const payload = signer.verify(query.cursor as string);
    const after = payload?.slice(0, 36);
    if (!after || payload !== cursorPayload(after, query, principal)) throw new ApiError('invalid_cursor');
    return after;
  }
}

/** A cursor is good for its own partner and filter; the limit may change from page to page. A filter can be long, so its digest stands for it. */
function cursorPayload(after: string, query: InboxQuery, principal: Principal): string {
  const filter = query.event_type === undefined ? '' : hash('sha256', query.event_type, 'base64url').slice(0, 22);
  return `${after} ${principal.partnerId} ${filter}`;
}

/** The start of the millisecond of the page's first event: nothing that is still there comes before it. */
function floorOf(page: RawPage): string | undefined {
  const [first] = page.events;
  return first && idFloor(receivedAtMs(first));
}
