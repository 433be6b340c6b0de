import { randomUUID } from 'node:crypto';
import type { Connection } from './api.ts';
import { toSnake } from './camel.ts';
import { type JsonObject, type ReceivedEvent, readEvents } from './events.ts';
import type { CallOptions } from './transport.ts';

export type ReceiveOptions = CallOptions & {
  /** 1 to 500. Default: 10. */
  maxEvents?: number;
  /** 5 to 3,600. Default: 60. */
  leaseSeconds?: number;
  /** Seconds to wait for a first event, 0 to 30. Default: 0. */
  waitSeconds?: number;
  /** Only these; `order.*` is every type that begins with `order.`. */
  eventTypes?: readonly string[];
  /** The same again within five minutes gives the same events. Default: a new one for each call, kept through its retries. */
  receiveId?: string;
};

/** The API's default, in seconds. */
export const defaultLeaseSeconds = 60;

/** `leftMs`: milliseconds of its lease that are left for sure, by our own clock, at the time of the answer. */
export type Received<Payload> = { event: ReceivedEvent<Payload>; leftMs: number };

/** One receive. When its answer is lost, the next attempt gets the same events. */
export async function receive<Payload = JsonObject>(
  connection: Connection,
  options: ReceiveOptions,
): Promise<{ events: Received<Payload>[] }> {
  const { maxEvents = 10, leaseSeconds = defaultLeaseSeconds, waitSeconds, eventTypes, receiveId = randomUUID() } = options;
  const body = toSnake({ maxEvents, leaseSeconds, waitSeconds, eventTypes, receiveId }) as { max_events: number };
  const { data, response } = await connection.api.POST('/v1/inbox/receive', {
    body,
    parseAs: 'text',
    ...connection.with({ ...options, waitMs: (waitSeconds ?? 0) * 1000 }),
  });
  const { events } = readEvents<ReceivedEvent<Payload>>(data as string, 'events');
  const serverTime = Date.parse(response.headers.get('date') ?? '');
  return { events: events.map((event) => ({ event, leftMs: leftMs(event.leaseExpiresAt, serverTime, leaseSeconds * 1000) })) };
}

/** By the server's own clock, whose header `Date` has whole seconds; never more than a fresh lease has. */
function leftMs(leaseExpiresAt: string, serverTime: number, leaseMs: number): number {
  const left = Date.parse(leaseExpiresAt) - serverTime;
  return Number.isNaN(left) ? leaseMs : Math.max(0, Math.min(left - 1000, leaseMs));
}
