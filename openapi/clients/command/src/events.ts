import type { Event } from './api.ts';
import { toSnake } from './snake.ts';
import type { Terminal } from './terminal.ts';
import { printable, relative, shortened } from './text.ts';

/** The columns of a list of events. */
export const eventColumns = ['event_id', 'event_type', 'received', 'payload'] as const;

/** An event under `eventColumns`, printable: for a person with the time as a distance from now, else the whole time. */
export function eventRow(terminal: Terminal, { eventId, eventType, receivedAt, rawPayload }: Event): string[] {
  const received = terminal.interactive ? relative(receivedAt, Date.now()) : receivedAt;
  return [eventId, eventType, received, rawPayload].map(printable);
}

/** The rows of a list: for a person with as much of the payloads as a line holds. */
export function eventRows(terminal: Terminal, events: readonly Event[]): string[][] {
  const rows = events.map((event) => eventRow(terminal, event));
  if (!terminal.interactive) return rows;
  const width = (column: number) => Math.max(eventColumns[column]?.length ?? 0, ...rows.map((row) => row[column]?.length ?? 0));
  const room = Math.max(terminal.columns - [0, 1, 2].reduce((sum, column) => sum + 2 + width(column), 0), 20);
  return rows.map((row) => [...row.slice(0, 3), shortened(row[3] ?? '', room)]);
}

/** An event as JSON, as `GET /v1/inbox` has it: its names, and its payload byte for byte. `more` is added to its members. */
export function eventJson(event: Event, more: Record<string, unknown> = {}): string {
  const { payload: _, rawPayload, ...members } = event;
  return `${JSON.stringify({ ...(toSnake(members) as object), ...more }).slice(0, -1)},"payload":${rawPayload}}`;
}
