import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Clock } from '../../platform/clock.ts';
import { idFloor } from '../../platform/event-id.ts';
import { type EventTypes, matchesTypes, parseEventTypes } from '../../platform/event-types.ts';
import { expiredMs } from '../../platform/expiry.ts';
import { parseTime } from '../../platform/rfc3339.ts';
import type { Signer } from '../../platform/signature.ts';
import { EventCursors } from './cursor.ts';
import { type EventDetailsRow, eventTypeOf, listedJson } from './details.ts';
import { listNewest } from './list-store.ts';
import type { EventsQuery } from './schema.ts';
import { findEvent, findKeyHolder } from './store.ts';
import { readTail, tailStart } from './tail-store.ts';

const dayMs = 86_400_000;

/** What a request asks for, in the terms of the store: UUIDs after which and before which events are, and the time in milliseconds. */
type Range = { now: number; after: string; before: string; types: EventTypes | undefined };

/** The pages of `GET /v1/events`, as JSON. */
export class EventLists {
  readonly #pool: pg.Pool;
  readonly #clock: Clock;
  readonly #cursors: EventCursors;

  constructor({ pool, clock, signer }: { pool: pg.Pool; clock: Clock; signer: Signer }) {
    this.#pool = pool;
    this.#clock = clock;
    this.#cursors = new EventCursors(signer);
  }

  /** @throws {ApiError} invalid_cursor, invalid_parameter. */
  page(query: EventsQuery, principal: Principal): Promise<string> {
    const range = this.#range(query, principal);
    if (query.idempotency_key !== undefined) return this.#ofKey(query, principal, range);
    return query.order === 'asc' ? this.#tail(query, principal, range) : this.#newest(query, principal, range);
  }

  async #newest(query: EventsQuery, { partnerId, retentionMs }: Principal, range: Range): Promise<string> {
    const { limit, status } = query;
    const before = this.#cursors.readNewest(query, partnerId) ?? range.before;
    const { events, position } = await listNewest(this.#pool, { ...range, partnerId, before, limit, status });
    return pageJson(events, retentionMs, position !== undefined, position && this.#cursors.newest(position, query, partnerId));
  }

  async #tail(query: EventsQuery, { partnerId, retentionMs }: Principal, range: Range): Promise<string> {
    const { limit, status } = query;
    const from = this.#cursors.readTail(query, partnerId) ?? tailStart(range.after);
    const { events, hasMore, position } = await readTail(this.#pool, { ...range, partnerId, position: from, limit, status });
    return pageJson(events, retentionMs, hasMore, this.#cursors.tail(position, query, partnerId));
  }

  /** At most one event, so there is never a second page. */
  async #ofKey(query: EventsQuery, { partnerId, retentionMs }: Principal, { now, after, before, types }: Range): Promise<string> {
    if (query.order === 'asc') throw invalidParameter('order', 'cannot be asc together with idempotency_key');
    if (query.cursor !== undefined) throw new ApiError('invalid_cursor');
    const id = await findKeyHolder(this.#pool, partnerId, query.idempotency_key as string);
    const found = id !== undefined && id > after && id < before ? await findEvent(this.#pool, partnerId, id, now) : undefined;
    const fits = found && (query.status ?? found.status) === found.status && (!types || matchesTypes(types, eventTypeOf(found)));
    return pageJson(fits ? [found] : [], retentionMs, false, undefined);
  }

  #range({ from, to, event_type }: EventsQuery, principal: Principal): Range {
    const now = this.#clock();
    const start = expiredMs(principal, now) + 1;
    const end = now + dayMs; // bounds the partitions that are opened
    return {
      now,
      after: idFloor(Math.max(start, from === undefined ? 0 : (parseTime(from) as number))),
      before: idFloor(Math.min(end, to === undefined ? end : (parseTime(to) as number))),
      types: event_type === undefined ? undefined : parseEventTypes(event_type.split(',')),
    };
  }
}

function invalidParameter(pointer: string, detail: string): ApiError {
  return new ApiError('invalid_parameter', { detail: `${pointer} ${detail}`, errors: [{ pointer, code: 'invalid', detail }] });
}

function pageJson(events: EventDetailsRow[], retentionMs: number, hasMore: boolean, cursor: string | undefined): string {
  const list = events.map((event) => listedJson(event, retentionMs)).join(',');
  return `{"events":[${list}],"count":${events.length},"has_more":${hasMore},"next_cursor":${cursor === undefined ? 'null' : `"${cursor}"`}}`;
}
