import type { TestApp, TestPartner } from '../../helper/app.ts';
import { until } from '../../helper/until.ts';

/** Whether the server takes its tokens from Redis, and not from buckets of its own. */
export async function redisIsUp({ app }: TestApp): Promise<boolean> {
  return (await app.metrics.redisUp.get()).values[0]?.value === 1;
}

/** Sends requests until the server says that it has come back to Redis. */
export function untilBack(app: TestApp, { key }: TestPartner): Promise<boolean> {
  return until('the server is back on Redis', async () => {
    await app.request('GET', '/v1/usage', { key });
    return redisIsUp(app);
  });
}
