import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Api } from '../api.ts';
import type { Context } from '../context.ts';
import { idsOf } from '../ids.ts';
import { integer, moment, eventTypes as typeFilters } from '../options.ts';
import { CliError, exitCodes, outcomeOf } from '../outcome.ts';
import { toSnake } from '../snake.ts';
import { counted, grouped, printable } from '../text.ts';

type ReplayOptions = {
  from?: string;
  to?: string;
  eventType?: string[];
  status?: 'acknowledged' | 'dead_lettered' | 'any';
  limit?: number;
  dryRun?: boolean;
  wait: boolean;
  json?: boolean;
};

/** Milliseconds between two looks at a job. */
const lookMs = 500;

/** `triggers replay` */
export function addReplay(program: Command, context: Context): void {
  program
    .command('replay [ids...]')
    .description(
      'bring events back into the inbox: those named (- takes ids from stdin), or with --from all that were received in a stretch of time',
    )
    .option('--from <time>', 'received since (RFC 3339, or so long ago: 2h)', moment)
    .option('--to <time>', 'received before; now, unless given', moment)
    .option('--event-type <type>', 'only this type, or order.* for all that begin so; can be repeated', typeFilters)
    .addOption(
      new Option('--status <status>', 'only those that are so now (unless given: acknowledged)').choices([
        'acknowledged',
        'dead_lettered',
        'any',
      ]),
    )
    .option('--limit <n>', 'at most so many, the oldest', integer(1, 10_000_000))
    .option('--dry-run', 'say how many there are, and do nothing')
    .option('--no-wait', 'do not wait for the end when it takes longer (more than 500 events)')
    .option('--json', 'print JSON')
    .action(async (given: string[], options: ReplayOptions, command: Command) => {
      const filtered = options.from ?? options.to ?? options.eventType ?? options.status ?? options.limit;
      if (given.length > 0 === (filtered !== undefined)) {
        throw new CliError(
          exitCodes.usage,
          'give the ids of events, or --from and what else limits them',
          'Such as: triggers replay --from 2h --event-type order.created',
        );
      }
      if (given.length > 0) return replayIds(context, command, given, options);
      if (options.from === undefined) throw new CliError(exitCodes.usage, 'since when? --from is needed', 'Such as: --from 2h');
      await replayStretch(context, command, { ...options, from: options.from });
    });
}

async function replayIds(context: Context, command: Command, given: readonly string[], { dryRun, json }: ReplayOptions): Promise<void> {
  const { terminal, surroundings, signal } = context;
  const ids = await idsOf(surroundings, given);
  const { api } = await context.api(command);
  const exits = new Set<number>();
  for (const id of ids) {
    try {
      const { status, already } = dryRun ? await look(api, id) : await bringBack(api, id);
      if (json) await terminal.json({ event_id: id, status, ...(already && { already_pending: true }), dry_run: dryRun });
      else await terminal.print(`${id}\t${printable(already ? `already ${status}` : dryRun ? `is ${status}` : status)}`);
    } catch (error) {
      signal.throwIfAborted();
      const { exitCode, lines } = outcomeOf(error);
      // What concerns this event only does not keep the others from being brought back.
      if (exitCode !== exitCodes.notFound && exitCode !== exitCodes.failed) throw error;
      exits.add(exitCode);
      terminal.say(`${id}: ${lines.join(' ')}`);
    }
  }
  if (exits.size > 0) throw new CliError(exits.has(exitCodes.failed) ? exitCodes.failed : exitCodes.notFound, '');
}

async function bringBack(api: Api, id: string): Promise<{ status: string; already?: boolean | undefined }> {
  const { status, alreadyPending } = await api.replay(id);
  return { status, already: alreadyPending };
}

async function look(api: Api, id: string): Promise<{ status: string; already?: boolean | undefined }> {
  const { status } = await api.getEvent(id);
  return { status, already: ['pending', 'leased', 'delayed'].includes(status) };
}

async function replayStretch(context: Context, command: Command, options: ReplayOptions & { from: string }): Promise<void> {
  const { terminal } = context;
  const {
    from,
    to = new Date().toISOString(),
    eventType: eventTypes,
    status = 'acknowledged',
    limit,
    dryRun = false,
    wait,
    json,
  } = options;
  if (to <= from) throw new CliError(exitCodes.usage, '--to must be later than --from');
  const { api } = await context.api(command);
  const answered = await api.replayMany({ filter: { from, to, eventTypes, status }, limit, dryRun });
  const result = answered.jobId !== undefined && wait ? await finished(context, api, answered.jobId) : answered;
  if (json) await terminal.json(toSnake(result));
  else {
    const matched = `${result.matchedAtLeast ? 'at least ' : ''}${counted(result.matched, 'event')}`;
    if (dryRun) await terminal.print(`${matched} would come back`);
    else if (result.moved === undefined) await terminal.print(`${matched} will come back: job ${printable(result.jobId ?? '')}`);
    else await terminal.print(`${grouped(result.moved)} of ${matched} came back`);
  }
  if (result.status === 'failed')
    throw new CliError(exitCodes.failed, 'the service could not end it', 'The same command again does the rest.');
}

/** The job when it has ended. */
async function finished({ terminal, signal }: Context, api: Api, jobId: string) {
  terminal.say(`under way as job ${printable(jobId)}; it goes on without this command`);
  for (;;) {
    const job = await api.job(jobId);
    if (job.status === 'completed' || job.status === 'failed') return job;
    await delay(lookMs, undefined, { signal });
  }
}
