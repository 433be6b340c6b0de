import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `sk_<class>_<partner slug>_<30 random base62 digits><6 base62 digits of checksum>`
 *
 * The random part holds 178 bits. The checksum is the CRC32 of everything before it, so that a mistyped or truncated key is refused
 * without a look-up, and a secret scanner can tell a key of ours from a string that only looks like one.
 */
export const keyClasses = ['beta', 'test', 'live'] as const;

export type KeyClass = (typeof keyClasses)[number];

/** The form of a key, as published in docs/secret-scanning.md for whoever searches texts: a match is one of ours when `parseKey` accepts it. */
export const keyForm = 'sk_(?:beta|test|live)_[a-z0-9]{2,24}_[0-9A-Za-z]{36}';

/** A key and nothing else. */
export const keyPattern = new RegExp(`^${keyForm}$`);

/** Of a key, in characters. */
export const longestKey = 69;

/** Longer than any key: a header above it is refused unread. */
export const maxKeyLength = 200;

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 30;
const checksumLength = 6; // 62^6 > 2^32
const prefixLength = 6;

const slugPattern = /^[a-z0-9]{2,24}$/;

/** Whether `slug` can name a partner: 2 to 24 lower-case letters and digits. */
export function isSlug(slug: string): boolean {
  return slugPattern.test(slug);
}

/** A new key. `randomInt` draws from the system's source without the bias of a remainder. @throws RangeError for a bad slug. */
export function generateKey(keyClass: KeyClass, slug: string): string {
  if (!isSlug(slug)) throw new RangeError('a slug is 2 to 24 lower-case letters and digits');
  const random = Array.from({ length: randomLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  const body = `sk_${keyClass}_${slug}_${random}`;
  return body + checksum(body);
}

/** The parts of a well-formed key whose checksum holds, else undefined. Does no I/O and says nothing about whether the key was issued. */
export function parseKey(key: string): { keyClass: KeyClass; slug: string; prefix: string } | undefined {
  if (key.length > maxKeyLength) return undefined;
  if (!keyPattern.test(key) || checksum(key.slice(0, -checksumLength)) !== key.slice(-checksumLength)) return undefined;
  const [, keyClass, slug] = key.split('_') as [string, KeyClass, string];
  return { keyClass, slug, prefix: keyPrefix(key) };
}

/** What may be shown and stored of a key: `sk_beta_acme_` and the first 6 of its 30 random digits; 142 bits stay secret. */
export function keyPrefix(key: string): string {
  return key.slice(0, key.lastIndexOf('_') + 1 + prefixLength);
}

/**
 * What is stored in place of the key: HMAC-SHA-256 under a pepper that is not in the database. A slow hash would add nothing to 178 random
 * bits, and would hand a way to burn our CPU to anyone who can send a header.
 */
export function hashKey(pepper: string, key: string): Buffer {
  return createHmac('sha256', pepper).update(key).digest();
}

/** Whether that is the stored hash of the key, in constant time. */
export function isHashOf(hash: Buffer, pepper: string, key: string): boolean {
  return timingSafeEqual(hash, hashKey(pepper, key));
}

function checksum(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let place = 0; place < checksumLength; place += 1) {
    digits = alphabet[rest % alphabet.length] + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
