/** The two limits of a partner at the moment of an answer: one struct from which every header and `GET /v1/usage` are written. */
export type LimitState = {
  burst: { quota: number; remaining: number; resetSeconds: number };
  monthly: { quota: number; remaining: number; resetSeconds: number; windowSeconds: number };
};

/** The headers that say what the limits are, not what is left of them: the same text for a month, so it is written once. */
type Policy = { burst: number; monthly: number; windowSeconds: number; policy: string; limit: string };
const policies = new Map<number, Policy>();

/**
 * The limits as response headers: `RateLimit-Policy` and `RateLimit` (structured fields, RFC 9651; the draft of the IETF's HTTPAPI group), and
 * the older `X-RateLimit-*` with the burst limit, whose reset is in seconds from now.
 */
export function limitHeaders({ burst, monthly }: LimitState): Record<string, string> {
  const { policy, limit } = policyOf(burst.quota, monthly.quota, monthly.windowSeconds);
  const [left, reset] = [`${burst.remaining}`, `${burst.resetSeconds}`];
  return {
    'ratelimit-policy': policy,
    ratelimit: `"burst";r=${left};t=${reset}, "monthly";r=${monthly.remaining};t=${monthly.resetSeconds}`,
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': left,
    'x-ratelimit-reset': reset,
  };
}

/** Partners with the same limits share theirs. Of those with the same burst and another quota, the last that came is remembered. */
function policyOf(burst: number, monthly: number, windowSeconds: number): Policy {
  const known = policies.get(burst);
  if (known?.monthly === monthly && known.windowSeconds === windowSeconds) return known;
  const policy = `"burst";q=${burst};w=1, "monthly";q=${monthly};w=${windowSeconds}`;
  const made = { burst, monthly, windowSeconds, policy, limit: `${burst}` };
  if (policies.size > 1_000) policies.clear();
  policies.set(burst, made);
  return made;
}
