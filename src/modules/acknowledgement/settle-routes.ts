import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkEventIds } from '../../pipeline/event-ids.ts';
import { DeadLettered, ExtendBody, Extended, RejectBody, ReleaseBody, Released, settleLimits } from './schema.ts';
import { SettleBody, type SettleKind, SettleResult, settleKinds } from './settle-schema.ts';
import type { Command, Settling } from './settling.ts';

type ForEvent<Body> = FastifyRequest<{ Params: { id: string }; Body: Body }>;

/** What workers say of the events that they hold, one at a time or many at once. */
export function settleRoutes(app: FastifyInstance, settling: Settling): void {
  app.patch(
    '/v1/events/:id/release',
    {
      schema: { body: ReleaseBody, response: { 200: Released } },
      config: { operation: 'releaseEvent', access: 'inbox:settle', limit: true },
    },
    ({ principal, params, body }: ForEvent<ReleaseBody>) => one(settling, principal, params.id, command('release', body)),
  );

  app.patch(
    '/v1/events/:id/reject',
    {
      schema: { body: RejectBody, response: { 200: DeadLettered } },
      config: { operation: 'rejectEvent', access: 'inbox:settle', limit: true },
    },
    ({ principal, params, body }: ForEvent<RejectBody | undefined>) => one(settling, principal, params.id, command('reject', body ?? {})),
  );

  app.patch(
    '/v1/events/:id/extend',
    {
      schema: { body: ExtendBody, response: { 200: Extended } },
      config: { operation: 'extendLease', access: 'inbox:settle', limit: true },
    },
    ({ principal, params, body }: ForEvent<ExtendBody>) => one(settling, principal, params.id, command('extend', body)),
  );

  app.post(
    '/v1/inbox/settle',
    {
      // 500 events with reasons of 500 characters, each of up to four bytes.
      bodyLimit: 2 * 1024 * 1024,
      schema: { body: SettleBody, response: { 200: SettleResult, 207: SettleResult } },
      config: { operation: 'settleEvents', access: 'inbox:settle', limit: true },
    },
    async (request: FastifyRequest<{ Body: SettleBody }>, reply) => {
      const items = settleKinds.flatMap((list) =>
        (request.body[list] ?? []).map((item, index) => ({ list, index, event_id: item.event_id, command: command(list, item) })),
      );
      checkEventIds(
        items.map(({ event_id }) => event_id),
        settleLimits.events,
        (at) => `/${items[at]?.list}/${items[at]?.index}/event_id`,
      );
      const settled = await settling.settleAll(request, items);
      const results = settled.map((result, at) => ({ list: items[at]?.list, index: items[at]?.index, ...result }));
      const failed = results.filter(({ status }) => status === 'failed').length;
      return reply
        .status(failed === 0 ? 200 : 207)
        .type('application/json')
        .send(JSON.stringify({ settled: results.length - failed, failed, results }));
    },
  );
}

async function one(settling: Settling, principal: FastifyRequest['principal'], id: string, command: Command) {
  return { event_id: id, ...(await settling.settle(principal, id, command)) };
}

type Options = { lease_token?: string; delay_seconds?: number; reason?: string; lease_seconds?: number };

function command(kind: SettleKind, options: Options): Command {
  const token = options.lease_token ?? null;
  if (kind === 'release') return { op: kind, token, delaySeconds: options.delay_seconds ?? 0 };
  if (kind === 'reject') return { op: kind, token, reason: options.reason ?? null };
  if (kind === 'extend') return { op: kind, token, leaseSeconds: options.lease_seconds as number };
  return { op: kind, token };
}
