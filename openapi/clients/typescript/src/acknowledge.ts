import { answer, type Connection, type Schemas } from './api.ts';
import { type Camel, toCamel } from './camel.ts';
import type { Settings } from './options.ts';
import { repeat } from './repeat.ts';
import type { CallOptions } from './transport.ts';

/** `results` has one for each id, in their order. */
export type AcknowledgeSummary = Camel<Schemas['AcknowledgeBatchResult']>;

/** Ids that one request takes. */
const maxIds = 500;

type Result = AcknowledgeSummary['results'][number];

/**
 * Acknowledges by ids alone, in as many requests as that takes, and again those that may be taken later. An id that is given twice is sent once and has
 * two results.
 */
export async function acknowledgeAll(
  connection: Connection,
  settings: Settings,
  ids: Iterable<string>,
  options?: CallOptions,
): Promise<AcknowledgeSummary> {
  const given = [...ids];
  const different = [...new Set(given)];
  const byId = new Map<string, Result>();
  const send = async (event_ids: string[], call: CallOptions) =>
    toCamel(await answer(connection.api.POST('/v1/events/acknowledge', { body: { event_ids }, ...connection.with(call) }))).results;
  for (let start = 0; start < different.length; start += maxIds) {
    await repeat<string, Result>(
      settings,
      different.slice(start, start + maxIds),
      {
        send,
        isWorthRepeating: ({ error }) => error?.retryable ?? false,
        onResult: (id, result) => byId.set(id, result),
      },
      options,
    );
  }
  const count = (isCounted: (result: Result) => boolean) => [...byId.values()].filter(isCounted).length;
  const results = given.flatMap((id, index) => {
    const result = byId.get(id);
    return result === undefined ? [] : [{ ...result, index }];
  });
  return {
    acknowledged: count(({ status, alreadyAcknowledged }) => status === 'acknowledged' && !alreadyAcknowledged),
    alreadyAcknowledged: count(({ alreadyAcknowledged }) => alreadyAcknowledged ?? false),
    failed: count(({ status }) => status === 'failed'),
    results,
  };
}
