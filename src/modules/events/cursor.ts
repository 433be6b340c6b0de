import { hash } from 'node:crypto';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Signer } from '../../platform/signature.ts';
import type { EventsQuery } from './schema.ts';
import type { TailPosition } from './tail-store.ts';

/**
 * Cursors of the list of events. One is good for the partner, the order and the filters of its page; the limit may change. The filters can be long, so
 * their digest stands for them.
 */
export class EventCursors {
  readonly #signer: Signer;

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /** `last` is the UUID of the last event that was looked at. */
  newest(last: string, query: EventsQuery, partnerId: number): string {
    return this.#signer.sign([bound(query, partnerId), last].join(' '));
  }

  tail({ after, xid, id, markXid, markMs }: TailPosition, query: EventsQuery, partnerId: number): string {
    return this.#signer.sign([bound(query, partnerId), after, xid, id, markXid, markMs].join(' '));
  }

  /** The UUID that the page goes on from. @throws {ApiError} invalid_cursor. */
  readNewest(query: EventsQuery, partnerId: number): string | undefined {
    return this.#read(query, partnerId)?.[0];
  }

  /** @throws {ApiError} invalid_cursor. */
  readTail(query: EventsQuery, partnerId: number): TailPosition | undefined {
    const parts = this.#read(query, partnerId);
    if (!parts) return undefined;
    const [after, xid, id, markXid, markMs] = parts as [string, string, string, string, string];
    return { after, xid, id, markXid, markMs: Number(markMs) };
  }

  #read(query: EventsQuery, partnerId: number): string[] | undefined {
    if (query.cursor === undefined) return undefined;
    const payload = this.#signer.verify(query.cursor);
    const expected = `${bound(query, partnerId)} `;
    if (!payload?.startsWith(expected)) throw new ApiError('invalid_cursor');
    return payload.slice(expected.length).split(' ');
  }
}

function bound({ order, status, event_type, from, to }: EventsQuery, partnerId: number): string {
  const filters = hash('sha256', JSON.stringify([status, event_type, from, to]), 'base64url').slice(0, 22);
  return `events ${order} ${partnerId} ${filters}`;
}
