import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError, catalogue } from '../../pipeline/errors/catalogue.ts';
import { toApiError } from '../../pipeline/errors/handler.ts';
import { fieldError } from '../../pipeline/errors/validation-errors.ts';
import { maxJsonDepth } from '../../pipeline/json-body.ts';
import { arrayElements, exceedsDepth, objectMembers, type Span, skipSpace } from '../../pipeline/json-spans.ts';
import type { MonthlyQuota } from '../../pipeline/limits/quota.ts';
import { bodyAjv } from '../../pipeline/validation.ts';
import { receivedAtMs } from '../../platform/event-id.ts';
import type { GroupCommit } from '../../platform/group-commit.ts';
import type { WriteOutcome } from './batch-writer.ts';
import { keyReused, writeError } from './errors.ts';
import { eventRow, idempotencyKey, parseKeyHeader, traceParent } from './event-row.ts';
import { EventBody, ingestLimits } from './schema.ts';
import type { EventRow } from './store.ts';

export type BatchOptions = {
  writer: GroupCommit<EventRow, WriteOutcome>;
  quota: MonthlyQuota;
  quotaExceeded(principal: Principal): ApiError;
  nextId(): string;
  onEvents(outcome: 'accepted' | 'duplicate' | 'failed', count: number): void;
};

type ItemResult = { index: number; status: 'accepted' | 'duplicate' | 'failed'; event_id?: string; error?: Record<string, unknown> };

/** The header key K gives item i the key `K:i`, so it must leave room for the longest suffix. */
const maxHeaderKeyCharacters = ingestLimits.idempotencyKeyCharacters - ':499'.length;

const isEvent = bodyAjv.compile<EventBody>({ ...EventBody, $id: undefined });

/** The handler of `POST /v1/events/batch`: every item is checked, stored and answered by itself, in the order of the request. */
export function postBatch({ writer, quota, quotaExceeded, nextId, onEvents }: BatchOptions) {
  return async function handle(request: FastifyRequest, reply: FastifyReply) {
    const { principal } = request;
    const items = batchItems(request);
    const header = request.headers['idempotency-key'];
    const batchKey = header === undefined ? undefined : parseKeyHeader(header, maxHeaderKeyCharacters);
    const trace = traceParent(request.headers.traceparent);

    const rows = items.spans.map((span, index) => {
      try {
        return toRow(span, index);
      } catch (error) {
        return error as ApiError;
      }
    });
    const wanted = rows.filter((row) => !(row instanceof Error)).length;
    const reserved = quota.reserve(principal.partnerId, principal.monthlyQuota, wanted);
    if (reserved === 0 && wanted > 0) throw quotaExceeded(principal);
    let left = reserved;
    const overQuota = wanted > reserved ? quotaExceeded(principal) : undefined;
    const results = await Promise.all(
      rows.map(async (row, index): Promise<ItemResult> => {
        if (row instanceof Error) return failed(index, row);
        if (left-- <= 0) return failed(index, overQuota as ApiError);
        try {
          const outcome = await writer.submit(row);
          if (outcome.status === 'reused') return failed(index, keyReused(outcome.eventId));
          return { index, status: outcome.status, event_id: `evt_${outcome.eventId}` };
        } catch (error) {
          return failed(index, toApiError(writeError(error) as never, request));
        }
      }),
    );
    const count = (status: ItemResult['status']) => results.filter((result) => result.status === status).length;
    const totals = { accepted: count('accepted'), duplicates: count('duplicate'), failed: count('failed') };
    quota.settle(principal.partnerId, reserved, totals.accepted);
    onEvents('accepted', totals.accepted);
    onEvents('duplicate', totals.duplicates);
    onEvents('failed', totals.failed);
    return reply
      .status(totals.failed === 0 ? 200 : 207)
      .type('application/json')
      .send(JSON.stringify({ ...totals, results }));

    function toRow(span: Span, index: number): EventRow {
      const event = items.values[index];
      const text = request.bodyText;
      const pointer = `${items.pointer}/${index}`;
      // A character has at most three bytes in UTF-8 here, so most items need no count of bytes.
      const characters = span.end - span.start;
      if (characters * 3 > ingestLimits.eventBytes && Buffer.byteLength(text.slice(span.start, span.end)) > ingestLimits.eventBytes) {
        throw new ApiError('payload_too_large', { errors: [{ pointer, code: 'payload_too_large', detail: 'is larger than 256 KiB' }] });
      }
      if (request.bodyIsDeep && exceedsDepth(text.slice(span.start, span.end), maxJsonDepth)) {
        throw new ApiError('json_too_deep', {
          errors: [{ pointer, code: 'json_too_deep', detail: `nests more than ${maxJsonDepth} levels` }],
        });
      }
      if (!isEvent(event)) {
        const found = fieldError((isEvent.errors as never[])[0] as never, true, pointer);
        throw new ApiError('validation_failed', { detail: `${found.pointer} ${found.detail}`, errors: [found] });
      }
      const id = nextId();
      const key = idempotencyKey(batchKey === undefined ? undefined : `${batchKey}:${index}`, event.idempotency_key);
      return eventRow({
        principal,
        id,
        receivedAtMs: receivedAtMs(id),
        event,
        text,
        open: span.start,
        idempotencyKey: key,
        traceParent: trace,
      });
    }
  };
}

/** The items of a batch as values and as spans of the body's text, and the JSON pointer of the array. */
function batchItems({ body, bodyText }: FastifyRequest): { values: unknown[]; spans: Span[]; pointer: string } {
  const open = skipSpace(bodyText, 0);
  const bare = Array.isArray(body);
  const values = bare ? (body as unknown[]) : (body as { events: unknown[] }).events;
  if (values.length === 0) throw new ApiError('empty_batch');
  if (values.length > ingestLimits.batchEvents) {
    throw new ApiError('batch_too_many', {
      detail: `The batch has ${values.length} events; send at most ${ingestLimits.batchEvents} in one request.`,
    });
  }
  const start = bare ? open : (objectMembers(bodyText, open, ['events']).spans.get('events') as Span).start;
  return { values, spans: arrayElements(bodyText, start), pointer: bare ? '' : '/events' };
}

function failed(index: number, error: ApiError): ItemResult {
  const { retryable } = catalogue[error.code];
  const pointer = error.options.errors?.[0]?.pointer;
  return {
    index,
    status: 'failed',
    error: { code: error.code, detail: error.message, ...(pointer && { pointer }), retryable, ...error.options.members },
  };
}
