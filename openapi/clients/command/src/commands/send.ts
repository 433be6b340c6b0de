import type { RawJson } from '@triggers-api/client';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { readWhole } from '../input.ts';
import { payloadOf } from '../json.ts';
import { type Happened, happened, metadata } from '../options.ts';
import { CliError, exitCodes } from '../outcome.ts';
import { toSnake } from '../snake.ts';
import { printable, relative } from '../text.ts';
import { sendLines } from './send-batch.ts';

export type SendOptions = {
  data?: string;
  file?: string;
  batch?: boolean;
  idempotencyKey?: string;
  timestamp?: Happened;
  metadata?: Record<string, string>;
  json?: boolean;
};

/** `triggers send` */
export function addSend(program: Command, context: Context): void {
  program
    .command('send [type]')
    .description('send an event, its payload from --data, --file or stdin; or with --batch one for each line of JSON')
    .addOption(new Option('--data <json>', 'the payload').conflicts('file'))
    .option('--file <path>', 'the payload, or with --batch the lines, from this file; - is stdin')
    .addOption(new Option('--batch', 'each line is a payload of the type; without a type, a whole event').conflicts('data'))
    .option('--idempotency-key <text>', 'sent again with the same key, it is stored once; with --batch line n gets <text>:n')
    .option('--timestamp <time>', 'when it happened (RFC 3339, or so long ago: 10m); else when it is received', happened)
    .option('--metadata <name=value>', 'text that travels beside the payload; can be repeated', metadata)
    .option('--json', 'print JSON, with --batch a line for each event')
    .action(async (type: string | undefined, options: SendOptions, command: Command) => {
      if (options.timestamp?.isRelative && (options.batch || options.idempotencyKey !== undefined)) {
        throw new CliError(
          exitCodes.usage,
          `--timestamp must be a time here: the same command again would mean another one, and be refused`,
          `Such as: --timestamp ${options.timestamp.time}`,
        );
      }
      if (options.batch) return sendLines(context, command, type, options);
      if (type === undefined) throw new CliError(exitCodes.usage, 'which type of event?', 'Such as: triggers send order.created');
      await sendOne(context, command, type, options);
    });
}

async function sendOne(context: Context, command: Command, type: string, options: SendOptions): Promise<void> {
  const { terminal } = context;
  const { api } = await context.api(command);
  const { idempotencyKey, timestamp, metadata } = options;
  const payload = await readPayload(context, options);
  const sent = await api.send(type, payload, { idempotencyKey, timestamp: timestamp?.time, metadata });
  if (options.json) return terminal.json(toSnake(sent));
  if (!terminal.interactive) return terminal.print(`${sent.eventId}\t${sent.duplicate ? 'duplicate' : 'accepted'}`);
  const word = sent.duplicate ? terminal.style('yellow', 'there already:') : terminal.style('green', 'accepted:');
  await terminal.print(`${word} ${printable(sent.eventId)}, expires ${relative(sent.expiresAt, Date.now())}`);
}

async function readPayload({ surroundings }: Context, { data, file }: SendOptions): Promise<RawJson> {
  if (data !== undefined) return payloadOf(data, '--data');
  if (file === undefined && surroundings.stdin.isTTY) {
    throw new CliError(exitCodes.usage, 'no payload', `Give it: --data '{"order_id":"order_001"}', --file order.json, or on stdin.`);
  }
  return payloadOf(await readWhole(surroundings, file), file === undefined || file === '-' ? 'the standard input' : file);
}
