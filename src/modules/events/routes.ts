import type { FastifyInstance, FastifyRequest } from 'fastify';
import type pg from 'pg';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Clock } from '../../platform/clock.ts';
import { parseEventId, receivedAtMs } from '../../platform/event-id.ts';
import { eventJson } from '../../platform/event-json.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { EventDetails } from './schema.ts';
import { findEvent } from './store.ts';

export type EventsOptions = { pool: pg.Pool; clock: Clock };

/** Looking an event up, also after it was acknowledged. */
export async function events(app: FastifyInstance, { pool, clock }: EventsOptions): Promise<void> {
  app.get(
    '/v1/events/:id',
    { schema: { response: { 200: EventDetails } }, config: { operation: 'getEvent', access: 'inbox:read', limit: true } },
    async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
      const { principal } = request;
      const id = parseEventId(request.params.id);
      if (id === undefined) throw new ApiError('event_not_found');
      const received = receivedAtMs(id);
      const expired = received + principal.retentionMs <= clock() || received <= principal.expiredThroughMs;
      const found = expired ? undefined : await findEvent(pool, principal.partnerId, id);
      if (!found) throw new ApiError('event_not_found');
      const history = [{ status: 'received', at: formatTime(received) }];
      if (found.acknowledgedAtMs !== null) history.push({ status: 'acknowledged', at: formatTime(found.acknowledgedAtMs) });
      const status = found.acknowledgedAtMs === null ? 'pending' : 'acknowledged';
      const more = `,"status":"${status}","history":${JSON.stringify(history)}`;
      return reply
        .header('cache-control', 'no-store')
        .type('application/json')
        .send(eventJson(found.stored, principal.retentionMs, more));
    },
  );
}
