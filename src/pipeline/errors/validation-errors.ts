import type { FastifyError, FastifySchemaValidationError } from 'fastify';
import { ApiError, type ErrorCode, type FieldError } from './catalogue.ts';

/**
 * ajv's errors in the contract's words: a JSON pointer to the member (or the parameter's name), a short code, and a sentence that says what it
 * must be. The value itself is not repeated.
 */
export function validationErrors(error: FastifyError): ApiError {
  const inBody = error.validationContext === 'body';
  const found = telling(error.validation as FastifySchemaValidationError[]).map((each) => fieldError(each, inBody));
  const unknown = found.find((each) => each.code === 'unknown_field');
  const code: ErrorCode = !inBody ? 'invalid_parameter' : unknown ? 'unknown_field' : 'validation_failed';
  return new ApiError(code, { detail: found.map(({ pointer, detail }) => `${pointer || 'The body'} ${detail}`).join('; '), errors: found });
}

/**
 * Of a member that may be one thing or another, ajv reports every alternative that does not fit. That it could also have been null or a bare
 * array helps nobody who sent an object with a mistake in it.
 */
function telling(errors: FastifySchemaValidationError[]): FastifySchemaValidationError[] {
  const specific = errors.filter(
    ({ keyword, params }) => keyword !== 'anyOf' && !(keyword === 'type' && ['null', 'array'].includes(`${params.type}`)),
  );
  return specific.length > 0 ? specific : errors.slice(0, 1);
}

/** One of ajv's errors as a member of `errors`. `base` is put before the pointer: `/events/3` for an item of a batch. */
export function fieldError(each: FastifySchemaValidationError, inBody = true, base = ''): FieldError {
  const params = each.params as Record<string, unknown>;
  const missing = typeof params.missingProperty === 'string' ? `/${params.missingProperty}` : '';
  const extra = typeof params.additionalProperty === 'string' ? `/${params.additionalProperty}` : '';
  const path = `${base}${each.instancePath}${missing}${extra}`;
  const pointer = inBody ? path : path.slice(1);
  if (missing) return { pointer, code: 'required', detail: 'is required' };
  if (extra) return { pointer, code: 'unknown_field', detail: 'is not known here' };
  // A keyword of ours is written as an extension in the schema; the partner reads it as one of the others.
  const code = each.keyword === 'x-max-bytes' ? 'maxBytes' : each.keyword;
  return { pointer, code, detail: each.message ?? 'is not valid' };
}
