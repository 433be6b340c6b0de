import { ApiError } from './errors/catalogue.ts';

/**
 * Checks the ids that a command names: at least one, at most so many, each once.
 * @param pointer the JSON pointer of an id in the body.
 * @throws {ApiError} empty_batch, batch_too_many, duplicate_event_in_request.
 */
export function checkEventIds(ids: string[], most: number, pointer: (index: number) => string): void {
  if (ids.length === 0) throw new ApiError('empty_batch');
  if (ids.length > most) {
    throw new ApiError('batch_too_many', { detail: `${ids.length} events were named; name at most ${most} in one request.` });
  }
  if (new Set(ids).size === ids.length) return;
  const seen = new Set<string>();
  const index = ids.findIndex((id) => seen.size === seen.add(id).size);
  throw new ApiError('duplicate_event_in_request', {
    errors: [{ pointer: pointer(index), code: 'duplicate', detail: 'was named before' }],
  });
}
