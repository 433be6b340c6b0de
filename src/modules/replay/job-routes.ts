import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { parseEventId } from '../../platform/event-id.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { BulkOptions } from './bulk.ts';
import { findJob } from './job-store.ts';
import { Job } from './schema.ts';

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms));

/** How far a redrive or replay of many events has come. */
export function jobRoutes(app: FastifyInstance, { pool, clock }: Pick<BulkOptions, 'pool' | 'clock'>): void {
  app.get(
    '/v1/jobs/:job_id',
    { schema: { response: { 200: Job } }, config: { operation: 'getJob', access: 'inbox:read', limit: true } },
    async ({ principal, params }: FastifyRequest<{ Params: { job_id: string } }>) => {
      const { job_id: publicId } = params;
      const id = publicId.startsWith('job_') ? parseEventId(`evt_${publicId.slice(4)}`) : undefined;
      const job = id && (await findJob(pool, principal.partnerId, id, clock()));
      if (!job) throw new ApiError('job_not_found');
      const { kind, status, matched, countedAll, moved } = job;
      return {
        job_id: publicId,
        kind,
        status,
        matched,
        ...(!countedAll && status !== 'completed' && { matched_at_least: true }),
        moved,
        created_at: formatTime(job.createdAtMs),
        started_at: timeOrNull(job.startedAtMs),
        finished_at: timeOrNull(job.finishedAtMs),
      };
    },
  );
}
