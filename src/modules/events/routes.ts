import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Clock } from '../../platform/clock.ts';
import { parseEventId, receivedAtMs } from '../../platform/event-id.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';
import type { Signer } from '../../platform/signature.ts';
import { detailsJson } from './details.ts';
import { expungeEvent } from './expunge.ts';
import { EventLists } from './lists.ts';
import { EventDetails, EventsPage, EventsQuery, Expunged } from './schema.ts';
import { findEvent } from './store.ts';

export type EventsOptions = { pool: pg.Pool; db: Kysely<Database>; clock: Clock; signer: Signer };

/** Looking events up, also after they were settled, and taking their payloads away. */
export async function events(app: FastifyInstance, { pool, db, clock, signer }: EventsOptions): Promise<void> {
  const lists = new EventLists({ pool, clock, signer });

  app.get(
    '/v1/events',
    {
      schema: { querystring: EventsQuery, response: { 200: EventsPage } },
      config: { operation: 'listEvents', access: 'inbox:read', limit: true },
    },
    async ({ principal, query }: FastifyRequest<{ Querystring: EventsQuery }>, reply) => answer(reply, await lists.page(query, principal)),
  );

  app.get(
    '/v1/events/:id',
    { schema: { response: { 200: EventDetails } }, config: { operation: 'getEvent', access: 'inbox:read', limit: true } },
    async ({ principal, params }: FastifyRequest<{ Params: { id: string } }>, reply) => {
      const now = clock();
      const id = visibleId(params.id, principal, now);
      const found = await findEvent(pool, principal.partnerId, id, now);
      if (!found) throw new ApiError('event_not_found');
      return answer(reply, detailsJson(found, principal.retentionMs, receivedAtMs(id)));
    },
  );

  app.delete(
    '/v1/events/:id/payload',
    { schema: { response: { 200: Expunged } }, config: { operation: 'expungePayload', access: 'account:write', limit: true } },
    async ({ principal, params }: FastifyRequest<{ Params: { id: string } }>) => {
      const now = clock();
      const expunging = await expungeEvent(db, principal.partnerId, visibleId(params.id, principal, now), now);
      if (!expunging) throw new ApiError('event_not_found');
      const { expungedAtMs, already } = expunging;
      return {
        event_id: params.id,
        status: 'expunged',
        expunged_at: formatTime(expungedAtMs),
        ...(already && { already_expunged: true }),
      };
    },
  );
}

/** The UUID of an event that has not expired. @throws {ApiError} event_not_found. */
function visibleId(text: string, principal: Principal, now: number): string {
  const id = parseEventId(text);
  if (id === undefined || id < expiryFloor(principal, now)) throw new ApiError('event_not_found');
  return id;
}

function answer(reply: FastifyReply, json: string): FastifyReply {
  return reply.header('cache-control', 'no-store').type('application/json').send(json);
}
