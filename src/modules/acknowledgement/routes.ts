import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError, catalogue, type ErrorCode } from '../../pipeline/errors/catalogue.ts';
import { logFailure, toApiError } from '../../pipeline/errors/handler.ts';
import type { Clock } from '../../platform/clock.ts';
import { parseEventId, receivedAtMs } from '../../platform/event-id.ts';
import { type GroupCommit, QueueFullError, RowExpiredError } from '../../platform/group-commit.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { AcknowledgeBatchBody, AcknowledgeBatchResult, AcknowledgeBody, Acknowledged, acknowledgeLimits } from './schema.ts';
import type { AcknowledgeOutcome, AcknowledgeRow } from './store.ts';

export type AcknowledgementOptions = {
  writer: GroupCommit<AcknowledgeRow, AcknowledgeOutcome>;
  clock: Clock;
  onAcknowledged(events: number): void;
};

type Settled = { event_id: string; status: 'acknowledged'; acknowledged_at: string; already_acknowledged?: true };

/** Where events end: acknowledged, and never delivered again. */
export async function acknowledgement(app: FastifyInstance, { writer, clock, onAcknowledged }: AcknowledgementOptions): Promise<void> {
  app.patch(
    '/v1/events/:id/acknowledge',
    {
      schema: { body: AcknowledgeBody, response: { 200: Acknowledged } },
      config: { operation: 'acknowledgeEvent', access: 'inbox:settle', limit: true },
    },
    async (request: FastifyRequest<{ Params: { id: string } }>) => {
      const settled = await acknowledge(request.principal, request.params.id);
      if (!settled) throw new ApiError('event_not_found');
      if (!settled.already_acknowledged) onAcknowledged(1);
      return settled;
    },
  );

  app.post(
    '/v1/events/acknowledge',
    {
      schema: { body: AcknowledgeBatchBody, response: { 200: AcknowledgeBatchResult, 207: AcknowledgeBatchResult } },
      config: { operation: 'acknowledgeEvents', access: 'inbox:settle', limit: true },
    },
    async (request: FastifyRequest<{ Body: AcknowledgeBatchBody }>, reply) => {
      const ids = request.body.event_ids;
      checkIds(ids);
      let failure: ApiError | undefined;
      const results = await Promise.all(
        ids.map(async (id, index) => {
          try {
            const settled = await acknowledge(request.principal, id);
            return settled ? { index, ...settled } : { index, event_id: id, status: 'failed', error: itemError('event_not_found') };
          } catch (error) {
            const apiError = toApiError(error as never, request);
            failure ??= apiError;
            return { index, event_id: id, status: 'failed', error: itemError(apiError.code) };
          }
        }),
      );
      // Once a request, because its items fail together: the answer says that something failed, this says what.
      if (failure) logFailure(failure, request);
      const failed = results.filter((result) => result.status === 'failed').length;
      const already = results.filter((result) => 'already_acknowledged' in result).length;
      const acknowledged = results.length - failed - already;
      onAcknowledged(acknowledged);
      const answer = { acknowledged, already_acknowledged: already, failed, results };
      return reply
        .status(failed === 0 ? 200 : 207)
        .type('application/json')
        .send(JSON.stringify(answer));
    },
  );

  /** Undefined for an id that is not one, is another partner's, or has expired: all alike. */
  async function acknowledge(principal: Principal, publicId: string): Promise<Settled | undefined> {
    const id = parseEventId(publicId);
    if (id === undefined) return undefined;
    const received = receivedAtMs(id);
    if (received + principal.retentionMs <= clock() || received <= principal.expiredThroughMs) return undefined;
    const outcome = await writer.submit({ partnerId: principal.partnerId, id }).catch(refuse);
    if (!outcome) return undefined;
    const settled: Settled = { event_id: publicId, status: 'acknowledged', acknowledged_at: formatTime(outcome.acknowledgedAtMs) };
    if (outcome.already) settled.already_acknowledged = true;
    return settled;
  }
}

function checkIds(ids: string[]): void {
  if (ids.length === 0) throw new ApiError('empty_batch');
  if (ids.length > acknowledgeLimits.events) {
    throw new ApiError('batch_too_many', {
      detail: `${ids.length} ids were sent; send at most ${acknowledgeLimits.events} in one request.`,
    });
  }
  if (new Set(ids).size === ids.length) return;
  const seen = new Set<string>();
  const index = ids.findIndex((id) => seen.size === seen.add(id).size);
  throw new ApiError('duplicate_event_in_request', {
    errors: [{ pointer: `/event_ids/${index}`, code: 'duplicate', detail: 'was named before' }],
  });
}

function refuse(error: unknown): never {
  if (error instanceof QueueFullError || error instanceof RowExpiredError)
    throw new ApiError('unavailable', { retryAfterSeconds: 1, cause: error });
  throw error;
}

function itemError(code: ErrorCode): { code: ErrorCode; detail: string; retryable: boolean } {
  return { code, detail: catalogue[code].advice, retryable: catalogue[code].retryable };
}
