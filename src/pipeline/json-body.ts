import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './errors/catalogue.ts';
import { maxJsonDepth } from './json-bytes.ts';
import { exceedsDepth, withPlainNames } from './json-spans.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The text that `readJson` has read; empty when there was none, or when a route read its bytes itself. */
    bodyText: string;
    /** Whether the body nests more than `maxJsonDepth` levels, which only a route with `itemsNest` ever sees. */
    bodyIsDeep: boolean;
  }
  interface FastifyContextConfig {
    /** The body holds items that may each nest `maxJsonDepth` levels, and the route checks them, so that one of them fails alone. */
    itemsNest?: boolean;
  }
}

/** What is parsed at all, when items are checked one by one: 4 MiB of brackets would take JSON.parse 2.6 s. */
const maxParsedDepth = 1_000;

/**
 * Reads `application/json` bodies: strict UTF-8, bounded depth, then JSON.parse. A `__proto__` member becomes an ordinary own property there,
 * and no body is ever merged into another object, so it needs no refusal.
 */
export function registerJsonBody(app: FastifyInstance): void {
  app.decorateRequest('bodyText', '');
  app.decorateRequest('bodyIsDeep', false);
  // No DELETE takes a body. What some client sends with one is not read, as with a GET; Fastify would refuse its content type.
  app.addHttpMethod('DELETE', { hasBody: false, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJsonBody);
}

/** Fastify's parser of `application/json`, for routes that take other bodies under that name too. */
export function parseJsonBody(request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void): void {
  // A command without a body may still name a content type: many clients always do.
  done(null, body.length === 0 ? undefined : readJson(request, body));
}

/**
 * The value of a JSON body; its text goes to `request.bodyText`.
 * @throws {ApiError} invalid_json, json_too_deep.
 */
export function readJson(request: FastifyRequest, body: Buffer): unknown {
  if (!isUtf8(body)) throw new ApiError('invalid_json', { detail: 'The body is not valid UTF-8.' });
  const text = body.toString('utf8');
  request.bodyIsDeep = exceedsDepth(body, maxJsonDepth);
  if (request.bodyIsDeep && (!request.routeOptions.config.itemsNest || exceedsDepth(body, maxParsedDepth)))
    throw new ApiError('json_too_deep', { detail: `The body nests more than ${maxJsonDepth} levels.` });
  let value: unknown;
  try {
    value = JSON.parse(text);
    const plain = withPlainNames(text);
    if (plain !== text) value = JSON.parse(plain);
  } catch (error) {
    throw new ApiError('invalid_json', { detail: `The body is not JSON: ${position(error)}` });
  }
  request.bodyText = text;
  return value;
}

/** V8's message without the excerpt of the body that it may quote. */
function position(error: unknown): string {
  const message = (error as Error).message;
  const at = / at position (\d+)/.exec(message)?.[1];
  return at === undefined
    ? 'it ends too early or starts with a character that JSON does not allow.'
    : `unexpected character at position ${at}.`;
}
