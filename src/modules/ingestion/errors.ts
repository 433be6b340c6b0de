import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { QueueFullError, RowExpiredError } from '../../platform/group-commit.ts';
import { classifyPostgresError, isMissingPartition } from '../../platform/postgres.ts';

/** The key belongs to an event with other content. */
export function keyReused(eventId: string): ApiError {
  return new ApiError('idempotency_key_reused', { members: { original_event_id: `evt_${eventId}` } });
}

/** What a failed write means to the partner. */
export function writeError(error: unknown): unknown {
  if (error instanceof QueueFullError) {
    return new ApiError('unavailable', {
      detail: 'More events are waiting to be stored than fit. This one was not stored.',
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  if (error instanceof RowExpiredError) {
    return new ApiError('unavailable', {
      detail: 'The event waited too long for its turn. It was not stored.',
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  // Its SQLSTATE is that of a bad value, but the day's tables are to blame and not the event.
  if (isMissingPartition(error)) return new ApiError('unavailable', { retryAfterSeconds: 1, cause: error });
  if (classifyPostgresError(error) === 'data') {
    return new ApiError('validation_failed', { detail: 'The event holds a value that cannot be stored.', cause: error });
  }
  return error;
}
