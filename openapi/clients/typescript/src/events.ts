import type { Schemas } from './api.ts';
import { type Camel, toCamel } from './camel.ts';
import { TriggersError } from './errors.ts';
import { rawPayloads } from './raw-payload.ts';

export type JsonObject = Record<string, unknown>;

type Whole<Event, Payload> = Omit<Camel<Event>, 'payload'> & {
  /** As `JSON.parse` has it: a number beyond 2^53 has lost its last digits. */
  payload: Payload;
  /** The text that was sent, to the last byte. */
  rawPayload: string;
};

/** An event of the inbox. */
export type InboxEvent<Payload = JsonObject> = Whole<Schemas['InboxEvent'], Payload>;
/** An event with its status. */
export type ListedEvent<Payload = JsonObject> = Whole<Schemas['ListedEvent'], Payload>;
/** An event with its status and history. */
export type EventDetails<Payload = JsonObject> = Whole<Schemas['EventDetails'], Payload>;
/** An event that was rejected, or given out too often. */
export type DeadLetter<Payload = JsonObject> = Whole<Schemas['DeadLetter'], Payload>;
/** What a receive gives of an event. */
export type ReceivedEvent<Payload = JsonObject> = Whole<Schemas['LeasedEvent'], Payload>;

/** The part of a list that one request gives. */
export type Page<Event> = {
  events: Event[];
  count: number;
  hasMore: boolean;
  /** For the next request, as `cursor`. */
  nextCursor: string | null;
};

/** The events in the array `member` of an answer. */
export function readEvents<Event>(text: string, member: string): { events: Event[]; body: Record<string, unknown> } {
  const body = JSON.parse(text) as Record<string, unknown>;
  const list = body[member];
  if (!Array.isArray(list)) throw new TriggersError({ code: 'unexpected_answer', detail: `The answer has no \`${member}\`` });
  const raw = rawPayloads(text, member);
  const events = (list as Record<string, unknown>[]).map((event, index) => withRaw<Event>(event, raw[index]));
  return { events, body };
}

/** The event that is the whole answer. */
export function readEvent<Event>(text: string): Event {
  return withRaw<Event>(JSON.parse(text), rawPayloads(text)[0]);
}

export function readPage<Event>(text: string, member: string): Page<Event> {
  const { events, body } = readEvents<Event>(text, member);
  return { events, count: body.count as number, hasMore: body.has_more as boolean, nextCursor: body.next_cursor as string | null };
}

function withRaw<Event>(event: Record<string, unknown>, rawPayload: string | undefined): Event {
  return { ...toCamel(event), rawPayload } as Event;
}
