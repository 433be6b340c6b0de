import { randomUUID } from 'node:crypto';
import { RawJson } from './raw-payload.ts';

export type SendOptions = {
  /** The same key and content is stored once, however often it is sent. Default: a new UUID for each call, which makes the call's own retries safe. */
  idempotencyKey?: string;
  /** When it happened. Default: when we received it. */
  timestamp?: string | Date;
  /** Up to 16 pairs of text that travel beside the payload. */
  metadata?: Record<string, string>;
};

/** An event to be sent. */
export type OutgoingEvent = SendOptions & {
  eventType: string;
  /** A JSON object, or `new RawJson(text)`. */
  payload: object | RawJson;
};

/** An event as it goes on its way: from here on nothing of it changes, and its key least of all. */
export type WrittenEvent = { idempotencyKey: string; text: string };

/** The event's own key, or else the given one, or a new one: also for what `write` refuses, such as null. */
export function keyOf(event: SendOptions, defaultKey: string | undefined): string {
  return event?.idempotencyKey ?? defaultKey ?? randomUUID();
}

/** @throws {TypeError} this is no event, or its payload has what JSON has not, such as a BigInt or a circle. */
export function write(event: OutgoingEvent, idempotencyKey: string = keyOf(event, undefined)): WrittenEvent {
  if (typeof event !== 'object' || event === null) throw new TypeError('An event must be an object.');
  const { eventType, payload, timestamp, metadata } = event;
  const members = JSON.stringify({ event_type: eventType, timestamp, metadata, idempotency_key: idempotencyKey });
  const payloadText = payload instanceof RawJson ? payload.text : JSON.stringify(payload);
  if (payloadText === undefined) throw new TypeError('The payload of an event must be a JSON object.');
  return { idempotencyKey, text: `${members.slice(0, -1)},"payload":${payloadText}}` };
}
