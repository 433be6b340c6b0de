import type { Principal } from '../../pipeline/auth/principal.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { parseEventId } from '../../platform/event-id.ts';
import { expiryFloor } from '../../platform/expiry.ts';
import type { BulkOptions } from './bulk.ts';
import { bringBack, findPlace } from './move-store.ts';
import type { BulkKind } from './selection.ts';

/**
 * Brings one event back into its inbox. One that is there already is left as it is, leases and all, so that a repetition does no harm.
 * @throws {ApiError} event_not_found: also of a redrive of what is no dead letter; payload_expunged; unavailable.
 */
export async function bringBackOne(
  { pool, clock, onMoved }: Pick<BulkOptions, 'pool' | 'clock' | 'onMoved'>,
  principal: Principal,
  publicId: string,
  kind: BulkKind,
): Promise<{ event_id: string; status: string; already_pending?: boolean }> {
  const now = clock();
  const id = parseEventId(publicId);
  const { partnerId } = principal;
  const floor = expiryFloor(principal, now);
  if (id === undefined || id < floor) throw new ApiError('event_not_found');
  const sources = kind === 'redrive' ? 'dead_lettered' : 'any';
  // Between the two statements the event may come to where the first has looked for it: by a rejection, or by an acknowledgement.
  for (let attempt = 1; attempt <= 3; attempt++) {
    const moved = await bringBack(pool, { partnerId, ids: [id], floor, sources, kind, now });
    if (moved.length > 0) {
      onMoved(kind, partnerId, 1);
      return { event_id: publicId, status: 'pending' };
    }
    const place = await findPlace(pool, partnerId, id);
    if (place === 'expunged') throw new ApiError('payload_expunged');
    if (place === 'inbox') return { event_id: publicId, status: 'pending', already_pending: true };
    if (place === undefined || (place === 'acknowledged' && kind === 'redrive')) throw new ApiError('event_not_found');
  }
  throw new ApiError('unavailable', { detail: 'The event is being settled at the same time; repeat the request.', retryAfterSeconds: 1 });
}
