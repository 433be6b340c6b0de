import Fastify from 'fastify';
import t from 'tap';
import type { SettleOutcome } from '../../../src/modules/acknowledgement/outcomes.ts';
import { acknowledgement } from '../../../src/modules/acknowledgement/routes.ts';
import type { SettleRow } from '../../../src/modules/acknowledgement/store.ts';
import { registerErrorHandler } from '../../../src/pipeline/errors/handler.ts';
import { type GroupCommit, QueueFullError, RowExpiredError } from '../../../src/platform/group-commit.ts';
import { uuidAt } from '../../helper/seed.ts';

/** The routes with a writer that refuses everything. */
async function refusing(error: Error) {
  const app = Fastify();
  registerErrorHandler(app, { publicUrl: '' });
  app.addHook('onRequest', async (request) => {
    Object.assign(request, { principal: { partnerId: 1, retentionMs: 60_000, expiredThroughMs: 0 } });
  });
  const writer = { submit: () => Promise.reject(error) } as unknown as GroupCommit<SettleRow, SettleOutcome>;
  await acknowledgement(app, { writer, clock: Date.now, onSettled: () => {}, onDeadLetter: () => {} });
  return app;
}

t.test(
  'an acknowledgement that found no room, or whose turn did not come in time, is 503 with Retry-After and may be repeated',
  async (t) => {
    for (const error of [new QueueFullError('full'), new RowExpiredError('late')]) {
      const app = await refusing(error);
      t.teardown(() => app.close());
      const id = `evt_${uuidAt(Date.now())}`;
      const single = await app.inject({ method: 'PATCH', url: `/v1/events/${id}/acknowledge` });
      t.equal(single.statusCode, 503);
      t.equal(single.headers['retry-after'], '1');
      t.match(single.json(), { code: 'unavailable', retryable: true });
      const batch = await app.inject({ method: 'POST', url: '/v1/events/acknowledge', body: { event_ids: [id] } });
      t.equal(batch.statusCode, 207);
      t.match(batch.json(), { failed: 1, results: [{ error: { code: 'unavailable', retryable: true } }] });
    }
  },
);
