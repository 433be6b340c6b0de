import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `condition` again and again until it gives something truthy, and returns that.
 * For what cannot be awaited: the world outside this process. @throws Error naming `what` when `deadlineMs` has passed.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, deadlineMs = 10_000): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(pauseMs);
  }
}
