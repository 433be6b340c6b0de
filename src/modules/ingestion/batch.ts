import type { FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError, catalogue } from '../../pipeline/errors/catalogue.ts';
import { logFailure, toApiError } from '../../pipeline/errors/handler.ts';
import { fieldError } from '../../pipeline/errors/validation-errors.ts';
import { maxJsonDepth } from '../../pipeline/json-bytes.ts';
import { arrayItems, exceedsDepth, itemsOfMember, type Span, skipSpace } from '../../pipeline/json-spans.ts';
import type { MonthlyQuota } from '../../pipeline/limits/quota.ts';
import { bodyAjv } from '../../pipeline/validation.ts';
import type { Clock } from '../../platform/clock.ts';
import type { GroupCommit, Outcome } from '../../platform/group-commit.ts';
import type { WriteOutcome } from './batch-writer.ts';
import { cloudEventRow, cloudEventsArray, dataMembers, keyOf, structuredEvent } from './cloud-events.ts';
import { CloudEventsBody } from './cloud-events-body.ts';
import { keyReused, writeError } from './errors.ts';
import { eventRow, idempotencyKey, keptMembers, parseKeyHeader, traceParent } from './event-row.ts';
import { ReadBatch, ReadEvent } from './read-event.ts';
import { EventBody, ingestLimits } from './schema.ts';
import type { EventRow } from './store.ts';
import { storedBefore } from './stored-before.ts';
import { findTwins, noTwins, twinOutcome } from './twins.ts';

export type BatchOptions = {
  writer: GroupCommit<EventRow, WriteOutcome>;
  /** For look-ups beside the writer. */
  pool: pg.Pool;
  clock: Clock;
  quota: MonthlyQuota;
  quotaExceeded(principal: Principal): ApiError;
  nextId(): string;
  onEvents(outcome: 'accepted' | 'duplicate' | 'failed', count: number, principal: Principal): void;
};

/** The header key K gives item i the key `K:i`, so it must leave room for the longest suffix. */
const maxHeaderKeyCharacters = ingestLimits.idempotencyKeyCharacters - ':499'.length;

const none: Map<EventRow, WriteOutcome> = new Map();

const isEvent = bodyAjv.compile<EventBody>({ ...EventBody, $id: undefined });

/** The handler of `POST /v1/events/batch`: every item is checked, stored and answered by itself, in the order of the request. */
export function postBatch({ writer, pool, clock, quota, quotaExceeded, nextId, onEvents }: BatchOptions) {
  return async function handle(request: FastifyRequest, reply: FastifyReply) {
    const { principal } = request;
    const items = batchItems(request);
    const header = request.headers['idempotency-key'];
    const batchKey = header === undefined ? undefined : parseKeyHeader(header, maxHeaderKeyCharacters);
    const trace = traceParent(request.headers.traceparent);

    const checked = items.all.map((item, index): EventRow | ApiError => {
      try {
        return toRow(item, index);
      } catch (error) {
        if (error instanceof ApiError) return error;
        throw error;
      }
    });
    const valid = checked.filter((row): row is EventRow => !(row instanceof Error));
    // With a key for the batch no two items have the same.
    const twins = batchKey === undefined ? findTwins(valid) : noTwins;
    const rows = twins.size === 0 ? valid : valid.filter((row) => !twins.has(row));
    // Duplicates are free: when the quota may not suffice, those whose keys are held are answered without it.
    const short = quota.remaining(principal.partnerId, principal.monthlyQuota) < rows.length;
    const before = short ? await storedBefore(pool, principal, rows, clock()) : none;
    const fresh = before.size === 0 ? rows : rows.filter((row) => !before.has(row));
    const reserved = quota.reserve(principal.partnerId, principal.monthlyQuota, fresh.length);
    const overQuota = reserved < fresh.length ? quotaExceeded(principal) : undefined;
    if (overQuota && reserved === 0 && before.size === 0) throw overQuota;
    const outcomes = await store(overQuota ? fresh.slice(0, reserved) : fresh, reserved);

    let next = 0;
    const ofFirsts = new Map<EventRow, Outcome<WriteOutcome> | undefined>();
    let logged = false;
    const totals = { accepted: 0, duplicate: 0, failed: 0 };
    // The answers are joined as text: of most items it is the same but for two values that need no escaping.
    const results = checked.map((row, index) => {
      if (row instanceof Error) return failed(index, row);
      const outcome = outcomeOf(row);
      if (outcome === undefined) return failed(index, overQuota as ApiError);
      if (outcome.result === undefined) return failed(index, toApiError(writeError(outcome.error) as never, request));
      const { status, eventId } = outcome.result;
      if (status === 'reused') return failed(index, keyReused(eventId));
      totals[status] += 1;
      return `{"index":${index},"status":"${status}","event_id":"evt_${eventId}"}`;
    });
    for (const status of ['accepted', 'duplicate', 'failed'] as const) onEvents(status, totals[status], principal);
    return reply
      .status(totals.failed === 0 ? 200 : 207)
      .type('application/json')
      .send(`{"accepted":${totals.accepted},"duplicates":${totals.duplicate},"failed":${totals.failed},"results":[${results.join(',')}]}`);

    async function store(granted: EventRow[], reserved: number): Promise<Outcome<WriteOutcome>[]> {
      let accepted = 0;
      try {
        const outcomes = await writer.submitAll(granted);
        for (const { result } of outcomes) if (result?.status === 'accepted') accepted += 1;
        return outcomes;
      } finally {
        quota.settle(principal.partnerId, reserved, accepted);
      }
    }

    /** To be asked for the rows in their order. Undefined: the quota did not suffice. */
    function outcomeOf(row: EventRow): Outcome<WriteOutcome> | undefined {
      const first = twins.get(row);
      if (first) return twinOutcome(row, first, ofFirsts.get(first));
      const known = before.get(row);
      const outcome = known ? { result: known } : outcomes[next++];
      if (twins.size > 0) ofFirsts.set(row, outcome);
      return outcome;
    }

    function failed(index: number, error: ApiError): string {
      totals.failed += 1;
      // Once a request, because its items fail together: the answer says that something failed, this says what.
      if (!logged && error.statusCode >= 500) logFailure(error, request);
      logged ||= error.statusCode >= 500;
      return failedItem(index, error);
    }

    function toRow(item: BatchItem, index: number): EventRow {
      const pointer = `${items.pointer}/${index}`;
      if (isTooLarge(item)) {
        throw new ApiError('payload_too_large', { errors: [{ pointer, code: 'payload_too_large', detail: 'is larger than 256 KiB' }] });
      }
      if (!(item instanceof ReadEvent) && request.bodyIsDeep && exceedsDepth(Buffer.from(item.text), maxJsonDepth)) {
        throw new ApiError('json_too_deep', {
          errors: [{ pointer, code: 'json_too_deep', detail: `nests more than ${maxJsonDepth} levels` }],
        });
      }
      if (!(item instanceof ReadEvent) && items.areCloudEvents) {
        const cloudEvent = structuredEvent(item.value, request.bodyText, item.members, pointer);
        const idempotencyKey = batchKey === undefined ? keyOf(cloudEvent) : `${batchKey}:${index}`;
        return cloudEventRow(cloudEvent, { principal, id: nextId(), idempotencyKey, traceParent: trace });
      }
      const event = item instanceof ReadEvent ? item : plainEvent(item, request.bodyText);
      if (!isEvent(event)) {
        const found = fieldError((isEvent.errors as never[])[0] as never, true, pointer);
        throw new ApiError('validation_failed', { detail: `${found.pointer} ${found.detail}`, errors: [found] });
      }
      const key = idempotencyKey(batchKey === undefined ? undefined : `${batchKey}:${index}`, event.idempotency_key);
      return eventRow({ principal, id: nextId(), event: event as unknown as ReadEvent, idempotencyKey: key, traceParent: trace });
    }
  };
}

/** An item of a batch that JSON.parse has read: its value, its text, and where in the body its named members are. */
type ParsedItem = { value: unknown; text: string; members: (Span | undefined)[] };
type BatchItem = ReadEvent | ParsedItem;

function isTooLarge(item: BatchItem): boolean {
  const { eventBytes } = ingestLimits;
  if (item instanceof ReadEvent) return item.size > eventBytes;
  // A character has at most three bytes in UTF-8 here, so most items need no count of bytes.
  return item.text.length * 3 > eventBytes && Buffer.byteLength(item.text) > eventBytes;
}

/** A parsed item for the schema to check; what is no object, it refuses. */
function plainEvent({ value, members }: ParsedItem, bodyText: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? ReadEvent.of(value, bodyText, members) : value;
}

/** The items of a batch, and the JSON pointer of their array. */
function batchItems({ body, bodyText }: FastifyRequest): { all: BatchItem[]; pointer: string; areCloudEvents: boolean } {
  if (body instanceof ReadBatch) return { all: body.events, pointer: body.pointer, areCloudEvents: false };
  const areCloudEvents = body instanceof CloudEventsBody;
  const batch = areCloudEvents ? cloudEventsArray(body) : body;
  const open = skipSpace(bodyText, 0);
  const bare = Array.isArray(batch);
  const values = bare ? (batch as unknown[]) : (batch as { events: unknown[] }).events;
  // A batch of CloudEvents may be empty, says their HTTP binding.
  if (values.length === 0 && !areCloudEvents) throw new ApiError('empty_batch');
  if (values.length > ingestLimits.batchEvents) {
    throw new ApiError('batch_too_many', {
      detail: `The batch has ${values.length} events; send at most ${ingestLimits.batchEvents} in one request.`,
    });
  }
  const names = areCloudEvents ? dataMembers : keptMembers;
  const spans = bare ? arrayItems(bodyText, open, names).items : itemsOfMember(bodyText, open, 'events', keptMembers);
  const all = spans.map(({ start, end, members }, index) => ({ value: values[index], text: bodyText.slice(start, end), members }));
  return { all, pointer: bare ? '' : '/events', areCloudEvents };
}

function failedItem(index: number, { code, message, options }: ApiError): string {
  const pointer = options.errors?.[0]?.pointer;
  const error = { code, detail: message, ...(pointer && { pointer }), retryable: catalogue[code].retryable, ...options.members };
  return JSON.stringify({ index, status: 'failed', error });
}
