/** One series of an answer; times are seconds since 1970, values come as text. */
export type Series = { metric: Record<string, string>; values: [number, string][] };

/** Asks Prometheus over its HTTP API. */
export class Prometheus {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  /** `from`, `to` and `step` in milliseconds. @throws Error with Prometheus's own words. */
  async range(query: string, from: number, to: number, step: number): Promise<Series[]> {
    const result = await this.#ask<{ result: Series[] }>('query_range', {
      query,
      start: String(from / 1000),
      end: String(to / 1000),
      step: String(step / 1000),
    });
    return result.result;
  }

  /** The value at one moment, as a series of one point; a scalar is a series without labels. */
  async instant(query: string, time: number): Promise<Series[]> {
    const { resultType, result } = await this.#ask<{ resultType: string; result: unknown }>('query', {
      query,
      time: String(time / 1000),
    });
    if (resultType === 'scalar') return [{ metric: {}, values: [result as [number, string]] }];
    return (result as { metric: Record<string, string>; value: [number, string] }[]).map(({ metric, value }) => ({
      metric,
      values: [value],
    }));
  }

  /** Label sets of the series that `selector` finds between two moments in milliseconds. */
  series(selector: string, from: number, to: number): Promise<Record<string, string>[]> {
    return this.#ask('series', { 'match[]': selector, start: String(from / 1000), end: String(to / 1000) });
  }

  async #ask<T>(method: string, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.#base}/api/v1/${method}`, { method: 'POST', body: new URLSearchParams(parameters) });
    const body = (await response.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`${body.error ?? response.status}: ${Object.values(parameters)[0]}`);
    return body.data;
  }
}
