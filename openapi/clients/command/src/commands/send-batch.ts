import { randomUUID } from 'node:crypto';
import { type BatchItem, type OutgoingEvent, RawJson, TriggersError } from '@triggers-api/client';
import type { Command } from 'commander';
import type { Api } from '../api.ts';
import type { Context } from '../context.ts';
import { together } from '../groups.ts';
import { readLines } from '../input.ts';
import { isObject, parseJson, payloadOf } from '../json.ts';
import { CliError, exitCodes } from '../outcome.ts';
import { counted, printable } from '../text.ts';
import type { SendOptions } from './send.ts';

type Line = { number: number } & ({ event: OutgoingEvent } | { problem: string });

/**
 * `triggers send --batch`: however many lines there are, some hundred at a time. A line that is refused does not keep the others from being sent.
 * Each has a key of its own, made of that of all and its number, so the same input with the same key again sends what is missing and nothing twice.
 */
export async function sendLines(context: Context, command: Command, type: string | undefined, options: SendOptions): Promise<void> {
  const { surroundings, terminal } = context;
  if (options.file === undefined && surroundings.stdin.isTTY) {
    throw new CliError(exitCodes.usage, 'no lines', 'Give them on stdin, or by --file orders.jsonl.');
  }
  const { api } = await context.api(command);
  const key = options.idempotencyKey ?? randomUUID();
  const counts: Counts = { accepted: 0, duplicate: 0, failed: 0 };
  let tried = 0;
  try {
    for await (const group of together(readLines(surroundings, options.file))) {
      tried += group.length;
      const lines = group.map(({ number, line }) => read(number, line, type, { ...options, idempotencyKey: `${key}:${number}` }));
      await sendGroup(api, context, lines, counts, options.json);
    }
  } catch (error) {
    if (tried > 0)
      terminal.say(`broken off at line ${tried}: the same again with --idempotency-key ${printable(key)} sends what is missing`);
    throw error;
  }
  terminal.say(`${counted(counts.accepted, 'event')} accepted, ${counted(counts.duplicate, 'duplicate')}, ${counts.failed} failed`);
  if (counts.failed > 0) throw new CliError(exitCodes.failed, '');
}

type Counts = Record<'accepted' | 'duplicate' | 'failed', number>;

/** Sends the good ones and prints what became of each line, in their order; of those of a request that failed, what is stored all the same. */
async function sendGroup(api: Api, context: Context, lines: Line[], counts: Counts, json: boolean | undefined): Promise<void> {
  const good = lines.filter((line) => 'event' in line);
  try {
    const { results } = good.length > 0 ? await api.sendBatch(good.map(({ event }) => event)) : { results: [] };
    await printGroup(context, lines, new Map(results.map((result) => [good[result.index], result])), counts, json);
  } catch (error) {
    const batch = error instanceof TriggersError ? (error.batch?.results ?? []) : [];
    const stored = new Map(batch.filter(({ eventId }) => eventId !== undefined).map((result) => [good[result.index], result]));
    await printGroup(
      context,
      [...stored.keys()].flatMap((line) => line ?? []),
      stored,
      counts,
      json,
    );
    throw error;
  }
}

type Results = Map<Line | undefined, BatchItem>;

async function printGroup(
  { terminal }: Context,
  lines: Line[],
  results: Results,
  counts: Counts,
  json: boolean | undefined,
): Promise<void> {
  for (const line of lines) {
    const result = results.get(line);
    const status = result?.status ?? 'failed';
    const error = 'event' in line ? result?.error : { code: 'invalid_line', detail: line.problem, retryable: false };
    counts[status] += 1;
    const { number } = line;
    if (json) await terminal.json({ line: number, status, event_id: result?.eventId, error });
    else if (!terminal.interactive) await terminal.table([], [[String(number), status, result?.eventId ?? error?.code ?? '']]);
    if (error && !json) terminal.say(`line ${number}: ${printable(error.detail)} (${printable(error.code)})`);
  }
}

/** The event of a line. What the line says itself comes before what the options say of all. */
function read(number: number, line: string, type: string | undefined, { idempotencyKey, timestamp, metadata }: SendOptions): Line {
  const all = { idempotencyKey, timestamp: timestamp?.time, metadata };
  try {
    if (type !== undefined) return { number, event: { ...all, eventType: type, payload: payloadOf(line, 'the line') } };
    const own = parseJson(line);
    if (!isObject(own) || typeof own.event_type !== 'string' || !isObject(own.payload)) {
      return { number, problem: 'the line must be {"event_type":"…","payload":{…}}, or name a type: triggers send <type> --batch' };
    }
    const { event_type: eventType, payload, idempotency_key, timestamp: ownTime, metadata: ownMetadata } = own;
    const more = { idempotencyKey: idempotency_key, timestamp: ownTime, metadata: ownMetadata } as Partial<OutgoingEvent>;
    const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
    return { number, event: { ...all, ...given, eventType, payload: new RawJson(JSON.stringify(payload)) } };
  } catch (error) {
    return { number, problem: error instanceof CliError ? error.message : `the line is not JSON: ${(error as Error).message}` };
  }
}
