import { randomBytes } from 'node:crypto';

/** URL of the Redis that all test files share; what they write is kept apart by `uniquePrefix()`. */
export function testRedisUrl(): string {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests with ./scripts/test [file]');
  return url;
}

/** A prefix for keys and channels that no other test uses; the value of REDIS_PREFIX. */
export function uniquePrefix(): string {
  return `test:${process.pid}:${randomBytes(6).toString('hex')}:`;
}
