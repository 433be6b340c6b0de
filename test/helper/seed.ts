import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { insertEvents } from '../../src/modules/ingestion/store.ts';
import { spanOf } from '../../src/platform/byte-span.ts';
import { eventAttributes } from '../../src/platform/event-json.ts';
import type { RequestOptions, TestApp, TestPartner } from './app.ts';

export type SeededEvent = { id: string; type?: string; payload?: string; metadata?: string };

/** A UUIDv7 received at `ms`; `sequence` (below 4,096) orders the ids of one millisecond. */
export function uuidAt(ms: number, sequence = 0): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence.toString(16).padStart(3, '0')}-8${randomBytes(8).toString('hex').slice(0, 3)}-${randomBytes(6).toString('hex')}`;
}

/** Stores events as the writer does, in one statement, under ids of the test's choosing: for times that have passed and orders that are rare. */
export async function seedEvents(db: pg.ClientBase, partnerId: number, events: SeededEvent[]): Promise<void> {
  const rows = events.map(({ id, type = 'test.event', payload = '{}', metadata = null }) => {
    const attributes = eventAttributes({ eventType: type, timestamp: '2026-01-01T00:00:00.000Z', metadata, traceParent: null });
    return { partnerId, id, eventType: type, attributes, payload: spanOf(payload), idempotencyKey: null, fingerprint: null };
  });
  await insertEvents(db, rows);
}

/** `count` events, a millisecond apart, the last of them received just now; returns their public ids, oldest first. */
export async function seedMany(
  db: pg.ClientBase,
  partnerId: number,
  count: number,
  event: Omit<SeededEvent, 'id'> = {},
): Promise<string[]> {
  const end = Date.now();
  const ids = Array.from({ length: count }, (_, index) => uuidAt(end - count + 1 + index));
  await seedEvents(
    db,
    partnerId,
    ids.map((id) => ({ id, ...event })),
  );
  return ids.map((id) => `evt_${id}`);
}

/** Posts one event and returns its id. */
export async function postEvent(
  { request }: Pick<TestApp, 'request'>,
  key: string,
  event: Record<string, unknown> = {},
  options: RequestOptions = {},
): Promise<string> {
  const answer = await request('POST', '/v1/events', { key, body: { event_type: 'test.event', payload: {}, ...event }, ...options });
  if (answer.status !== 200) throw new Error(`an event was answered ${answer.status}: ${answer.text}`);
  return answer.json.event_id;
}

/** One page of the partner's inbox; `query` as in the URL, without the question mark. */
export async function poll({ request }: Pick<TestApp, 'request'>, { key }: Pick<TestPartner, 'key'>, query = 'limit=500') {
  const answer = await request('GET', `/v1/inbox?${query}`, { key });
  if (answer.status !== 200) throw new Error(`a poll was answered ${answer.status}: ${answer.text}`);
  return answer;
}

/** The ids on a page, in its order. */
export function idsOf({ json }: { json: { events: { event_id: string }[] } }): string[] {
  return json.events.map(({ event_id }) => event_id);
}

/** Walks one pass from the first page to the last; returns the pages. */
export async function walk(app: Pick<TestApp, 'request'>, partner: Pick<TestPartner, 'key'>, query: string) {
  const pages = [await poll(app, partner, query)];
  for (let cursor = pages[0]?.json.next_cursor; cursor; cursor = pages.at(-1)?.json.next_cursor) {
    pages.push(await poll(app, partner, `${query}&cursor=${cursor}`));
  }
  return pages;
}

export async function acknowledge({ request }: Pick<TestApp, 'request'>, { key }: Pick<TestPartner, 'key'>, eventIds: string[]) {
  return request('POST', '/v1/events/acknowledge', { key, body: { event_ids: eventIds } });
}

export type Leased = { event_id: string; lease_token: string; lease_expires_at: string; delivery: { count: number; replayed: boolean } };

/** Leases events of the partner; `body` as of the route. */
export async function receive(
  { request }: Pick<TestApp, 'request'>,
  { key }: Pick<TestPartner, 'key'>,
  body: Record<string, unknown> = { max_events: 500 },
): Promise<Leased[]> {
  const answer = await request('POST', '/v1/inbox/receive', { key, body });
  if (answer.status !== 200) throw new Error(`a receive was answered ${answer.status}: ${answer.text}`);
  return answer.json.events;
}

/** Settles one event: `PATCH /v1/events/{id}/{what}`. */
export function settle({ request }: Pick<TestApp, 'request'>, { key }: Pick<TestPartner, 'key'>, id: string, what: string, body?: unknown) {
  return request('PATCH', `/v1/events/${id}/${what}`, { key, body });
}
