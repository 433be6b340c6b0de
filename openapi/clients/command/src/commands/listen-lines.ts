import type { Event } from '../api.ts';
import { eventRow } from '../events.ts';
import type { Forwarded } from '../forward.ts';
import type { Terminal } from '../terminal.ts';
import { clockTime, counted, duration, printable, shortened } from '../text.ts';

/** To what is listened, and what is done with it. */
export type Listening = { eventType?: string[]; forwardTo?: URL; acknowledge?: boolean };

/** What became of one event. `acknowledged` is undefined when it was not to be. */
export type Handled = { forwarded: Forwarded; acknowledged: boolean | undefined };

export type Counts = { events: number; forwarded: number; failed: number; acknowledged: number };

export function introduction(url: string, { eventType, forwardTo, acknowledge }: Listening): string {
  const what = eventType ? eventType.join(', ') : 'all events';
  const where = forwardTo ? `, forwarding to ${forwardTo.href}` : '';
  const effect = acknowledge ? 'What it answers with a 2xx is acknowledged.' : 'Nothing is acknowledged.';
  return `Listening to ${what} of ${url}${where}. ${effect} Ctrl-C ends.`;
}

/** An event that is only shown: for a person in one line of the terminal. */
export function shown(terminal: Terminal, event: Event): string {
  const [id = '', type = '', received = '', payload = ''] = eventRow(terminal, event);
  if (!terminal.interactive) return [received, type, id, payload].join('\t');
  const time = clockTime(Date.parse(event.receivedAt));
  const room = Math.max(terminal.columns - `${time}  ${type}  ${id}  `.length, 20);
  return `${terminal.style('dim', time)}  ${terminal.style('cyan', type)}  ${id}  ${shortened(payload, room)}`;
}

/** Of an event that is forwarded, the line before: `14:03:09  → order.created evt_…`. */
export function arrival(terminal: Terminal, { eventId, eventType }: Event): string {
  return `${now(terminal)}  → ${terminal.style('cyan', printable(eventType))} ${printable(eventId)}`;
}

/** And the line after it: `14:03:09  ← 200 in 12 ms, acknowledged`. */
export function departure(terminal: Terminal, { forwarded, acknowledged }: Handled): string {
  const { ok, status, error, ms } = forwarded;
  const word = terminal.style(ok ? 'green' : 'red', printable(String(status ?? error)));
  const end = acknowledged === undefined ? '' : acknowledged ? ', acknowledged' : ', not acknowledged';
  return `${now(terminal)}  ← ${word} in ${ms} ms${end}`;
}

/** Members that --json adds to a forwarded event. */
export function handledJson({ forwarded: { status, ms, error }, acknowledged }: Handled): Record<string, unknown> {
  return { forwarded: { status: status ?? null, ms, error }, acknowledged };
}

export function summary({ events, forwarded, failed, acknowledged }: Counts, ms: number, { forwardTo, acknowledge }: Listening): string {
  const parts = [counted(events, 'event')];
  if (forwardTo) parts.push(`${forwarded} forwarded`, `${failed} failed`);
  if (acknowledge) parts.push(`${acknowledged} acknowledged`);
  return `${parts.join(', ')} in ${duration(ms / 1000)}`;
}

function now(terminal: Terminal): string {
  return terminal.style('dim', clockTime(Date.now()));
}
