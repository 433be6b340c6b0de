import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { objectMembers, skipSpace } from '../../pipeline/json-spans.ts';
import type { Clock } from '../../platform/clock.ts';
import { createIdGenerator, receivedAtMs } from '../../platform/event-id.ts';
import type { GroupCommit } from '../../platform/group-commit.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { postBatch } from './batch.ts';
import type { WriteOutcome } from './batch-writer.ts';
import { cloudEventOf, cloudEventRow, keyOf } from './cloud-events.ts';
import { CloudEventsBody, plainBodiesOnly, plainBodiesOrNone, registerCloudEventsBodies } from './cloud-events-body.ts';
import { keyReused, writeError } from './errors.ts';
import { eventRow, idempotencyKey, keptMembers, traceParent } from './event-row.ts';
import { ReadEvent } from './read-event.ts';
import { BatchBody, BatchResult, EventAccepted, EventBody, ingestLimits } from './schema.ts';
import type { EventRow } from './store.ts';
import { storedBefore } from './stored-before.ts';

export type IngestionOptions = {
  writer: GroupCommit<EventRow, WriteOutcome>;
  /** For look-ups beside the writer. */
  pool: pg.Pool;
  clock: Clock;
  onEvents(outcome: 'accepted' | 'duplicate' | 'failed', count: number, principal: Principal): void;
};

/** Where events come in: one at a time or in batches, answered after the commit. */
export async function ingestion(app: FastifyInstance, options: IngestionOptions): Promise<void> {
  const { writer, pool, clock, onEvents } = options;
  const { quota, quotaExceeded } = app.limits;
  const nextId = createIdGenerator(clock);
  registerCloudEventsBodies(app);

  app.post(
    '/v1/events',
    {
      bodyLimit: ingestLimits.eventBytes,
      schema: { body: EventBody, response: { 200: EventAccepted } },
      validatorCompiler: plainBodiesOrNone,
      config: { operation: 'postEvent', access: 'events:write', limit: true },
    },
    postEvent,
  );
  app.post(
    '/v1/events/batch',
    {
      bodyLimit: ingestLimits.batchBytes,
      schema: { body: BatchBody, response: { 200: BatchResult, 207: BatchResult } },
      validatorCompiler: plainBodiesOnly,
      config: { operation: 'postEventsBatch', access: 'events:write', limit: true, itemsNest: true },
    },
    postBatch({ writer, pool, clock, quota, quotaExceeded, nextId, onEvents }),
  );

  async function postEvent(request: FastifyRequest, reply: FastifyReply) {
    const { principal } = request;
    const row = request.body instanceof CloudEventsBody || request.body == null ? rowOfCloudEvent(request) : rowOfEvent(request);
    const reserved = quota.reserve(principal.partnerId, principal.monthlyQuota, 1);
    let accepted = 0;
    try {
      const outcome = reserved === 1 ? await writer.submit(row) : (await storedBefore(pool, principal, [row], clock())).get(row);
      // A duplicate is free, so it is answered without quota too; anything else is not.
      if (!outcome) throw quotaExceeded(principal);
      if (outcome.status === 'accepted') accepted = 1;
      if (outcome.status === 'reused') throw keyReused(outcome.eventId);
      onEvents(outcome.status, 1, principal);
      if (outcome.status === 'duplicate') reply.header('idempotent-replayed', 'true');
      return reply.type('application/json').send(acceptedText(outcome, principal));
    } catch (error) {
      onEvents('failed', 1, principal);
      throw writeError(error);
    } finally {
      quota.settle(principal.partnerId, reserved, accepted);
    }
  }

  function rowOfEvent(request: FastifyRequest): EventRow {
    const { principal, headers } = request;
    const event = request.body instanceof ReadEvent ? request.body : parsedEvent(request);
    const key = idempotencyKey(headers['idempotency-key'], event.idempotency_key as string | undefined);
    return eventRow({ principal, id: nextId(), event, idempotencyKey: key, traceParent: traceParent(headers.traceparent) });
  }

  function rowOfCloudEvent(request: FastifyRequest): EventRow {
    const { principal, headers } = request;
    const event = cloudEventOf(request);
    // A key that is sent beside the event is the sender's wish, and takes the place of its own.
    const key = idempotencyKey(headers['idempotency-key'], undefined) ?? keyOf(event);
    const id = nextId();
    return cloudEventRow(event, {
      principal,
      id,
      idempotencyKey: key,
      traceParent: traceParent(headers.traceparent),
    });
  }
}

/** Of a body that JSON.parse has read. */
function parsedEvent({ body, bodyText }: FastifyRequest): ReadEvent {
  const { spans } = objectMembers(bodyText, skipSpace(bodyText, 0), keptMembers);
  return ReadEvent.of(body as object, bodyText, spans);
}

/** The answer as text: the shape is fixed and no value needs escaping, and the serializer would cost more than the route's own work. */
function acceptedText({ status, eventId }: WriteOutcome, principal: Principal): string {
  const received = receivedAtMs(eventId);
  const times = `"received_at":"${formatTime(received)}","expires_at":"${formatTime(received + principal.retentionMs)}"`;
  return `{"event_id":"evt_${eventId}","status":"accepted","duplicate":${status === 'duplicate'},${times}}`;
}
