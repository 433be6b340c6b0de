import { answer, type Connection, type Schemas } from './api.ts';
import { type Camel, toCamel, toSnake } from './camel.ts';
import { ConflictError } from './errors.ts';
import type { CallOptions } from './transport.ts';

/** Which acknowledged events or dead letters come back into the inbox. */
export type ReplayCommand = Camel<Schemas['ReplayBody']>;
export type RedriveCommand = Camel<Schemas['RedriveRequest']>;
/** `jobId`: so many match that a job does it; ask `job(jobId)` how far it is. */
export type MoveResult = Camel<Schemas['Replayed']> & { jobId?: string; status?: 'queued' };

type Kind = Schemas['Job']['kind'];

/**
 * Puts all that match back into the inbox. When the answer that names the job is lost, the next attempt is refused because of that very job, which is
 * then the answer.
 * @throws {ConflictError} job_in_progress: another job is under way.
 */
export async function bulkMove(
  connection: Connection,
  kind: Kind,
  command: ReplayCommand | RedriveCommand,
  options?: CallOptions,
): Promise<MoveResult> {
  const body = { ...toSnake(command), ...('filter' in command && { filter: toSnake(command.filter) }) };
  const begun = performance.now();
  try {
    return toCamel(await post(connection, kind, body, options)) as MoveResult;
  } catch (error) {
    const own = await ownJob(connection, kind, error, begun, options);
    if (own === undefined) throw error;
    return own;
  }
}

function post(connection: Connection, kind: Kind, body: object, options?: CallOptions): Promise<Schemas['Replayed']> {
  const { api } = connection;
  const more = connection.with(options);
  return kind === 'replay'
    ? answer(api.POST('/v1/events/replay', { body: body as Schemas['ReplayBody'], ...more }))
    : answer(api.POST('/v1/dead-letters/redrive', { body: body as Schemas['RedriveRequest'], ...more }));
}

/** The job in the way, when an attempt since `begun` has made it. By the server's clock: its header `Date`, in whole seconds, is that of now. */
async function ownJob(
  connection: Connection,
  kind: Kind,
  error: unknown,
  begun: number,
  options?: CallOptions,
): Promise<MoveResult | undefined> {
  if (!(error instanceof ConflictError) || error.code !== 'job_in_progress' || error.attempts === 1) return undefined;
  const { job_id: jobId } = error.problem;
  if (typeof jobId !== 'string') return undefined;
  const asked = connection.api.GET('/v1/jobs/{job_id}', { params: { path: { job_id: jobId } }, ...connection.with(options) });
  const { data: job, response } = await asked.catch(() => {
    throw error; // what is certain is that there is a job in the way
  });
  const begunAt = Date.parse(response.headers.get('date') ?? '') - (performance.now() - begun);
  if (job === undefined || job.kind !== kind || !(Date.parse(job.created_at) >= begunAt)) return undefined;
  const { matched, matched_at_least: matchedAtLeast } = job;
  return { matched, ...(matchedAtLeast !== undefined && { matchedAtLeast }), jobId, status: 'queued' };
}
