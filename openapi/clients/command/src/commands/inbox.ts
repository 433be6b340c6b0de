import type { Page } from '@triggers-api/client';
import type { Command } from 'commander';
import type { Api, Event } from '../api.ts';
import type { Context } from '../context.ts';
import { eventColumns, eventJson, eventRows } from '../events.ts';
import { eventTypes, integer } from '../options.ts';
import { counted } from '../text.ts';

type InboxOptions = { limit: number; eventType?: string[]; wait?: number; includeLeased?: boolean; json?: boolean };

/** `triggers inbox` */
export function addInbox(program: Command, context: Context): void {
  program
    .command('inbox')
    .description('list what is not acknowledged yet, oldest first; looking takes nothing out')
    .option('--limit <n>', 'at most so many events', integer(1, 100_000), 20)
    .option('--event-type <type>', 'only this type, or order.* for all that begin so; can be repeated', eventTypes)
    .option('--wait <seconds>', 'when there is none, wait so long for the first (0 to 30)', integer(0, 30))
    .option('--include-leased', 'also those that a worker holds, or has released for later')
    .option('--json', 'print a line of JSON for each event')
    .action(async (options: InboxOptions, command: Command) => {
      const { api } = await context.api(command);
      const { terminal } = context;
      let printed = 0;
      let more = false;
      let widths: number[] | undefined;
      for await (const page of pages(api, options)) {
        more = page.hasMore;
        printed += page.events.length;
        if (options.json) for (const event of page.events) await terminal.jsonText(eventJson(event));
        else if (page.events.length > 0) widths = await terminal.table(eventColumns, eventRows(terminal, page.events), widths);
      }
      if (!terminal.interactive || options.json) return;
      if (printed === 0) terminal.say('the inbox is empty');
      else if (more) terminal.say(`${counted(printed, 'event')} shown, there are more: --limit`);
    });
}

/** As many pages as `limit` takes. */
async function* pages(api: Api, { limit, eventType, wait, includeLeased }: InboxOptions): AsyncGenerator<Page<Event>> {
  let left = limit;
  for (let cursor: string | undefined; left > 0; ) {
    const page: Page<Event> = await api.peek({
      limit: Math.min(left, 500),
      cursor,
      eventTypes: eventType,
      waitSeconds: cursor ? 0 : wait,
      includeLeased,
    });
    yield page;
    left -= page.events.length;
    if (!page.hasMore || page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
}
