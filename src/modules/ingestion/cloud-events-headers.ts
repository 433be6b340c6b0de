import type { FastifyRequest } from 'fastify';
import type { FieldError } from '../../pipeline/errors/catalogue.ts';
import { invalid } from './cloud-events-attributes.ts';

const prefix = 'ce-';

/** Where an attribute of binary mode stands in the request. */
export function headerOf(name: string): string {
  return name === 'datacontenttype' ? 'content-type' : prefix + name;
}

/**
 * The context attributes of binary mode by name, all as text: `ce-` headers, and the content type (HTTP protocol binding, chapter 3.1).
 * @throws {ApiError} validation_failed for a header that is there twice, cannot be decoded, or must not be there.
 */
export function attributesOfHeaders({ headers, raw }: FastifyRequest): Map<string, string> {
  const attributes = new Map<string, string>();
  const errors: FieldError[] = [];
  for (const [header, values = []] of Object.entries(raw.headersDistinct)) {
    if (!header.startsWith(prefix)) continue;
    const name = header.slice(prefix.length);
    const value = decodeValue(values[0] as string);
    const problem =
      name === 'datacontenttype'
        ? 'must not be there: Content-Type says it'
        : values.length > 1
          ? 'is there more than once'
          : value === undefined
            ? 'must be printable ASCII, with everything else, spaces and percent signs percent-encoded as UTF-8'
            : undefined;
    if (problem) errors.push({ pointer: header, code: 'format', detail: problem });
    else attributes.set(name, value as string);
  }
  if (errors.length > 0) throw invalid(errors);
  const contentType = headers['content-type'];
  if (contentType !== undefined) attributes.set('datacontenttype', contentType);
  return attributes;
}

/**
 * The text that a header's value stands for: without the quotes of a quoted string, which older senders used, then percent-decoded once. Undefined when
 * it has other characters than ASCII, a percent sign that begins no byte, or bytes that are not UTF-8.
 */
export function decodeValue(value: string): string | undefined {
  const bare = /^"(?:[^"\\]|\\.)*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  if (/[^\x20-\x7e]/.test(bare)) return undefined;
  try {
    return decodeURIComponent(bare);
  } catch {
    return undefined;
  }
}
