/** The two limits of a partner at the moment of an answer: one struct from which every header and `GET /v1/usage` are written. */
export type LimitState = {
  burst: { quota: number; remaining: number; resetSeconds: number };
  monthly: { quota: number; remaining: number; resetSeconds: number; windowSeconds: number };
};

/**
 * The limits as response headers: `RateLimit-Policy` and `RateLimit` (structured fields, RFC 9651; the draft of the IETF's HTTPAPI group), and
 * the older `X-RateLimit-*` with the burst limit, whose reset is in seconds from now.
 */
export function limitHeaders({ burst, monthly }: LimitState): Record<string, string> {
  return {
    'ratelimit-policy': `"burst";q=${burst.quota};w=1, "monthly";q=${monthly.quota};w=${monthly.windowSeconds}`,
    ratelimit: `"burst";r=${burst.remaining};t=${burst.resetSeconds}, "monthly";r=${monthly.remaining};t=${monthly.resetSeconds}`,
    'x-ratelimit-limit': `${burst.quota}`,
    'x-ratelimit-remaining': `${burst.remaining}`,
    'x-ratelimit-reset': `${burst.resetSeconds}`,
  };
}
