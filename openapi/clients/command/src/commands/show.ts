import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { eventJson } from '../events.ts';
import { printable, relative } from '../text.ts';

/** `triggers show` */
export function addShow(program: Command, context: Context): void {
  program
    .command('show <id>')
    .description('one event, its state and what happened to it')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const { api } = await context.api(command);
      const event = await api.getEvent(id);
      const { terminal } = context;
      if (json) return terminal.jsonText(eventJson(event));
      const now = Date.now();
      const when = (time: string) => (terminal.interactive ? `${printable(time)} (${relative(time, now)})` : printable(time));
      await terminal.record([
        ['event_id', printable(event.eventId)],
        ['event_type', printable(event.eventType)],
        ['status', printable(event.status)],
        ['timestamp', when(event.timestamp)],
        ['expires_at', when(event.expiresAt)],
        ['deliveries', `${event.delivery.count}${event.delivery.replayed ? ', replayed' : ''}`],
        ['metadata', printable(JSON.stringify(event.metadata))],
        ['payload', printable(event.rawPayload)],
        ...event.history.map(({ status, at, reason }): [string, string] => [
          printable(status),
          `${when(at)}${reason === undefined ? '' : `: ${printable(reason)}`}`,
        ]),
      ]);
    });
}
