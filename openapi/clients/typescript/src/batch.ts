import { answer, type Connection, type Schemas } from './api.ts';
import { TriggersError, ValidationError } from './errors.ts';
import type { Settings } from './options.ts';
import { keyOf, type OutgoingEvent, type WrittenEvent, write } from './outgoing.ts';
import { repeat } from './repeat.ts';
import type { CallOptions } from './transport.ts';

/** The API's limits of a request: events, and bytes with the brackets around them. */
export const batchLimits = { events: 500, bytes: 4 * 1024 * 1024 } as const;

const [opening, closing] = ['{"events":[', ']}'];

export type BatchOptions = CallOptions & {
  /** Gives event i the key `<key>:i`, unless it has one of its own. Then the same events may be sent again, in the same order, as a whole. */
  idempotencyKey?: string;
};

export type BatchItemError = { code: string; detail: string; pointer?: string; retryable: boolean };

/** What became of one event. `idempotencyKey`: with it, and the same content, it can be sent again without being stored twice. */
export type BatchItem = { index: number; idempotencyKey: string } & (
  | { status: 'accepted' | 'duplicate'; eventId: string; error?: undefined }
  | { status: 'failed'; eventId?: undefined; error: BatchItemError }
);

/** `results` has one for each event, in their order; after a failure, for each that was taken from the source. */
export type BatchSummary = { accepted: number; duplicates: number; failed: number; results: BatchItem[] };

type Pending = WrittenEvent & { index: number };

const notSent: BatchItemError = { code: 'not_sent', detail: 'The batch had failed before this event was sent.', retryable: true };

/**
 * Sends any number of events, in requests that the API takes, one after the other.
 * @throws {TriggersError} a request failed as a whole, or the source threw (`source_failed`, its error is the `cause`); nothing is taken from the source or
 * sent after it, and `error.batch` says what became of each event so far.
 * @throws {TypeError} `events` is nothing that gives events.
 */
export async function sendBatch(
  connection: Connection,
  settings: Settings,
  events: Iterable<OutgoingEvent> | AsyncIterable<OutgoingEvent>,
  options: BatchOptions = {},
): Promise<BatchSummary> {
  if (!isIterable(events)) throw new TypeError('events must be an array, or something else that is iterable');
  const results: BatchItem[] = [];
  let failure: TriggersError | undefined;
  let index = -1;
  const send = async (items: Pending[]) => {
    try {
      await sendPart(connection, settings, items, options, results);
    } catch (error) {
      if (!(error instanceof TriggersError)) throw error;
      // What is wrong with the only event of a request, such as its size, is no fault of its neighbours.
      if (!(error instanceof ValidationError && items.length === 1)) failure = error;
      fail(items, results, { code: error.code, detail: error.detail, retryable: error.retryable });
    }
  };
  let part: Pending[] = [];
  let bytes = opening.length + closing.length;
  const source = untilItFails(events, (error) => {
    if (options.signal?.aborted) throw options.signal.reason;
    failure ??= new TriggersError({ code: 'source_failed', detail: 'The source of the events failed.', cause: error });
  });
  for await (const event of source) {
    index += 1;
    const idempotencyKey = keyOf(event, options.idempotencyKey && `${options.idempotencyKey}:${index}`);
    const item = written(event, { index, idempotencyKey });
    if ('error' in item) {
      results[index] = item;
      continue;
    }
    const size = Buffer.byteLength(item.text) + 1;
    if (part.length > 0 && (part.length === batchLimits.events || bytes + size > batchLimits.bytes)) {
      await send(part);
      [part, bytes] = [[], opening.length + closing.length];
    }
    if (failure !== undefined) {
      fail([item], results, notSent);
      break;
    }
    part.push(item);
    bytes += size;
  }
  if (failure !== undefined) fail(part, results, notSent);
  else if (part.length > 0) await send(part);
  const summary = summaryOf(results);
  if (failure === undefined) return summary;
  failure.batch = summary;
  throw failure;
}

function isIterable(value: unknown): boolean {
  return Symbol.asyncIterator in Object(value) || Symbol.iterator in Object(value);
}

/** What the source gives; what it throws goes to `onError`, apart from what is thrown by whoever takes from it. */
async function* untilItFails<T>(
  source: Iterable<T> | AsyncIterable<T>,
  onError: (error: unknown) => void,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* source;
  } catch (error) {
    onError(error);
  }
}

/** The event as it goes on its way; failed, when it has what JSON has not: that is no fault of its neighbours. */
function written(event: OutgoingEvent, known: { index: number; idempotencyKey: string }): Pending | (BatchItem & { status: 'failed' }) {
  try {
    return { ...write(event, known.idempotencyKey), ...known };
  } catch (error) {
    return { ...known, status: 'failed', error: { code: 'invalid_event', detail: (error as Error).message, retryable: false } };
  }
}

/** One request, and again with those of its events that may be taken later. */
function sendPart(connection: Connection, settings: Settings, part: Pending[], options: BatchOptions, results: BatchItem[]): Promise<void> {
  type Result = Schemas['BatchResult']['results'][number];
  return repeat<Pending, Result>(
    settings,
    part,
    {
      send: async (items, call) => (await post(connection, items, call)).results,
      isWorthRepeating: ({ error }) => isWorthRepeating(error),
      onResult: (item, { status, event_id: eventId, error }) => {
        results[item.index] = resultOf(item, status, eventId, error);
      },
    },
    options,
  );
}

function post(connection: Connection, items: Pending[], call: CallOptions): Promise<Schemas['BatchResult']> {
  const text = `${opening}${items.map((item) => item.text).join(',')}${closing}`;
  return answer(connection.api.POST('/v1/events/batch', { body: [], bodySerializer: () => text, ...connection.with(call) }));
}

/** A used-up quota comes back with the month: no call waits for that. */
function isWorthRepeating(error: { code: string; retryable: boolean } | undefined): boolean {
  return (error?.retryable ?? false) && error?.code !== 'quota_exceeded';
}

function resultOf(
  { index, idempotencyKey }: Pending,
  status: BatchItem['status'],
  eventId: string | undefined,
  error: BatchItemError | undefined,
): BatchItem {
  if (status === 'failed' || eventId === undefined) {
    return {
      index,
      idempotencyKey,
      status: 'failed',
      error: error ?? { code: 'unknown', detail: 'No reason was given.', retryable: false },
    };
  }
  return { index, idempotencyKey, status, eventId };
}

/** What an earlier round has stored, or refused for good, stays so. */
function fail(items: Pending[], results: BatchItem[], error: BatchItemError): void {
  for (const item of items) {
    const before = results[item.index];
    if (before === undefined || isWorthRepeating(before.error)) results[item.index] = resultOf(item, 'failed', undefined, error);
  }
}

function summaryOf(results: BatchItem[]): BatchSummary {
  const count = (status: BatchItem['status']) => results.filter((result) => result.status === status).length;
  return { accepted: count('accepted'), duplicates: count('duplicate'), failed: count('failed'), results };
}
