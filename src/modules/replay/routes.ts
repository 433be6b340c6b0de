import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { checkEventIds } from '../../pipeline/event-ids.ts';
import { parseEventId } from '../../platform/event-id.ts';
import { BulkCommands, type BulkOptions, type BulkOutcome } from './bulk.ts';
import { jobRoutes } from './job-routes.ts';
import { BackInInbox, bulkLimits, JobStarted, NoOptions, RedriveBody, Redriven, ReplayBody, Replayed } from './schema.ts';
import { type BulkKind, redriveSelection, replaySelection, type Selection } from './selection.ts';
import { bringBackOne } from './single.ts';

type ForEvent = FastifyRequest<{ Params: { id: string } }>;

/** How events come back into the inbox: dead letters by a redrive, acknowledged events by a replay. Neither counts against the monthly quota. */
export async function replay(app: FastifyInstance, options: BulkOptions): Promise<void> {
  const { clock } = options;
  const bulk = new BulkCommands(options);

  const one =
    (kind: BulkKind) =>
    ({ principal, params }: ForEvent) =>
      bringBackOne(options, principal, params.id, kind);
  app.post(
    '/v1/dead-letters/:id/redrive',
    {
      schema: { body: NoOptions, response: { 200: BackInInbox } },
      config: { operation: 'redriveDeadLetter', access: 'inbox:settle', limit: true },
    },
    one('redrive'),
  );
  app.post(
    '/v1/events/:id/replay',
    {
      schema: { body: NoOptions, response: { 200: BackInInbox } },
      config: { operation: 'replayEvent', access: 'inbox:settle', limit: true },
    },
    one('replay'),
  );

  app.post(
    '/v1/dead-letters/redrive',
    {
      schema: { body: RedriveBody, response: { 200: Redriven, 202: JobStarted } },
      config: { operation: 'redriveDeadLetters', access: 'inbox:settle', limit: true },
    },
    async ({ principal, body }: FastifyRequest<{ Body: RedriveBody }>, reply) => {
      const now = clock();
      const selection = readRedrive(body, now);
      const command = { kind: 'redrive', selection, maxPerSecond: body.max_per_second ?? null, dryRun: body.dry_run } as const;
      const outcome = await bulk.run(principal, command, now);
      const back = new Set(outcome.done === 'moved' ? outcome.ids.map((id) => `evt_${id}`) : []);
      const unmatched = outcome.done === 'moved' && body.event_ids?.filter((id) => !back.has(id));
      return answer(reply, outcome, unmatched ? { unmatched } : {});
    },
  );

  app.post(
    '/v1/events/replay',
    {
      schema: { body: ReplayBody, response: { 200: Replayed, 202: JobStarted } },
      config: { operation: 'replayEvents', access: 'inbox:settle', limit: true },
    },
    async ({ principal, body }: FastifyRequest<{ Body: ReplayBody }>, reply) => {
      const now = clock();
      const command = { selection: replaySelection(body, now), maxPerSecond: body.max_per_second ?? null, dryRun: body.dry_run };
      return answer(reply, await bulk.run(principal, { kind: 'replay', ...command }, now));
    },
  );

  jobRoutes(app, options);
}

function readRedrive({ event_ids: eventIds, filter }: RedriveBody, now: number): Selection {
  if ((eventIds === undefined) === (filter === undefined)) {
    const detail = 'must be there, or event_ids, and not both';
    throw new ApiError('validation_failed', {
      detail: `/filter ${detail}`,
      errors: [{ pointer: '/filter', code: 'oneOf', detail }],
    });
  }
  if (filter) return redriveSelection(filter, now);
  checkEventIds(eventIds as string[], bulkLimits.eventsAtOnce, (index) => `/event_ids/${index}`);
  // An id that is none matches nothing.
  return { ids: (eventIds as string[]).flatMap((id) => parseEventId(id) ?? []).sort() };
}

function answer(reply: FastifyReply, outcome: BulkOutcome, more: object = {}): FastifyReply {
  const counts = { matched: outcome.matched, ...(!outcome.countedAll && { matched_at_least: true }) };
  if (outcome.done === 'queued') return reply.status(202).send({ job_id: outcome.jobId, status: 'queued', ...counts });
  if (outcome.done === 'counted') return reply.send({ ...counts, dry_run: true });
  return reply.send({ ...counts, moved: outcome.ids.length, ...more });
}
