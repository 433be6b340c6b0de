import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Clock } from '../../platform/clock.ts';
import { parseEventId, receivedAtMs } from '../../platform/event-id.ts';
import { eventJson } from '../../platform/event-json.ts';
import { parseEventTypes } from '../../platform/event-types.ts';
import { expiredMs } from '../../platform/expiry.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Signer } from '../../platform/signature.ts';
import { DeadLetter, DeadLetterDeleted, DeadLetterPage, DeadLettersQuery } from './schema.ts';
import { type DeadLetterRow, deleteDeadLetter, findDeadLetter, type PageEnd, readDeadLetters } from './store.ts';

export type DeadLettersOptions = { pool: pg.Pool; clock: Clock; signer: Signer; onDeleted(events: number): void };

type ForEvent = FastifyRequest<{ Params: { id: string } }>;

/** What no worker could handle: to be looked at, and thrown away. Bringing it back into the inbox is the matter of modules/replay. */
export async function deadLetters(app: FastifyInstance, { pool, clock, signer, onDeleted }: DeadLettersOptions): Promise<void> {
  /** Dead letters have the partner's retention from their death on; what has expired once does not come back by a longer one. */
  const expiredBy = (principal: Principal) => expiredMs(principal, clock());

  app.get(
    '/v1/dead-letters',
    {
      schema: { querystring: DeadLettersQuery, response: { 200: DeadLetterPage } },
      config: { operation: 'getDeadLetters', access: 'inbox:read', limit: true },
    },
    async ({ principal, query }: FastifyRequest<{ Querystring: DeadLettersQuery }>, reply) => {
      const { rows, hasMore } = await readDeadLetters(pool, {
        partnerId: principal.partnerId,
        expiredMs: expiredBy(principal),
        before: query.cursor === undefined ? undefined : readCursor(signer, query, principal),
        limit: query.limit,
        reason: query.reason,
        types: query.event_type === undefined ? undefined : parseEventTypes(query.event_type.split(',')),
      });
      const last = hasMore ? rows.at(-1) : undefined;
      const next = last ? `"${signer.sign(cursorPayload(last.deadAtMs, last.stored.slice(0, 36), query, principal))}"` : 'null';
      const list = rows.map((row) => deadLetterJson(row, principal.retentionMs)).join(',');
      return reply
        .header('cache-control', 'no-store')
        .type('application/json')
        .send(`{"dead_letters":[${list}],"count":${rows.length},"has_more":${hasMore},"next_cursor":${next}}`);
    },
  );

  app.get(
    '/v1/dead-letters/:id',
    { schema: { response: { 200: DeadLetter } }, config: { operation: 'getDeadLetter', access: 'inbox:read', limit: true } },
    async ({ principal, params }: ForEvent, reply) => {
      const id = parseEventId(params.id);
      const row = id && (await findDeadLetter(pool, principal.partnerId, id, expiredBy(principal)));
      if (!row) throw new ApiError('event_not_found');
      return reply.header('cache-control', 'no-store').type('application/json').send(deadLetterJson(row, principal.retentionMs));
    },
  );

  app.delete(
    '/v1/dead-letters/:id',
    {
      schema: { response: { 200: DeadLetterDeleted } },
      config: { operation: 'deleteDeadLetter', access: 'inbox:settle', limit: true },
    },
    async ({ principal, params }: ForEvent) => {
      const id = parseEventId(params.id);
      if (!id || !(await deleteDeadLetter(pool, principal.partnerId, id, expiredBy(principal)))) throw new ApiError('event_not_found');
      onDeleted(1);
      return { event_id: params.id, status: 'deleted' };
    },
  );
}

function deadLetterJson({ stored, reason, detail, count, replayed, deadAtMs }: DeadLetterRow, retentionMs: number): string {
  const received = receivedAtMs(stored);
  const times = `"dead_lettered_at":"${formatTime(deadAtMs)}","redrivable_until":"${formatTime(received + retentionMs)}"`;
  const more = `,"reason":"${reason}","detail":${JSON.stringify(detail)},${times}`;
  // It expires by its own clock: its retention begins again with its death.
  return eventJson(stored, deadAtMs - received + retentionMs, more, { count, replayed });
}

/** A cursor is good for its own partner and filters; the limit may change from page to page. */
function cursorPayload(deadAtMs: number, id: string, { reason, event_type }: DeadLettersQuery, { partnerId }: Principal): string {
  const filter = hash('sha256', `${reason ?? ''} ${event_type ?? ''}`, 'base64url').slice(0, 22);
  return `dead ${deadAtMs} ${id} ${partnerId} ${filter}`;
}

function readCursor(signer: Signer, query: DeadLettersQuery, principal: Principal): PageEnd {
  const payload = signer.verify(query.cursor as string);
  const [, deadAt, id = ''] = payload?.split(' ') ?? [];
  if (payload === undefined || payload !== cursorPayload(Number(deadAt), id, query, principal)) throw new ApiError('invalid_cursor');
  return { deadAtMs: Number(deadAt), id };
}
