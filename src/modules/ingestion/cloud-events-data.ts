import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { readJson } from '../../pipeline/json-body.ts';
import type { DataPlace } from '../../platform/event-json.ts';
import { ingestLimits } from './schema.ts';

/**
 * The data of a CloudEvent as our payload, which is a JSON object: data that is one is the payload, byte for byte; any other is its only member,
 * under the name that it has in the JSON format of CloudEvents. `at` is where a reader finds it.
 */
export type EventData = { payload: string; at: DataPlace | null };

/** Of an event without data. */
export const noData: EventData = { payload: '{}', at: null };

/** Data that is the JSON text of a value. */
export function jsonData(text: string): EventData {
  return text.startsWith('{') ? { payload: text, at: '/payload' } : { payload: `{"data":${text}}`, at: '/payload/data' };
}

/** Data that is bytes, as the JSON text of a string in Base64. */
export function base64Data(text: string): EventData {
  return { payload: `{"data_base64":${text}}`, at: '/payload/data_base64' };
}

/**
 * Whether a text is Base64 as RFC 4648 has it: padded, without line ends. What decodes and encodes to something else (a last digit with bits
 * to spare) is not: two readers could take it for different bytes.
 */
export function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}

/**
 * The data of binary mode. What its content type calls JSON must be JSON, and stays its text. What it calls text stays text when it is UTF-8. The rest
 * becomes Base64. `charset` in lower case.
 * @throws {ApiError} invalid_json, json_too_deep; payload_too_large for data that grows beyond 256 KiB when it is written as JSON.
 */
export function binaryData(
  request: FastifyRequest,
  body: Buffer,
  { type, charset }: { type: string; charset: string | undefined },
): EventData {
  if (body.length === 0) return noData;
  if (/^[^/]+\/(?:[^/]+\+)?json$/.test(type)) {
    readJson(request, body);
    return jsonData(request.bodyText.trim());
  }
  const text = isText(type, charset) && isUtf8(body);
  const data = text ? jsonData(JSON.stringify(body.toString('utf8'))) : base64Data(`"${body.toString('base64')}"`);
  if (Buffer.byteLength(data.payload) > ingestLimits.eventBytes)
    throw new ApiError('payload_too_large', { detail: 'Written as JSON, which is how it is given back, the data has more than 256 KiB.' });
  return data;
}

function isText(type: string, charset: string | undefined): boolean {
  if (charset !== undefined) return charset === 'utf-8' || charset === 'us-ascii';
  return /^text\/|[/+]xml$|^application\/x-www-form-urlencoded$/.test(type);
}
