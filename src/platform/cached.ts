/** What `look` gave within the last `maxAgeMs`, or gives now. */
export function cached<Value>(maxAgeMs: number, look: () => Promise<Value>): () => Promise<Value> {
  let latest: { at: number; result: Promise<Value> } | undefined;
  return () => {
    const now = performance.now();
    if (!latest || now - latest.at > maxAgeMs) latest = { at: now, result: look() };
    return latest.result;
  };
}
