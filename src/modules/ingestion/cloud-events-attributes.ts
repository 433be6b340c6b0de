import { ApiError, type FieldError } from '../../pipeline/errors/catalogue.ts';
import { ownIdAttribute } from '../../platform/event-json.ts';
import { parseTime } from '../../platform/rfc3339.ts';
import { EventBody } from './schema.ts';
import { isUri, isUriReference } from './uri.ts';

/** The context attributes of a CloudEvent that keeps the rules of the specification. */
export type CheckedAttributes = {
  type: string;
  time: string | undefined;
  source: string;
  id: string;
  traceparent: string | undefined;
  /** All but the type, as members of a JSON object without its braces. */
  json: string;
  /** A text that is the same whenever the same attributes come again: in whatever mode or order, and with the trace of another attempt. */
  lasting: string;
};

/** No event has so many attributes wrong that the first ten would not tell. */
const maxErrors = 10;

type Problem = Omit<FieldError, 'pointer'>;

/** The core attributes, all texts, with the rule of each. No object, which would have an attribute `constructor`. */
const core = new Map<string, (value: string) => Problem | undefined>([
  ['specversion', notEmpty],
  ['id', notEmpty],
  ['source', (value) => notEmpty(value) ?? format(isUriReference(value), 'must be a URI-reference (RFC 3986)')],
  ['type', (value) => notEmpty(value) ?? (eventType.test(value) ? undefined : notEventType)],
  ['subject', notEmpty],
  ['time', (value) => format(parseTime(value) !== undefined, 'must be a time (RFC 3339)')],
  ['dataschema', (value) => notEmpty(value) ?? format(isUri(value), 'must be a URI (RFC 3986)')],
  ['datacontenttype', (value) => format(mediaType.test(value), 'must be a media type (RFC 2046)')],
]);
const required = ['specversion', 'id', 'source', 'type'];

const eventType = new RegExp(EventBody.properties.event_type.pattern as string);
const notEventType = { code: 'pattern', detail: `must match the pattern ${eventType.source}` };
const token = "[\\w!#$%&'*+.^`|~-]+";
const mediaType = new RegExp(`^${token}/${token}(?: *; *${token}=(?:${token}|"(?:[^"\\\\]|\\\\.)*"))* *$`);
const attributeName = /^[a-z0-9]+$/;
/** What a String of CloudEvents cannot hold: control characters, halves of surrogate pairs, and what Unicode calls no characters. */
const forbidden = /[\p{Cc}\p{Cs}\p{NChar}]/u;

/**
 * Checks context attributes against CloudEvents 1.0, chapter Context Attributes. A value of null is an attribute that is not set.
 * @param values by name, core attributes and extensions.
 * @param pointerTo gives the place of an attribute in the request, for errors.
 * @throws {ApiError} unsupported_specversion; validation_failed with an error for each attribute that is wrong.
 */
export function checkAttributes(values: Iterable<[name: string, value: unknown]>, pointerTo: (name: string) => string): CheckedAttributes {
  const attributes = new Map<string, string | number | boolean>();
  const errors: FieldError[] = [];
  for (const [name, value] of values) {
    if (value === null || value === undefined) continue;
    const problem = problemOf(name, value);
    if (problem) errors.push({ pointer: pointerTo(name), ...problem });
    // That of the inbox through which the event came here; its own takes its place.
    else if (name !== ownIdAttribute) attributes.set(name, value as string | number | boolean);
    if (errors.length === maxErrors) break;
  }
  const specversion = attributes.get('specversion');
  if (specversion !== undefined && specversion !== '1.0') {
    const pointer = pointerTo('specversion');
    throw new ApiError('unsupported_specversion', { errors: [{ pointer, code: 'unsupported_specversion', detail: 'must be 1.0' }] });
  }
  for (const name of errors.length < maxErrors ? required : []) {
    const pointer = pointerTo(name);
    if (!attributes.has(name) && !errors.some((error) => error.pointer === pointer))
      errors.push({ pointer, code: 'required', detail: 'is required' });
  }
  if (errors.length > 0) throw invalid(errors);

  const type = attributes.get('type') as string;
  attributes.delete('type');
  const { source, id, time, traceparent } = Object.fromEntries(attributes) as Record<string, string | undefined>;
  return {
    type,
    time,
    source: source as string,
    id: id as string,
    traceparent,
    json: membersJson(attributes),
    lasting: lasting(attributes),
  };
}

/** The refusal of an event for its errors. */
export function invalid(errors: FieldError[], hint = ''): ApiError {
  const detail = errors.map((error) => `${error.pointer || 'The body'} ${error.detail}`).join('; ');
  return new ApiError('validation_failed', { detail: hint + detail, errors });
}

function problemOf(name: string, value: unknown): Problem | undefined {
  if (!attributeName.test(name) || name === 'data')
    return { code: 'attribute_name', detail: 'is not the name of an attribute: those have lower-case letters and digits only' };
  const rule = core.get(name);
  if (typeof value === 'string') {
    if (forbidden.test(value)) return { code: 'format', detail: 'must not have control characters or code points that are none' };
    return rule?.(value);
  }
  if (rule) return { code: 'type', detail: 'must be string' };
  // Extensions may be of two further types.
  const isInteger = Number.isInteger(value) && Math.abs((value as number) + 0.5) <= 2 ** 31;
  if (typeof value !== 'boolean' && !isInteger) return { code: 'type', detail: 'must be a string, a boolean or an integer of 32 bits' };
  return undefined;
}

function notEmpty(value: string): Problem | undefined {
  return value === '' ? { code: 'minLength', detail: 'must not be empty' } : undefined;
}

function format(valid: boolean, detail: string): Problem | undefined {
  return valid ? undefined : { code: 'format', detail };
}

/** Names are of characters that JSON need not escape. */
function membersJson(attributes: Map<string, string | number | boolean>): string {
  return Array.from(attributes, ([name, value]) => `"${name}":${JSON.stringify(value)}`).join(',');
}

function lasting(attributes: Map<string, string | number | boolean>): string {
  const pairs = Array.from(attributes, ([name, value]) => [name, `${value}`]).filter(
    // Without a content type data is JSON, says the JSON format.
    ([name, value]) => name !== 'traceparent' && name !== 'tracestate' && !(name === 'datacontenttype' && value === 'application/json'),
  );
  return JSON.stringify(pairs.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)));
}
