import type { IncomingMessage } from 'node:http';
import { maxKeyLength } from './key-format.ts';

/** Why a request shows no key that could be looked at. */
export type CredentialFault = { readonly reason: 'missing' | 'ambiguous' | 'malformed' };

const missing: CredentialFault = { reason: 'missing' };
const ambiguous: CredentialFault = { reason: 'ambiguous' };
const malformed: CredentialFault = { reason: 'malformed' };

/**
 * The key of a request: `X-API-Key`, or `Authorization: Bearer`, or the same in both. Two different ones are refused rather than guessed
 * between, and so is a repeated header: proxies and servers disagree about which of the two counts. Never taken from the URL, which is logged
 * everywhere.
 */
export function readKey({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): string | CredentialFault {
  // A repeated X-API-Key arrives joined by a comma, which no key contains.
  const direct = headers['x-api-key'] as string | undefined;
  const { authorization } = headers;
  if (authorization === undefined) return direct ? bounded(direct) : missing;
  // Node keeps the first of several Authorization headers and hides the others.
  if (occurrences(rawHeaders, 'authorization') > 1) return ambiguous;
  const bearer = /^bearer +([^ ]+)$/i.exec(authorization)?.[1];
  if (direct && direct !== bearer) return ambiguous;
  return bearer ? bounded(bearer) : malformed;
}

function bounded(key: string): string | CredentialFault {
  return key.length > maxKeyLength ? malformed : key;
}

function occurrences(rawHeaders: string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const each = rawHeaders[index] as string;
    if (each.length === name.length && each.toLowerCase() === name) count += 1;
  }
  return count;
}
