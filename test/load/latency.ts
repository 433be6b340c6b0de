/** Milliseconds, except `count`. */
export type LatencySummary = { count: number; p50: number; p95: number; p99: number; max: number; mean: number };

/**
 * Every measured time, kept as it was measured and sorted at the end: percentiles are exact, for 8 bytes a sample. Bounded: beyond
 * `maxSamples` only the count and the maximum go on.
 */
export class LatencyRecorder {
  readonly #maxSamples: number;
  #samples = new Float64Array(4_096);
  #kept = 0;
  #count = 0;
  #max = 0;

  constructor(maxSamples = 4_000_000) {
    this.#maxSamples = maxSamples;
  }

  get count(): number {
    return this.#count;
  }

  record(milliseconds: number): void {
    this.#count += 1;
    if (milliseconds > this.#max) this.#max = milliseconds;
    if (this.#kept === this.#maxSamples) return;
    if (this.#kept === this.#samples.length) {
      const larger = new Float64Array(Math.min(this.#samples.length * 2, this.#maxSamples));
      larger.set(this.#samples);
      this.#samples = larger;
    }
    this.#samples[this.#kept++] = milliseconds;
  }

  summary(): LatencySummary {
    return { ...summarize(this.#samples.slice(0, this.#kept)), count: this.#count, max: this.#max };
  }

  /** Summaries of `parts` slices of equal length, in the order of recording. */
  slices(parts: number): LatencySummary[] {
    const length = this.#kept / parts;
    return Array.from({ length: parts }, (_, part) =>
      summarize(this.#samples.slice(Math.round(part * length), Math.round((part + 1) * length))),
    );
  }
}

/** Percentiles by nearest rank. Sorts `samples` in place. */
export function summarize(samples: Float64Array): LatencySummary {
  samples.sort();
  const rank = (share: number) => samples[Math.max(0, Math.ceil(share * samples.length) - 1)] ?? 0;
  const total = samples.reduce((sum, value) => sum + value, 0);
  return {
    count: samples.length,
    p50: rank(0.5),
    p95: rank(0.95),
    p99: rank(0.99),
    max: rank(1),
    mean: samples.length ? total / samples.length : 0,
  };
}

/** The middle value; the mean of the two middle ones for an even count. NaN for none. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
