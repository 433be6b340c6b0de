import { TriggersError } from './errors.ts';
import type { Settings } from './options.ts';
import { backoffMs, sleep } from './retry.ts';
import type { CallOptions } from './transport.ts';

export type Repetition<Item, Result> = {
  /** One request; gives a result for each item, in their order. */
  send(items: Item[], call: CallOptions): Promise<Result[]>;
  /** Whether the item may be taken when it is sent again. */
  isWorthRepeating(result: Result): boolean;
  /** What became of an item; told again when it was sent again. */
  onResult(item: Item, result: Result): void;
};

/**
 * A request of many items, and again with those that may be taken later: the server answers each item for itself, and may be too busy for some.
 * @throws {TriggersError} of a request as a whole; what was told before stays so.
 */
export async function repeat<Item, Result>(
  { backoff, maxAttempts, deadlineMs }: Settings,
  items: Item[],
  { send, isWorthRepeating, onResult }: Repetition<Item, Result>,
  options: CallOptions = {},
): Promise<void> {
  const deadline = performance.now() + (options.deadlineMs ?? deadlineMs);
  let left = items;
  for (let attempt = 1; ; attempt += 1) {
    const results = await send(left, { ...options, deadlineMs: Math.max(1, deadline - performance.now()) });
    if (results.length !== left.length) throw new TriggersError({ code: 'unexpected_answer', detail: 'The answer lacks a result.' });
    for (const [index, result] of results.entries()) onResult(left[index] as Item, result);
    left = left.filter((_, index) => isWorthRepeating(results[index] as Result));
    const pauseMs = backoffMs(attempt, backoff);
    if (left.length === 0 || attempt >= (options.maxAttempts ?? maxAttempts) || performance.now() + pauseMs >= deadline) return;
    await sleep(pauseMs, options.signal);
  }
}
