import type { Page } from '@triggers-api/client';
import type { Command } from 'commander';
import type { Api, Event } from '../api.ts';
import type { Context } from '../context.ts';
import { idsOf } from '../ids.ts';
import { eventTypes } from '../options.ts';
import { CliError, exitCodes } from '../outcome.ts';
import { confirm } from '../prompts.ts';
import { counted, printable } from '../text.ts';

type AckOptions = { all?: boolean; eventType?: string[]; yes?: boolean; json?: boolean };
/** Ids that one request names at most, and events of a page. */
const most = 500;

/** `triggers ack` */
export function addAck(program: Command, context: Context): void {
  program
    .command('ack [ids...]')
    .description('acknowledge events: they do not come again, but for a replay; - takes the ids from stdin')
    .option('--all', 'all that are in the inbox now and not with a worker')
    .option('--event-type <type>', 'with --all, only this type, or order.* for all that begin so; can be repeated', eventTypes)
    .option('--yes', 'do not ask')
    .option('--json', 'print a line of JSON for each event')
    .action(async (given: string[], options: AckOptions, command: Command) => {
      if (Boolean(options.all) === given.length > 0) throw new CliError(exitCodes.usage, 'give the ids of events, or --all');
      if (options.eventType && !options.all) throw new CliError(exitCodes.usage, '--event-type needs --all');
      const ids = await idsOf(context.surroundings, given);
      const { api } = await context.api(command);
      if (options.all) await acknowledgeAll(context, api, options);
      else await acknowledgeIds(context, api, ids, options);
    });
}

async function acknowledgeIds(context: Context, api: Api, ids: readonly string[], { json }: AckOptions): Promise<void> {
  const failures = new Set<string>();
  for (let at = 0; at < ids.length; at += most) {
    for (const code of await acknowledge(context, api, ids.slice(at, at + most), json)) failures.add(code);
  }
  if (failures.size === 0) return;
  const unknown = failures.size === 1 && failures.has('event_not_found');
  throw new CliError(unknown ? exitCodes.notFound : exitCodes.failed, '');
}

/** What comes meanwhile stays: it is not what was asked about. */
async function acknowledgeAll(context: Context, api: Api, { eventType, yes, json }: AckOptions): Promise<void> {
  const { surroundings, terminal } = context;
  const { pending, countedAt } = await api.inboxStats();
  const what = eventType ? `all events of ${eventType.join(', ')}` : `all ${counted(pending, 'event')}`;
  await confirm(surroundings, `Acknowledge ${printable(what)} in the inbox`, yes);
  let done = 0;
  let failed = 0;
  for (let cursor: string | undefined, more = true; more; ) {
    const page: Page<Event> = await api.peek({ limit: most, cursor, eventTypes: eventType });
    const ids = page.events.filter((event) => event.receivedAt <= countedAt).map(({ eventId }) => eventId);
    // One that was settled or expired meanwhile is not in the inbox any more either.
    if (ids.length > 0) failed += (await acknowledge(context, api, ids, json)).filter((code) => code !== 'event_not_found').length;
    done += ids.length;
    more = page.hasMore && ids.length > 0;
    cursor = page.nextCursor ?? undefined;
  }
  terminal.say(`${counted(done - failed, 'event')} acknowledged`);
  if (failed > 0) throw new CliError(exitCodes.failed, `${counted(failed, 'event')} not acknowledged`);
}

/** Acknowledges at most 500 and prints what became of each. Gives the codes of those that failed. */
async function acknowledge({ terminal }: Context, api: Api, ids: readonly string[], json: boolean | undefined): Promise<string[]> {
  const { results } = await api.acknowledge(ids);
  const codes: string[] = [];
  for (const { eventId, status, acknowledgedAt, alreadyAcknowledged, error } of results) {
    if (error) codes.push(error.code);
    if (json) {
      await terminal.json({ event_id: eventId, status, acknowledged_at: acknowledgedAt, already_acknowledged: alreadyAcknowledged, error });
    } else if (error) terminal.say(`${printable(eventId)}: ${printable(error.detail)} (${printable(error.code)})`);
    else await terminal.print(`${printable(eventId)}\t${alreadyAcknowledged ? 'already acknowledged' : 'acknowledged'}`);
  }
  return codes;
}
