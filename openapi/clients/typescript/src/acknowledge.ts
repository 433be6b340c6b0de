import { answer, type Connection, type Schemas } from './api.ts';
import { type Camel, toCamel } from './camel.ts';
import type { CallOptions } from './transport.ts';

/** `results` has one for each id, in their order. */
export type AcknowledgeSummary = Camel<Schemas['AcknowledgeBatchResult']>;

/** Ids that one request takes. */
const maxIds = 500;

/** Acknowledges by ids alone, in as many requests as that takes. An id that is given twice is sent once and has two results. */
export async function acknowledgeAll(connection: Connection, ids: Iterable<string>, options?: CallOptions): Promise<AcknowledgeSummary> {
  const given = [...ids];
  const different = [...new Set(given)];
  const sum = { acknowledged: 0, alreadyAcknowledged: 0, failed: 0 };
  const byId = new Map<string, AcknowledgeSummary['results'][number]>();
  for (let start = 0; start < different.length; start += maxIds) {
    const body = { event_ids: different.slice(start, start + maxIds) };
    const part = toCamel(await answer(connection.api.POST('/v1/events/acknowledge', { body, ...connection.with(options) })));
    sum.acknowledged += part.acknowledged;
    sum.alreadyAcknowledged += part.alreadyAcknowledged;
    sum.failed += part.failed;
    for (const result of part.results) byId.set(result.eventId, result);
  }
  const results = given.flatMap((id, index) => {
    const result = byId.get(id);
    return result === undefined ? [] : [{ ...result, index }];
  });
  return { ...sum, results };
}
