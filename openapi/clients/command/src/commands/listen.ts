import { type Command, Option } from 'commander';
import { type Api, connect, type Event } from '../api.ts';
import type { Context } from '../context.ts';
import { eventJson } from '../events.ts';
import { forwarder } from '../forward.ts';
import { eventTypes, integer, moment, webAddress } from '../options.ts';
import { CliError, exitCodes, outcomeOf } from '../outcome.ts';
import { follow } from '../tail.ts';
import { duration, printable } from '../text.ts';
import {
  arrival,
  type Counts,
  departure,
  type Handled,
  handledJson,
  introduction,
  type Listening,
  shown,
  summary,
} from './listen-lines.ts';

type ListenOptions = Listening & { since?: string; maxEvents?: number; json?: boolean };

/** `triggers listen` */
export function addListen(program: Command, context: Context): void {
  program
    .command('listen')
    .description('show events as they come in, until Ctrl-C; the inbox stays as it is, unless --acknowledge')
    .option('--event-type <type>', 'only this type, or order.* for all that begin so; can be repeated', eventTypes)
    .option('--forward-to <url>', 'POST each event to a program of yours, such as http://localhost:3000/hook', webAddress)
    .addOption(new Option('--acknowledge', 'acknowledge each event that --forward-to answers with a 2xx'))
    .option('--since <time>', 'begin with what was received since (RFC 3339, or so long ago: 10m); else with what is new', moment)
    .option('--max-events <n>', 'end after so many', integer(1, 1_000_000_000))
    .option('--json', 'print a line of JSON for each event')
    .action((options: ListenOptions, command: Command) => listen(context, command, options));
}

async function listen(context: Context, command: Command, options: ListenOptions): Promise<void> {
  const { terminal, signal } = context;
  if (options.acknowledge && !options.forwardTo) {
    throw new CliError(exitCodes.usage, '--acknowledge needs --forward-to: what nobody has handled is not acknowledged');
  }
  const { api, settings } = await context.api(command);
  const handle = handler(context, api, options);
  const counts: Counts = { events: 0, forwarded: 0, failed: 0, acknowledged: 0 };
  let startedMs: number | undefined;
  // Of these calls the failed attempts are counted here, so that they can be told of.
  const events = follow(connect(settings, signal, { maxAttempts: 1 }), {
    since: options.since,
    eventTypes: options.eventType,
    signal,
    onStart() {
      startedMs = performance.now();
      terminal.say(introduction(settings.url, options));
    },
    onLost: (error, waitMs) =>
      terminal.say(terminal.sayStyle('yellow', `${outcomeOf(error).lines[0]}; again in ${duration(waitMs / 1000)}`)),
    onBack: (ms) => terminal.say(terminal.sayStyle('green', `connected again after ${duration(ms / 1000)}; nothing was missed`)),
  });
  try {
    for await (const event of events) {
      counts.events += 1;
      const { forwarded, acknowledged } = (await handle(event)) ?? {};
      if (forwarded) counts[forwarded.ok ? 'forwarded' : 'failed'] += 1;
      if (acknowledged) counts.acknowledged += 1;
      if (counts.events === options.maxEvents) break;
    }
  } finally {
    if (startedMs !== undefined) terminal.say(summary(counts, performance.now() - startedMs, options));
  }
}

/** A function that prints an event and, if that is asked for, forwards and acknowledges it. */
function handler({ terminal, signal }: Context, api: Api, options: ListenOptions): (event: Event) => Promise<Handled | undefined> {
  const { forwardTo, acknowledge, json } = options;
  const forward = forwardTo && forwarder(forwardTo, signal);
  return async (event) => {
    if (!forward) {
      await (json ? terminal.jsonText(eventJson(event)) : terminal.print(shown(terminal, event)));
      return undefined;
    }
    if (!json) await terminal.print(arrival(terminal, event));
    const forwarded = await forward(event);
    const handled = { forwarded, acknowledged: acknowledge && forwarded.ok && (await acknowledged(event)) };
    await (json ? terminal.jsonText(eventJson(event, handledJson(handled))) : terminal.print(departure(terminal, handled)));
    return handled;
  };

  /** What cannot be acknowledged comes again to whoever works the inbox: no reason to end. */
  async function acknowledged({ eventId }: Event): Promise<boolean> {
    try {
      const { results } = await api.acknowledge([eventId]);
      const error = results[0]?.error;
      if (error) terminal.say(`${eventId} is not acknowledged: ${printable(error.detail)}`);
      return error === undefined;
    } catch (error) {
      signal.throwIfAborted();
      terminal.say(`${eventId} is not acknowledged: ${outcomeOf(error).lines.join(' ')}`);
      return false;
    }
  }
}
