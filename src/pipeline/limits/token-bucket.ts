/**
 * The token bucket in process: for a set-up without Redis, and while Redis is away. The rules are those of token-bucket.lua.
 *
 * Why the held second: a plain bucket of 100 that refills 100 a second admits more than 100 requests in its first second, and one that
 * refills only at the turn of a second refuses a partner who sends exactly 100 a second with the slightest jitter. Here a burst after a
 * pause gets exactly `burst` in its first second, and a steady sender gets a continuous refill. A burst smaller than the rate needs no such
 * second: it would turn the rate into the burst.
 */
export type Bucket = { tokens: number; at: number; held: number; taken: number };

export type Grant = {
  granted: number;
  /** Whole tokens left in the bucket. */
  remaining: number;
  /** Milliseconds until a refused request may come again; 0 when none was refused. */
  waitMs: number;
};

export function newBucket(burst: number, now: number): Bucket {
  return { tokens: burst, at: now, held: 0, taken: 0 };
}

/** Takes tokens for `need` waiting requests, and a small lease above the need; changes the bucket. Times in milliseconds, rate in tokens a second. */
export function takeTokens(bucket: Bucket, now: number, rate: number, burst: number, need: number): Grant {
  if (now < bucket.at) {
    // The clock was set back: what lies ahead of it must not keep the bucket shut.
    bucket.at = now;
    bucket.held = Math.min(bucket.held, now + 1000);
    bucket.taken = Math.min(bucket.taken, now);
  }
  if (now >= bucket.held && now > bucket.at) {
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * rate) / 1000);
    bucket.at = now;
  }
  if (burst >= rate && bucket.tokens >= burst && now - bucket.taken >= 500) {
    bucket.held = now + 1000;
    bucket.at = now;
  }
  const lease = Math.min(250, Math.floor(bucket.tokens / 100), Math.floor(rate / 20));
  const granted = Math.min(Math.floor(bucket.tokens), Math.max(need, lease));
  let waitMs = 0;
  if (granted < need) waitMs = now < bucket.held ? bucket.held - now : Math.ceil(((1 - (bucket.tokens - granted)) * 1000) / rate);
  bucket.tokens = Number((bucket.tokens - granted).toFixed(3));
  if (granted > 0) bucket.taken = now;
  return { granted, remaining: Math.floor(bucket.tokens), waitMs };
}
