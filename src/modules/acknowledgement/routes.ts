import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkEventIds } from '../../pipeline/event-ids.ts';
import { AcknowledgeBatchBody, AcknowledgeBatchResult, AcknowledgeBody, Acknowledged, settleLimits } from './schema.ts';
import { settleRoutes } from './settle-routes.ts';
import { Settling, type SettlingOptions } from './settling.ts';

/** Where events end: acknowledged, and never delivered again; or given back, rejected or kept a while longer. */
export async function acknowledgement(app: FastifyInstance, options: SettlingOptions): Promise<void> {
  const settling = new Settling(options);

  app.patch(
    '/v1/events/:id/acknowledge',
    {
      schema: { body: AcknowledgeBody, response: { 200: Acknowledged } },
      config: { operation: 'acknowledgeEvent', access: 'inbox:settle', limit: true },
    },
    async ({ principal, params, body }: FastifyRequest<{ Params: { id: string }; Body: AcknowledgeBody | undefined }>) => {
      const settled = await settling.settle(principal, params.id, { op: 'acknowledge', token: body?.lease_token ?? null });
      return { event_id: params.id, ...settled };
    },
  );

  app.post(
    '/v1/events/acknowledge',
    {
      schema: { body: AcknowledgeBatchBody, response: { 200: AcknowledgeBatchResult, 207: AcknowledgeBatchResult } },
      config: { operation: 'acknowledgeEvents', access: 'inbox:settle', limit: true },
    },
    async (request: FastifyRequest<{ Body: AcknowledgeBatchBody }>, reply) => {
      const ids = request.body.event_ids;
      checkEventIds(ids, settleLimits.events, (index) => `/event_ids/${index}`);
      const command = { op: 'acknowledge', token: null } as const;
      const settled = await settling.settleAll(
        request,
        ids.map((event_id) => ({ event_id, command })),
      );
      const results = settled.map((result, index) => ({ index, ...result }));
      const failed = results.filter(({ status }) => status === 'failed').length;
      const already = results.filter((result) => 'already_acknowledged' in result).length;
      const answer = { acknowledged: results.length - failed - already, already_acknowledged: already, failed, results };
      return reply
        .status(failed === 0 ? 200 : 207)
        .type('application/json')
        .send(JSON.stringify(answer));
    },
  );

  settleRoutes(app, settling);
}
