import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError, catalogue, type ErrorCode } from '../../pipeline/errors/catalogue.ts';
import { logFailure, toApiError } from '../../pipeline/errors/handler.ts';
import type { Clock } from '../../platform/clock.ts';
import type { DeadLetterReason } from '../../platform/dead-letters.ts';
import { parseEventId } from '../../platform/event-id.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import { type GroupCommit, QueueFullError, RowExpiredError } from '../../platform/group-commit.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { SettleOutcome } from './outcomes.ts';
import type { SettleRow } from './store.ts';

export type SettlingOptions = {
  writer: GroupCommit<SettleRow, SettleOutcome>;
  clock: Clock;
  onSettled(status: 'acknowledged' | 'released' | 'extended', events: number, principal: Principal): void;
  onDeadLetter(reason: DeadLetterReason): void;
};

/** What is to be done to an event, as the writer takes it but for whose and which it is. */
export type Command<Row = SettleRow> = Row extends SettleRow ? Omit<Row, 'partnerId' | 'id'> : never;

/** The members of an answer beside the event's id. */
export type Settled = { status: string; [member: string]: unknown };

/** Settles single events for the routes, and says what became of them as the answers do. */
export class Settling {
  readonly #options: SettlingOptions;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /**
   * An id that is none, is another partner's, or has expired is not found: all alike.
   * @throws {ApiError} event_not_found, lease_lost, lease_limit, event_not_leased, payload_expunged, unavailable; the database's error.
   */
  async settle(principal: Principal, publicId: string, command: Command): Promise<Settled> {
    const { writer, clock } = this.#options;
    const id = parseEventId(publicId);
    if (id === undefined) throw new ApiError('event_not_found');
    if (id < expiryFloor(principal, clock())) throw new ApiError('event_not_found');
    // A token that cannot be one of ours is nobody's latest; the database would refuse to read it.
    const token = command.token !== null && !isUuid.test(command.token) ? noToken : command.token;
    const outcome = await writer.submit({ ...command, token, partnerId: principal.partnerId, id }).catch(refuse);
    if (outcome.status === 'failed') throw new ApiError(outcome.code);
    this.#count(outcome, principal);
    return members(outcome);
  }

  /** Settles each event by itself; the results have an `error` where one failed. Failures that are ours are logged, once. */
  async settleAll(request: FastifyRequest, items: { event_id: string; command: Command }[]): Promise<(Settled & { event_id: string })[]> {
    let failure: ApiError | undefined;
    const results = await Promise.all(
      items.map(async ({ event_id, command }) => {
        try {
          return { event_id, ...(await this.settle(request.principal, event_id, command)) };
        } catch (error) {
          const apiError = toApiError(error as never, request);
          if (apiError.statusCode >= 500) failure ??= apiError;
          return { event_id, status: 'failed', error: itemError(apiError.code) };
        }
      }),
    );
    if (failure) logFailure(failure, request);
    return results;
  }

  #count(outcome: SettleOutcome, principal: Principal): void {
    const { onSettled, onDeadLetter } = this.#options;
    if (outcome.status === 'failed' || ('again' in outcome && outcome.again)) return;
    if (outcome.status === 'dead_lettered') onDeadLetter(outcome.reason);
    else onSettled(outcome.status, 1, principal);
  }
}

const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const noToken = '00000000-0000-0000-0000-000000000000';

function members(outcome: Exclude<SettleOutcome, { status: 'failed' }>): Settled {
  const { status } = outcome;
  if (status === 'acknowledged') {
    return { status, acknowledged_at: formatTime(outcome.atMs), ...(outcome.again && { already_acknowledged: true }) };
  }
  if (status === 'released') return { status, available_at: formatTime(outcome.availableAtMs) };
  if (status === 'extended') return { status, lease_expires_at: formatTime(outcome.leasedUntilMs) };
  return {
    status,
    reason: outcome.reason,
    dead_lettered_at: formatTime(outcome.atMs),
    ...(outcome.again && { already_dead_lettered: true }),
  };
}

function refuse(error: unknown): never {
  if (error instanceof QueueFullError || error instanceof RowExpiredError)
    throw new ApiError('unavailable', { retryAfterSeconds: 1, cause: error });
  throw error;
}

function itemError(code: ErrorCode): { code: ErrorCode; detail: string; retryable: boolean } {
  return { code, detail: catalogue[code].advice, retryable: catalogue[code].retryable };
}
