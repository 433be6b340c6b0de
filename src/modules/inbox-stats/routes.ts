import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import type { Principal } from '../../pipeline/auth/principal.ts';
import type { Clock } from '../../platform/clock.ts';
import { receivedAtMs } from '../../platform/event-id.ts';
import { expiredMs, expiryFloor } from '../../platform/expiry.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import { PacedLooks } from './paced-looks.ts';
import { InboxStats } from './schema.ts';
import { countInbox } from './store.ts';

export type InboxStatsOptions = { pool: pg.Pool; clock: Clock };

/** How much there is to do, in exact figures. */
export async function inboxStats(app: FastifyInstance, { pool, clock }: InboxStatsOptions): Promise<void> {
  const looks = new PacedLooks<object>();

  app.get(
    '/v1/inbox/stats',
    { schema: { response: { 200: InboxStats } }, config: { operation: 'getInboxStats', access: 'inbox:read', limit: true } },
    async ({ principal }, reply) => {
      const { partnerId, retentionMs, expiredThroughMs } = principal;
      const stats = await looks.look(`${partnerId} ${retentionMs} ${expiredThroughMs}`, () => count(principal));
      return reply.header('cache-control', 'no-store').send(stats);
    },
  );

  async function count(principal: Principal): Promise<object> {
    const now = clock();
    const { partnerId } = principal;
    const counts = await countInbox(pool, { partnerId, now, after: expiryFloor(principal, now), deadAfter: expiredMs(principal, now) });
    const { pending, leased, delayed, deadLetters, oldestPending, nextAvailableMs } = counts;
    const oldestMs = oldestPending === null ? null : receivedAtMs(oldestPending);
    return {
      pending,
      leased,
      delayed,
      dead_letters: deadLetters,
      oldest_pending_at: oldestMs === null ? null : formatTime(oldestMs),
      oldest_pending_seconds: oldestMs === null ? null : Math.max(0, Math.floor((now - oldestMs) / 1000)),
      next_available_at: nextAvailableMs === null ? null : formatTime(nextAvailableMs),
      counted_at: formatTime(now),
    };
  }
}
