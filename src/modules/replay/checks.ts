import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { bulkLimits } from './schema.ts';

/** @throws {ApiError} empty_batch, batch_too_many, duplicate_event_in_request. */
export function checkIds(ids: string[]): void {
  if (ids.length === 0) throw new ApiError('empty_batch');
  if (ids.length > bulkLimits.eventsAtOnce) {
    throw new ApiError('batch_too_many', {
      detail: `${ids.length} events were named; name at most ${bulkLimits.eventsAtOnce} in one request, or use a filter.`,
    });
  }
  const index = ids.findIndex((id, at) => ids.indexOf(id) < at);
  if (index < 0) return;
  throw new ApiError('duplicate_event_in_request', {
    errors: [{ pointer: `/event_ids/${index}`, code: 'duplicate', detail: 'was named before' }],
  });
}
