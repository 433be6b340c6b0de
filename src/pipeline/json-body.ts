import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './errors/catalogue.ts';
import { exceedsDepth } from './json-spans.ts';

/** Levels of objects and arrays in any body. */
export const maxJsonDepth = 64;

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came, for routes that keep bytes; empty without a JSON body. */
    bodyText: string;
  }
}

/**
 * Reads `application/json` bodies: strict UTF-8, bounded depth, then JSON.parse. A `__proto__` member becomes an ordinary own property there,
 * and no body is ever merged into another object, so it needs no refusal.
 * @throws {ApiError} invalid_json, json_too_deep.
 */
export function registerJsonBody(app: FastifyInstance): void {
  app.decorateRequest('bodyText', '');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // A command without a body may still name a content type: many clients always do.
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) return done(new ApiError('invalid_json', { detail: 'The body is not valid UTF-8.' }));
    const text = body.toString('utf8');
    if (exceedsDepth(text, maxJsonDepth))
      return done(new ApiError('json_too_deep', { detail: `The body nests more than ${maxJsonDepth} levels.` }));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return done(new ApiError('invalid_json', { detail: `The body is not JSON: ${position(error)}` }));
    }
    request.bodyText = text;
    done(null, value);
  });
}

/** V8's message without the excerpt of the body that it may quote. */
function position(error: unknown): string {
  const message = (error as Error).message;
  const at = / at position (\d+)/.exec(message)?.[1];
  return at === undefined
    ? 'it ends too early or starts with a character that JSON does not allow.'
    : `unexpected character at position ${at}.`;
}
