import type { ErrorObject } from 'ajv';
import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { parseJsonBody, readJson } from '../../pipeline/json-body.ts';
import { bodyAjv } from '../../pipeline/validation.ts';
import { binaryData, type EventData, noData } from './cloud-events-data.ts';
import { ReadBatch, readBatch, readEvent } from './read-event.ts';

/** CloudEvents as they came, not looked at yet: one as JSON, an array of them as JSON, or the data of one whose attributes are headers. */
export type CloudEventsContent = { mode: 'structured' | 'batched'; value: unknown } | { mode: 'binary'; data: EventData };

/** What `request.body` is when the request carries CloudEvents: a class of its own, so that a plain event costs one comparison. */
export class CloudEventsBody {
  readonly content: CloudEventsContent;

  constructor(content: CloudEventsContent) {
    this.content = content;
  }
}

export const structuredType = 'application/cloudevents+json';
export const batchedType = 'application/cloudevents-batch+json';

/**
 * Lets the routes of this scope take CloudEvents beside plain JSON (HTTP protocol binding 1.0, chapter 1.3): a content type that begins with
 * `application/cloudevents` is structured or batched mode, and a header `ce-specversion` beside any other is binary mode.
 */
export function registerCloudEventsBodies(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (request.headers['ce-specversion'] !== undefined) return done(null, binaryBody(request, body));
    const read = takesBatch(request) ? readBatch(body) : readEvent(body);
    if (read) done(null, read);
    else parseJsonBody(request, body, done);
  });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const { type, charset } = mediaTypeOf(request);
    if (type.startsWith('application/cloudevents')) done(null, formattedBody(request, body, type, charset));
    else if (request.headers['ce-specversion'] !== undefined) done(null, binaryBody(request, body));
    else done(new ApiError('unsupported_media_type', { detail: `Send application/json, or a CloudEvent as ${structuredType}.` }));
  });
}

/** For `validatorCompiler` of those routes: the schema is that of plain events, and their handlers check CloudEvents. A batch that was read is one. */
export const plainBodiesOnly: FastifySchemaCompiler<object> = ({ schema }) => {
  const validate = bodyAjv.compile(schema);
  return (body: unknown) =>
    body instanceof ReadBatch || body instanceof CloudEventsBody || validate(body) || refusal(body, validate.errors as ErrorObject[]);
};

/** As `plainBodiesOnly`, where no body at all may be a CloudEvent without data: the handler asks `bodyless`. */
export const plainBodiesOrNone: FastifySchemaCompiler<object> = (route) => {
  const validate = plainBodiesOnly(route);
  return (body: unknown) => body === null || (validate as (body: unknown) => true)(body);
};

/** A CloudEvent that was sent as plain JSON lacks everything that a plain event has; what it lacks in truth is its content type. */
function refusal(body: unknown, errors: ErrorObject[]): { error: never } {
  const isCloudEvent = typeof body === 'object' && body !== null && 'specversion' in body;
  const message = `is that of a CloudEvent: send it as ${structuredType}`;
  const hint = { instancePath: '/specversion', keyword: 'content_type', params: {}, message };
  return { error: (isCloudEvent ? [...errors, hint] : errors) as never };
}

/**
 * The CloudEvent of a request without a body.
 * @throws {ApiError} validation_failed when it is none.
 */
export function bodyless(request: FastifyRequest): CloudEventsBody {
  if (request.body === undefined && request.headers['ce-specversion'] !== undefined)
    return new CloudEventsBody({ mode: 'binary', data: noData });
  const errors = [{ pointer: '', code: 'type', detail: 'must be object' }];
  throw new ApiError('validation_failed', { detail: 'The body must be object', errors });
}

function formattedBody(request: FastifyRequest, body: Buffer, type: string, charset: string | undefined): CloudEventsBody {
  const batch = takesBatch(request);
  if (type !== (batch ? batchedType : structuredType)) throw new ApiError('unsupported_media_type', { detail: wrongFormat(type, batch) });
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'us-ascii')
    throw new ApiError('unsupported_media_type', { detail: 'The JSON of CloudEvents is UTF-8: leave charset out, or say utf-8.' });
  return new CloudEventsBody({ mode: batch ? 'batched' : 'structured', value: readJson(request, body) });
}

function wrongFormat(type: string, batch: boolean): string {
  if (type === structuredType)
    return `This route takes a batch: an array of CloudEvents as ${batchedType}. A single one goes to /v1/events.`;
  if (type === batchedType) return `This route takes one event. A batch goes to /v1/events/batch.`;
  return `CloudEvents come in the JSON format: ${batch ? batchedType : structuredType}.`;
}

function binaryBody(request: FastifyRequest, body: Buffer): CloudEventsBody {
  if (takesBatch(request)) {
    const detail = `The header ce-specversion makes the body the data of one CloudEvent: send that to /v1/events, or a batch as ${batchedType}.`;
    throw new ApiError('unsupported_media_type', { detail });
  }
  return new CloudEventsBody({ mode: 'binary', data: binaryData(request, body, mediaTypeOf(request)) });
}

function takesBatch(request: FastifyRequest): boolean {
  return request.routeOptions.config.itemsNest === true;
}

/** The content type of the body in lower case without its parameters, empty if there is none; and its charset. */
function mediaTypeOf({ headers }: FastifyRequest): { type: string; charset: string | undefined } {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((each) => /^\s*charset="?([^"\s]+)"?\s*$/.exec(each)?.[1]).find((each) => each !== undefined);
  return { type: type.trim(), charset };
}
